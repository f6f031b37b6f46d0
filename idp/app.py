"""Composition root: picks adapters, builds flows and endpoints, mounts them. No logic; nobody imports it but `cli`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, request
from werkzeug.wrappers import Response

from idp.accounts.enrolment import PasswordPolicy
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.upstream_linking import UpstreamLinking
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.psc.provider import PscProvider
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.professional_contexts import SqlProfessionalContexts
from idp.adapters.sql.proofs import SqlProofs
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.cards.trust import CardPolicy
from idp.clients.key_sets import ClientKeys
from idp.clients.registry import logout_listeners
from idp.core.clock import SystemClock
from idp.core.logs import configure_logging
from idp.core.refusal_trail import RefusalTrail
from idp.core.sealing import derive_key
from idp.flows.account import AccountFlow
from idp.flows.charter import CharterFlow
from idp.flows.choice import ChoiceFlow
from idp.flows.cps import CpsFlow
from idp.flows.email_otp import EmailOtpFlow
from idp.flows.enrolment import EnrolmentFlow
from idp.flows.new_password import NewPasswordFlow
from idp.flows.password import PasswordFlow
from idp.flows.professional_context import ProfessionalContextFlow
from idp.flows.psc import PscFlow
from idp.flows.psc_picture import PscPictureFlow
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.desk import Desk, NotDue
from idp.flows.shared.notice_mail import NoticeMailer
from idp.flows.shared.psc_freshness import Freshness
from idp.flows.shared.shared_stations import SharedStations
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.gate import Gate
from idp.interaction.next_stop import Itinerary
from idp.interaction.professional_context import ContextAction
from idp.interaction.sign_out import SignOut
from idp.interaction.store import Interactions, Sessions, hub_path
from idp.protocol.authorization.authorization_response import AuthorizationResponses
from idp.protocol.authorization.authorize import AuthorizeEndpoint
from idp.protocol.authorization.issue import CodeIssuer
from idp.protocol.authorization.par import PushedRequestEndpoint
from idp.protocol.authorization.pushed_requests import PushedRequests
from idp.protocol.authorization.request_object import RequestObjects
from idp.protocol.authorization.request_reader import RequestReader
from idp.protocol.claims.upstream_claims import UpstreamClaims
from idp.protocol.client_auth.client_authentication import ClientAuthentication, has_secret, is_public
from idp.protocol.client_auth.client_door import ClientDoor
from idp.protocol.engine.grants import GrantStore
from idp.protocol.engine.provider import OpenIDProvider
from idp.protocol.jose.client_jwt import ClientJwts
from idp.protocol.logout.end_session import EndSessionEndpoint
from idp.protocol.logout.upstream_logout import UpstreamLogoutEndpoint
from idp.protocol.published.discovery import (
    KeySetDocument,
    PublishedDocument,
    discovery_document,
    mtls_members,
)
from idp.protocol.published.dispatcher import PlainEndpoints, Readiness, Route
from idp.protocol.published.metrics import MetricsEndpoint, Sample
from idp.protocol.tokens.refresh import Refresh
from idp.protocol.tokens.revocation import IntrospectionEndpoint, OwnTokens, RevocationEndpoint
from idp.protocol.tokens.token import TokenEndpoint
from idp.protocol.tokens.userinfo import UserinfoEndpoint
from idp.settings import Settings, settings_from_environment
from idp.signing.key_ring import Keys
from idp.web.browser import LOCALES, Web, harden
from idp.web.certificate_header import CertificateHeaderGuard
from idp.web.error_pages import error_page
from idp.wiring.cards import build_card_policy, build_list_check, build_revocation
from idp.wiring.login import (
    build_charter_action,
    build_itinerary,
    build_mail_codes,
    build_passwords,
    build_sessions,
    build_throttle,
    build_upstream,
    build_web,
    check_upstream,
    psc_pictures,
    psc_samples,
)
from idp.wiring.relying_parties import (
    build_assertions,
    build_client_keys,
    build_possession,
    build_tls_methods,
)
from idp.wiring.resources import Resources, open_key_directory, open_resources, open_subjects

_HERE = Path(__file__).parent
_SERVICE_WORDS = ("caducee", "viatrajectoire", "trajectoire")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What several flows and endpoints share."""

    resources: Resources
    web: Web
    keys: Keys
    client_keys: ClientKeys
    upstream: PscProvider | None
    policy: CardPolicy | None
    links: SqlUpstreamLinks
    context: ContextAction
    accounts: SqlAccounts
    charters: SqlCharters
    grants: SqlGrants
    audit: SqlAudit
    sessions: Sessions
    sign_out: SignOut
    interactions: Interactions
    itinerary: Itinerary

    @property
    def trail(self) -> RefusalTrail:
        return RefusalTrail(self.audit, self.resources.store)

    @property
    def gate(self) -> Gate:
        return Gate(self.charters, self.itinerary.authenticators)


