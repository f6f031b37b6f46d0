"""Contains what begins and ends logins: /authorize, « Mon compte », the hub, /end_session. Not here: pages."""

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from idp.interaction.binding import Bindings
from idp.interaction.hub import Finish
from idp.protocol.authorization.authorization_response import AuthorizationResponses
from idp.protocol.authorization.authorize import AuthorizeEndpoint
from idp.protocol.authorization.issue import CodeIssuer
from idp.protocol.logout.by_upstream import WayByUpstream
from idp.protocol.logout.end_session import EndSessionEndpoint
from idp.protocol.logout.logout_request import LogoutRequests
from idp.protocol.logout.upstream_return import UpstreamReturn
from idp.web.arriving import Arriving
from idp.web.hub import HubEndpoint
from idp.web.page_routes import PageRoute
from idp.wiring.account import build_account_sign_in
from idp.wiring.parts import Parts, build_answers, build_leaving
from idp.wiring.protocol import ProtocolParts


def build_browser_endpoints(
    parts: Parts, protocol: ProtocolParts
) -> tuple[list[PageRoute], Mapping[str, Finish[Request, Response]]]:
    """Returns their routes, and how logins end, by their mark."""
    authorize, end_session = _authorize(parts, protocol), _end_session(parts)
    account = build_account_sign_in(parts)
    # Another way to start a login is another row.
    finishes: dict[str, Finish[Request, Response]] = {authorize.name: authorize, account.name: account}
    hub = HubEndpoint(
        hub=parts.hub,
        bindings=Bindings(parts.interactions),
        finishes=finishes,
        visits=parts.visits,
        cookies=parts.web.cookies,
        forms=parts.web.forms,
    )
    returned = UpstreamReturn(store=parts.store, cookies=parts.web.cookies, signed_out=end_session.returned)
    routes = [
        PageRoute("GET", "/authorize", authorize.start),
        PageRoute("POST", "/authorize", authorize.start_by_post),
        *hub.routes(),
        *account.routes(),
        PageRoute("GET", "/end_session", end_session.ask),
        PageRoute("POST", "/end_session", end_session.ask_by_post),
        PageRoute("POST", "/end_session/confirm", end_session.confirm),
        PageRoute("GET", "/end_session/confirm/<token>", end_session.ask_again),
        PageRoute("GET", "/end_session/psc", returned),
    ]
    return routes, finishes


def _authorize(parts: Parts, protocol: ProtocolParts) -> AuthorizeEndpoint:
    settings = parts.settings
    web = parts.web
    issuer = CodeIssuer(
        work=parts.work,
        engine=protocol.engine,
        client_tokens=protocol.client_tokens,
        subjects=protocol.subjects,
        sign_in=parts.sign_in,
        audit=parts.audit,
        clients=parts.clients,
    )
    return AuthorizeEndpoint(
        reader=protocol.reader,
        responses=AuthorizationResponses(
            keys=parts.keys,
            clock=parts.clock,
            clients=parts.clients,
            rendering=web.rendering,
            issuer=settings.where.issuer,
            life=settings.lives.code_life,
        ),
        hub=parts.hub,
        entrance=parts.entrance,
        itinerary=parts.itinerary,
        issuer=issuer,
        interaction_life=settings.lives.interaction_life,
        visits=parts.visits,
        clients=parts.clients,
        cookies=web.cookies,
        arriving=Arriving(web.cookies, web.devices, web.last_doors),
        forms=web.forms,
        locales=web.locales,
        refusals=parts.refusals,
    )


def _end_session(parts: Parts) -> EndSessionEndpoint:
    web, settings = parts.web, parts.settings
    return EndSessionEndpoint(
        sessions=parts.sessions,
        sign_out=parts.sign_out,
        leaving=build_leaving(parts),
        answers=build_answers(parts),
        accounts=parts.accounts,
        store=parts.store,
        requests=LogoutRequests(parts.clients, parts.keys, settings.where.issuer),
        by_upstream=WayByUpstream(
            upstream=parts.upstream,
            store=parts.store,
            sealer=parts.resources.sealer,
            return_url=f"{settings.where.issuer}/end_session/psc",
        ),
        clock=parts.clock,
        clients=parts.clients,
        cookies=web.cookies,
        forms=web.forms,
        rendering=web.rendering,
        issuer=settings.where.issuer,
        refusals=parts.refusals,
        # A whole ID Token may come back, as the hint.
        parameter_bytes=settings.bounds.parameter_bytes * 2,
        kept_bytes=settings.bounds.request_bytes,
    )
