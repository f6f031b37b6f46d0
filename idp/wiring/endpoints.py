"""Contains every endpoint that machines call, with its address. Not here: /authorize (`browser_endpoints`), pages."""

from collections.abc import Callable, Mapping

from werkzeug.wrappers import Request, Response

from idp.adapters.sql.kept_logouts import SqlKeptLogouts
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.core.readiness import Readiness
from idp.protocol.authorization.par import PushedRequestEndpoint
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.cross_origin import CrossOrigin
from idp.protocol.logout.upstream_ends import UpstreamLogouts
from idp.protocol.logout.upstream_logout import UpstreamLogoutEndpoint
from idp.protocol.published.discovery import discovery_document, mtls_members
from idp.protocol.published.dispatcher import READING, PlainEndpoints, Route
from idp.protocol.published.documents import Document, KeySetDocument, document_of
from idp.protocol.tokens.refresh import Refresh
from idp.protocol.tokens.revocation import IntrospectionEndpoint, OwnTokens, RevocationEndpoint
from idp.protocol.tokens.token import TokenEndpoint
from idp.protocol.tokens.userinfo import UserinfoEndpoint
from idp.settings import Settings
from idp.web.sections import Section
from idp.web.seen import Seen
from idp.wiring.parts import Parts
from idp.wiring.protocol import ProtocolParts
from idp.wiring.resources import open_doctor_key

_POST = ("POST",)


def build_endpoints(parts: Parts, protocol: ProtocolParts, readiness: Readiness) -> PlainEndpoints:
    """Returns everything that is answered in front of Flask."""
    settings = parts.settings
    own, pages = _own_tokens(parts, protocol), CrossOrigin(parts.clients)
    routes = {
        "/token": Route(_POST, _token(parts, protocol), pages),
        "/par": Route(_POST, _pushed_requests(parts, protocol), pages),
        "/revoke": Route(_POST, _revocation(parts, own), pages),
        "/introspect": Route(_POST, _introspection(parts, protocol, own)),
        "/userinfo": Route(("GET", "POST"), _userinfo(parts, protocol), pages),
        "/health/live": Route(READING, _alive(parts)),
        "/health/ready": Route(READING, _ready(readiness)),
    }
    discovery = _discovery(parts, protocol)
    return PlainEndpoints(
        routes=routes | _upstream_logout(parts),
        documents={
            "/jwks": KeySetDocument(parts.keys, settings.where),
            "/.well-known/openid-configuration": lambda: discovery,
            **_passkey_endpoints(settings),
        },
        where=settings.where,
        body_bytes=settings.bounds.body_bytes,
    )


def _pushed_requests(parts: Parts, protocol: ProtocolParts) -> PushedRequestEndpoint:
    settings = parts.settings
    return PushedRequestEndpoint(
        door=protocol.door,
        reader=protocol.reader,
        possession=protocol.possession,
        store=parts.store,
        networks=parts.web.networks,
        most=settings.crowd.pushed,
        window=settings.crowd.pushed_window,
        life=settings.lives.pushed_request_life,
    )


def _token(parts: Parts, protocol: ProtocolParts) -> TokenEndpoint:
    settings = parts.settings
    refresh = Refresh(
        work=parts.work,
        engine=protocol.engine,
        gate=protocol.gate,
        subjects=protocol.subjects,
        tokens=SqlRefreshTokens(parts.database),
        grants=parts.grants,
        grant_store=protocol.grant_store,
        audit=parts.audit,
        idle=settings.lives.refresh_token_idle,
        grace=settings.lives.refresh_grace,
        session_life=settings.lives.session_life,
    )
    return TokenEndpoint(
        door=protocol.door,
        work=parts.work,
        engine=protocol.engine,
        grant_store=protocol.grant_store,
        client_tokens=protocol.client_tokens,
        gate=protocol.gate,
        refresh=refresh,
        possession=protocol.possession,
        audit=parts.audit,
        clock=parts.clock,
    )


def _own_tokens(parts: Parts, protocol: ProtocolParts) -> OwnTokens:
    return OwnTokens(door=protocol.door, store=parts.store, gate=protocol.gate)


def _revocation(parts: Parts, own: OwnTokens) -> RevocationEndpoint:
    return RevocationEndpoint(
        own=own,
        work=parts.work,
        store=parts.store,
        grants=parts.grants,
        audit=parts.audit,
        clock=parts.clock,
    )


def _introspection(parts: Parts, protocol: ProtocolParts, own: OwnTokens) -> IntrospectionEndpoint:
    settings = parts.settings
    return IntrospectionEndpoint(
        own=own,
        clients=parts.clients,
        subjects=protocol.subjects,
        clock=parts.clock,
        issuer=settings.where.issuer,
    )


def _userinfo(parts: Parts, protocol: ProtocolParts) -> UserinfoEndpoint:
    return UserinfoEndpoint(
        engine=protocol.engine,
        client_tokens=protocol.client_tokens,
        gate=protocol.gate,
        grant_store=protocol.grant_store,
        possession=protocol.possession,
        refusals=parts.refusals,
    )


def _discovery(parts: Parts, protocol: ProtocolParts) -> Document:
    settings, web = parts.settings, parts.web
    document = discovery_document(
        settings.where.issuer,
        parts.itinerary.earned(),
        locales=web.languages.tags,
        tls_methods=protocol.tls_methods,
    )
    return document_of(document | mtls_members(document, settings.proxy.mtls_origin), settings.where)


def _passkey_endpoints(settings: Settings) -> Mapping[str, Callable[[], Document]]:
    """Returns where password managers lead a person to their passkeys (W3C, A Well-Known URL for Passkey Endpoints)."""
    issuer = settings.where.issuer
    if not settings.passkey.is_open_at(issuer):
        return {}
    section = f"{issuer}{Section.PASSKEYS.path}"
    document = document_of({"enroll": section, "manage": section}, settings.where)
    return {"/.well-known/passkey-endpoints": lambda: document}


def _alive(parts: Parts) -> Callable[[Request], Response]:
    """Returns what says that this process answers: now, so no cache may repeat it."""
    seen = Seen(open_doctor_key(parts.settings), parts.clock, parts.web.networks)
    return lambda request: json_response({"status": "alive"} | seen.told(request))


def _ready(readiness: Readiness) -> Callable[[Request], Response]:
    """Returns what says whether this node can sign people in, and no more than that (facts/security §4.2)."""

    def answer(request: Request) -> Response:
        is_ready = readiness.judge().is_ready
        return json_response({"status": "ready" if is_ready else "unavailable"}, 200 if is_ready else 503)

    return answer


def _upstream_logout(parts: Parts) -> dict[str, Route]:
    """Returns a route only when the operator registered it with Pro Santé Connect."""
    settings = parts.settings
    if parts.upstream is None or not settings.psc.backchannel_logout:
        return {}
    logouts = UpstreamLogouts(
        upstream=parts.upstream,
        work=parts.work,
        store=parts.store,
        sign_out=parts.sign_out,
        accounts=parts.accounts,
        links=parts.links,
        clock=parts.clock,
    )
    endpoint = UpstreamLogoutEndpoint(
        logouts=logouts,
        kept=SqlKeptLogouts(parts.database, parts.resources.sealer),
        store=parts.store,
        trail=parts.trail,
        clock=parts.clock,
        networks=parts.web.networks,
    )
    return {"/psc/backchannel_logout": Route(_POST, endpoint)}