def _parts(settings: Settings) -> _Parts:
    resources, web = open_resources(settings), build_web(settings)
    grants, audit, sessions = (
        SqlGrants(resources.database),
        SqlAudit(resources.database, resources.clock),
        build_sessions(resources),
    )
    upstream, policy = build_upstream(settings, resources.clock, audit), build_card_policy(settings)
    links = SqlUpstreamLinks(resources.database, upstream.issuer if upstream else "")
    context = ContextAction(links, SqlProfessionalContexts(resources.database))
    return _Parts(
        resources=resources,
        links=links,
        context=context,
        web=web,
        keys=KeysInForce(open_key_directory(settings, resources.clock)),
        client_keys=build_client_keys(resources),
        upstream=upstream,
        policy=policy,
        accounts=SqlAccounts(resources.database),
        charters=SqlCharters(resources.database),
        grants=grants,
        audit=audit,
        sessions=sessions,
        sign_out=SignOut(
            sessions=sessions,
            grants=grants,
            audit=audit,
            listeners=lambda: logout_listeners(web.clients.registry()),
        ),
        interactions=Interactions(resources.store, settings.interaction_life),
        itinerary=build_itinerary(
            resources, web, context, has_psc=upstream is not None, has_cps=policy is not None
        ),
    )


def _flows(parts: _Parts) -> list[Any]:
    resources, s = parts.resources, parts.resources.settings
    outbox = SealedOutbox(SqlOutbox(resources.database, resources.clock), resources.sealer)
    notices = NoticeMailer(outbox=outbox, web=parts.web, clock=resources.clock, life=s.notice_life)
    pictures = psc_pictures(s)
    desk = Desk(
        interactions=parts.interactions,
        accounts=parts.accounts,
        itinerary=parts.itinerary,
        audit=parts.audit,
        clock=resources.clock,
        web=parts.web,
        identities=IdentityUpdates(
            accounts=parts.accounts, notices=notices, audit=parts.audit, proofs=SqlProofs(resources.database)
        ),
        upstream=parts.upstream,
        pictures=pictures,
    )
    linking = UpstreamLinking(
        links=parts.links, notices=notices, audit=parts.audit, store=resources.store, life=s.interaction_life
    )
    shared = SharedStations(parts.web, s.shared_networks)
    signed_in = SignedIn(
        sessions=parts.sessions, accounts=parts.accounts, clock=resources.clock, web=parts.web
    )
    throttle, passwords = build_throttle(resources), build_passwords(s)
    policy = PasswordPolicy(s.password_min, s.password_max, _SERVICE_WORDS)
    sender = CodeSender(
        codes=build_mail_codes(resources),
        outbox=outbox,
        desk=desk,
        clock=resources.clock,
    )
    flows: list[Any] = [
        ChoiceFlow(desk),
        PasswordFlow(
            desk=desk,
            passwords=passwords,
            throttle=throttle,
            sender=sender,
            store=resources.store,
            posts_per_network=s.password_posts_per_ip,
            posts_window=s.password_posts_per_ip_window,
            device_key=derive_key(s.application_key, "device"),
        ),
        EmailOtpFlow(desk, sender, linking),
        EnrolmentFlow(desk=desk, passwords=passwords, sender=sender, policy=policy),
        CharterFlow(desk, parts.charters, build_charter_action(resources, parts.web)),
        ProfessionalContextFlow(desk, parts.context),
        PscPictureFlow(pictures),
        AccountFlow(
            signed_in=signed_in,
            web=parts.web,
            stations=shared,
            context=parts.context,
            audit=parts.audit,
            has_password=s.password_door,
        ),
    ]
    if s.password_door:
        flows.append(
            NewPasswordFlow(
                signed_in=signed_in,
                passwords=passwords,
                sign_out=parts.sign_out,
                notices=notices,
                within=s.password_change_within,
                policy=policy,
            )
        )
    if parts.upstream is not None:
        flows.append(
            PscFlow(
                desk=desk,
                store=resources.store,
                upstream=parts.upstream,
                sealer=resources.sealer,
                throttle=throttle,
                linking=linking,
                life=s.upstream_life,
                freshness=Freshness(
                    web=parts.web, stations=shared, session_life=s.session_life, skew=s.clock_skew
                ),
            )
        )
    if parts.policy is not None:
        revocation = build_revocation(resources, parts.policy)
        flows.append(
            CpsFlow(
                desk=desk,
                store=resources.store,
                policy=parts.policy,
                revocation=revocation,
                throttle=throttle,
                card_host=s.card_host,
                attempt_life=s.card_attempt_life,
            )
        )
    return flows


def _card_faults(parts: _Parts) -> tuple[Callable[[], bool], ...]:
    return () if parts.policy is None else (build_list_check(parts.resources, parts.policy),)


def _plain_endpoints(parts: _Parts, provider: OpenIDProvider, grant_store: GrantStore) -> PlainEndpoints:
    resources, settings, clients = parts.resources, parts.resources.settings, parts.web.clients
    refresh_tokens = SqlRefreshTokens(resources.database)
    refresh = Refresh(
        engine=provider,
        subjects=open_subjects(settings),
        tokens=refresh_tokens,
        grants=parts.grants,
        grant_store=grant_store,
        audit=parts.audit,
        idle=settings.refresh_token_idle,
        session_life=settings.session_life,
    )
    possession = build_possession(resources, parts.trail)
    tls_methods = build_tls_methods(resources, possession, parts.client_keys)
    methods = {
        "client_secret_basic": has_secret,
        "client_secret_post": has_secret,
        "private_key_jwt": build_assertions(resources, parts.client_keys).is_signed,
        "none": is_public,
        **tls_methods,
    }
    door = ClientDoor(
        authentication=ClientAuthentication(clients, methods),
        trail=parts.trail,
        parameter_bytes=settings.parameter_bytes,
        trusted_proxy_hops=settings.trusted_proxy_hops,
    )
    own = OwnTokens(
        door=door,
        store=resources.store,
        grants=parts.grants,
        refresh_tokens=refresh_tokens,
        accounts=parts.accounts,
        audit=parts.audit,
        clock=resources.clock,
        issuer=settings.issuer,
    )
    token = TokenEndpoint(
        door=door,
        engine=provider,
        accounts=parts.accounts,
        gate=parts.gate,
        grant_store=grant_store,
        refresh=refresh,
        possession=possession,
        audit=parts.audit,
        clock=resources.clock,
    )
    upstream_claims = UpstreamClaims(parts.links, parts.context.contexts)
    userinfo = UserinfoEndpoint(
        engine=provider,
        accounts=parts.accounts,
        clients=clients,
        grant_store=grant_store,
        possession=possession,
        upstream=upstream_claims,
        clock=resources.clock,
    )
    document = discovery_document(settings.issuer, parts.itinerary.earned(), tuple(tls_methods))
    discovery = PublishedDocument.of(document | mtls_members(document, settings.mtls_origin))
    return PlainEndpoints(
        {
            **_upstream_logout(parts),
            "/token": Route(("POST",), token),
            "/par": Route(
                ("POST",), PushedRequestEndpoint(door, _request_reader(parts, provider), possession)
            ),
            "/revoke": Route(("POST",), RevocationEndpoint(own)),
            "/introspect": Route(("POST",), IntrospectionEndpoint(own)),
            "/userinfo": Route(("GET", "POST"), userinfo),
            "/jwks": Route(("GET", "HEAD"), KeySetDocument(parts.keys)),
            "/.well-known/openid-configuration": Route(("GET", "HEAD"), discovery),
            "/metrics": Route(("GET", "HEAD"), MetricsEndpoint(_metrics(parts))),
            "/health/live": Route(("GET", "HEAD"), PublishedDocument.of({"status": "alive"})),
            "/health/ready": Route(
                ("GET", "HEAD"),
                Readiness(
                    stores=(resources.store, resources.durable),
                    clients=clients,
                    keys=parts.keys,
                    faults=_card_faults(parts),
                ),
            ),
        },
        settings,
    )


def _request_reader(parts: _Parts, provider: OpenIDProvider) -> RequestReader:
    resources, s = parts.resources, parts.resources.settings
    objects = RequestObjects(
        jwts=ClientJwts(parts.client_keys),
        issuer=s.issuer,
        clock=resources.clock,
        life=s.request_object_life,
        clock_ahead=s.clock_ahead,
    )
    pushed = PushedRequests(resources.store, s.pushed_request_life)
    return RequestReader(
        clients=parts.web.clients,
        engine=provider,
        objects=objects,
        pushed=pushed,
        parameter_bytes=s.parameter_bytes,
    )


def _upstream_logout(parts: _Parts) -> dict[str, Route]:
    """Mounted only when the operator registered it with Pro Santé Connect."""
    resources = parts.resources
    if parts.upstream is None or not resources.settings.psc_backchannel_logout:
        return {}
    endpoint = UpstreamLogoutEndpoint(
        upstream=parts.upstream,
        store=resources.store,
        sign_out=parts.sign_out,
        accounts=parts.accounts,
        links=parts.links,
        trail=parts.trail,
        clock=resources.clock,
        trusted_proxy_hops=resources.settings.trusted_proxy_hops,
    )
    return {"/psc/backchannel_logout": Route(("POST",), endpoint)}


def _metrics(parts: _Parts) -> tuple[Callable[[], Iterable[Sample]], ...]:
    return (partial(psc_samples, parts.upstream),) if parts.upstream else ()


def _authorize(parts: _Parts, provider: OpenIDProvider, grant_store: GrantStore) -> AuthorizeEndpoint:
    issuer = CodeIssuer(
        engine=provider,
        subjects=open_subjects(parts.resources.settings),
        sessions=parts.sessions,
        sign_out=parts.sign_out,
        gate=parts.gate,
        grant_store=grant_store,
        audit=parts.audit,
        clock=parts.resources.clock,
        web=parts.web,
    )
    return AuthorizeEndpoint(
        reader=_request_reader(parts, provider),
        responses=AuthorizationResponses(
            keys=parts.keys,
            clock=parts.resources.clock,
            web=parts.web,
            life=parts.resources.settings.code_life,
        ),
        interactions=parts.interactions,
        sessions=parts.sessions,
        accounts=parts.accounts,
        issuer=issuer,
        itinerary=parts.itinerary,
        clock=parts.resources.clock,
        web=parts.web,
    )


def _end_session(parts: _Parts) -> EndSessionEndpoint:
    return EndSessionEndpoint(
        sessions=parts.sessions,
        sign_out=parts.sign_out,
        accounts=parts.accounts,
        store=parts.resources.store,
        keys=parts.keys,
        upstream=parts.upstream,
        sealer=parts.resources.sealer,
        clock=parts.resources.clock,
        web=parts.web,
    )


def create(settings: Settings) -> Callable[..., Any]:
    """The WSGI application. Raises what the adapters raise: a missing database, a bad key or clients file."""
    parts = _parts(settings)
    provider = OpenIDProvider(
        settings, parts.web.clients, parts.keys, parts.client_keys, parts.resources.clock
    )
    grant_store = GrantStore(
        store=parts.resources.store,
        grants=parts.grants,
        code_life=settings.code_life,
        access_token_life=settings.access_token_life,
        clients=parts.web.clients,
        clock=parts.resources.clock,
    )
    app = _flask(settings, parts.web)
    app.before_request(CertificateHeaderGuard(parts.trail, settings.trusted_proxy_hops).__call__)
    _mount_protocol(app, _authorize(parts, provider, grant_store), _end_session(parts))
    for flow in _flows(parts):
        app.register_blueprint(flow.routes())
    return _plain_endpoints(parts, provider, grant_store).in_front_of(app.wsgi_app)


def _mount_protocol(app: Flask, authorize: AuthorizeEndpoint, end_session: EndSessionEndpoint) -> None:
    app.get("/authorize")(authorize.start)
    app.post("/authorize")(authorize.start_by_post)
    app.get("/interaction/<interaction_id>")(authorize.hub)
    app.post("/interaction/<interaction_id>/restart")(authorize.restart)
    app.get("/end_session")(end_session.ask)
    app.post("/end_session")(end_session.ask_by_post)
    app.post("/end_session/confirm")(end_session.confirm)
    app.get("/end_session/confirm/<token>")(end_session.ask_again)
    app.get("/end_session/psc")(end_session.returned)


def _flask(settings: Settings, web: Web) -> Flask:
    app = Flask("idp", static_folder=str(_HERE / "static"), template_folder=None)
    # werkzeug would tidy `//` by a redirect to whatever host the request names.
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=settings.body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.body_bytes,
        MAX_FORM_PARTS=100,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )

    @app.before_request
    def choose_language() -> Response | None:
        wished = request.args.get("lang", "")
        # The link of our pages carries nothing else; a relying party's own `lang` is ignored (RFC 6749 §3.1).
        if request.method != "GET" or wished not in LOCALES or len(request.args) > 1:
            return None
        # One slash: `//elsewhere` would be another host.
        response = web.redirect("/" + quote(request.path.lstrip("/\\")))
        web.cookies.set(response, "locale", wished, 365 * 24 * 3600)
        return response

    @app.after_request
    def secure(response: Any) -> Any:
        return harden(response, settings)

    @app.errorhandler(NotDue)
    def to_hub(error: NotDue) -> Response:
        return web.redirect(hub_path(error.interaction_id))

    @app.errorhandler(405)
    def reload(error: Exception) -> Response:
        """A reload of what answered a form leads to the page that is due."""
        found = re.match(r"/interaction/([A-Za-z0-9_-]{43})/", request.path)
        if found is not None and request.method == "GET":
            return web.redirect(hub_path(found[1]))
        return error_page(web, request, error)

    @app.errorhandler(Exception)
    def show(error: Exception) -> Response:
        return error_page(web, request, error)

    return app


def application() -> Callable[..., Any]:
    """What the server loads in each worker."""
    configure_logging()
    settings = settings_from_environment()
    served = create(settings)
    check_upstream(settings, SystemClock())
    return served
