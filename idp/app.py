"""Composition root: picks adapters, builds flows and endpoints, mounts them. No logic; nobody imports it but `cli`."""

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import structlog
from flask import Flask, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response

from idp.accounts.email_otp import MailCodeLimits, MailCodes
from idp.accounts.password import Passwords
from idp.accounts.throttle import PasswordThrottle
from idp.adapters.psc_provider import PscProvider
from idp.adapters.psc_settings import PscSettings
from idp.adapters.redis_store import RedisStore, connect_redis
from idp.adapters.software_signer import load_key_ring
from idp.adapters.sql_accounts import SqlAccounts
from idp.adapters.sql_audit import SqlAudit
from idp.adapters.sql_charters import SqlCharters
from idp.adapters.sql_engine import open_engine
from idp.adapters.sql_grants import SqlGrants
from idp.adapters.sql_outbox import SqlOutbox
from idp.adapters.sql_store import SqlStore
from idp.cards.anchors import load_anchors
from idp.cards.revocation import NoRevocationYet
from idp.cards.trust import CardPolicy
from idp.clients import ClientFile
from idp.clock import Clock, SystemClock
from idp.ephemeral import EphemeralStore
from idp.flows.account import AccountFlow
from idp.flows.charter import CharterFlow
from idp.flows.choice import ChoiceFlow
from idp.flows.code_mail import CodeSender
from idp.flows.cps import CpsFlow
from idp.flows.desk import Desk, NotDue, hub_path
from idp.flows.email_otp import EmailOtpFlow
from idp.flows.enrolment import EnrolmentFlow
from idp.flows.password import PasswordFlow
from idp.flows.psc import PscFlow
from idp.interaction.authenticator import Door
from idp.interaction.next_stop import Itinerary
from idp.interaction.required_action import CharterAction
from idp.interaction.store import Interactions, Sessions
from idp.interaction.upstream import Upstream
from idp.messages import load_catalogues
from idp.protocol.authorize import AuthorizeEndpoint
from idp.protocol.discovery import PublishedDocument, discovery_document, jwks_document
from idp.protocol.end_session import EndSessionEndpoint
from idp.protocol.grants import GrantStore
from idp.protocol.plain import PlainEndpoints, Readiness, Route
from idp.protocol.provider import OpenIDProvider
from idp.protocol.token import TokenEndpoint
from idp.protocol.userinfo import UserinfoEndpoint
from idp.sealing import Sealer
from idp.settings import Settings, settings_from_environment
from idp.web import LOCALES, Web, derive_key, harden

_HERE = Path(__file__).parent
_SERVICE_WORDS = ("caducee", "viatrajectoire", "trajectoire")


def configure_logging() -> None:
    """JSON lines on stderr; values are encoded, so no line can be forged (facts/security LG2)."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Never the local variables: they hold forms, and forms hold passwords.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


@dataclass(frozen=True, slots=True)
class House:
    """The adapters of one process."""

    settings: Settings
    clock: Clock
    engine: Engine
    store: EphemeralStore
    durable: EphemeralStore
    sealer: Sealer


def open_house(settings: Settings) -> House:
    """Raises what the adapters raise: a missing database, another schema, an unreadable URL."""
    clock = SystemClock()
    engine = open_engine(settings.database)
    durable = SqlStore(engine, clock)
    store = RedisStore(connect_redis(settings.redis)) if settings.redis else durable
    sealer = Sealer(derive_key(settings.application_key, "seal"))
    return House(settings, clock, engine, store, durable, sealer)


def build_web(settings: Settings) -> Web:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Web(settings, ClientFile(settings.clients_file), load_catalogues(_HERE / "templates"), environment)


def _upstream(settings: Settings, clock: Clock) -> Upstream | None:
    if not settings.psc_issuer:
        return None
    return PscProvider(
        PscSettings(
            issuer=settings.psc_issuer,
            discovery_url=settings.psc_discovery_url,
            client_id=settings.psc_client_id,
            client_secret=settings.psc_client_secret,
            redirect_uri=f"{settings.issuer}/psc/callback",
            scope=settings.psc_scope,
            acr_values=settings.psc_acr_values,
            accepted_acr=settings.psc_accepted_acr,
            accept_missing_acr=settings.psc_accept_missing_acr,
            clock_skew=settings.clock_skew,
        ),
        clock=clock,
    )


def _card_policy(settings: Settings) -> CardPolicy | None:
    files = (*settings.card_root_files, *settings.card_issuing_files)
    if not files:
        return None
    return CardPolicy(
        anchors=load_anchors(path.read_bytes() for path in files),
        accept_test_cards=settings.card_accept_test_cards,
        accept_employee_cards=settings.card_accept_employee_cards,
    )


def _mail_codes(house: House) -> MailCodes:
    s = house.settings
    return MailCodes(
        store=house.store,
        durable=house.durable,
        key=derive_key(s.application_key, "mail_code"),
        limits=MailCodeLimits(
            life=s.mail_code_life,
            digits=s.mail_code_digits,
            tries=s.mail_code_tries,
            failures_per_day=s.mail_code_failures_per_day,
            per_minute=s.mail_codes_per_minute,
            per_hour=s.mail_codes_per_hour,
            per_day=s.mail_codes_per_day,
            per_network=s.mail_codes_per_ip,
            network_window=s.mail_codes_per_ip_window,
        ),
    )


def _throttle(house: House) -> PasswordThrottle:
    s = house.settings
    return PasswordThrottle(
        store=house.store,
        durable=house.durable,
        key=derive_key(s.application_key, "throttle"),
        free_tries=s.password_free_tries,
        tries_per_day=s.password_tries_per_day,
        failures_in_a_row=s.password_failures_in_a_row,
        first_wait=s.password_first_wait,
    )


def _passwords(settings: Settings) -> Passwords:
    return Passwords(
        pepper=settings.password_pepper.encode(),
        time_cost=settings.argon2_time,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        parallel=os.cpu_count() or 1,
        queue=settings.hash_queue,
    )


def _itinerary(house: House, web: Web, *, has_psc: bool, has_cps: bool) -> Itinerary:
    s = house.settings

    def allowed_for(client_id: str) -> frozenset[str]:
        client = web.clients.get(client_id)
        return frozenset(client.authenticators) if client else frozenset()

    doors = (
        Door("psc", has_psc, allowed_for, door="psc"),
        Door("cps", has_cps, allowed_for, door="cps"),
        Door("password", s.password_door, allowed_for, door="password"),
        Door("email_otp", s.password_door, allowed_for, door="password"),
    )
    sources = frozenset({"cps", "psc"} if s.enrolment_from_psc else {"cps"})
    return Itinerary(doors, (CharterAction(SqlCharters(house.engine)),), sources)


def _mount_flows(
    app: Flask, house: House, desk: Desk, upstream: Upstream | None, policy: CardPolicy | None
) -> None:
    s, throttle, passwords = house.settings, _throttle(house), _passwords(house.settings)
    outbox = SqlOutbox(house.engine, house.clock)
    sender = CodeSender(_mail_codes(house), outbox, desk, desk.audit, house.clock)
    flows: list[Any] = [
        ChoiceFlow(desk),
        PasswordFlow(
            desk,
            passwords,
            throttle,
            sender,
            house.store,
            s.password_posts_per_ip,
            s.password_posts_per_ip_window,
            derive_key(s.application_key, "device"),
        ),
        EmailOtpFlow(desk, sender),
        EnrolmentFlow(desk, passwords, sender, s.password_min, s.password_max, _SERVICE_WORDS),
        CharterFlow(desk, SqlCharters(house.engine)),
        AccountFlow(_sessions(house), desk.accounts, house.clock, desk.web),
    ]
    if upstream is not None:
        flows.append(PscFlow(desk, house.store, upstream, house.sealer, throttle, s.upstream_life))
    if policy is not None:
        # Revocation comes with the card issue; until then the demo's IGC has none to ask.
        flows.append(
            CpsFlow(desk, house.store, policy, NoRevocationYet(), throttle, s.card_host, s.card_attempt_life)
        )
    for flow in flows:
        app.register_blueprint(flow.routes())


def _sessions(house: House) -> Sessions:
    return Sessions(house.store, house.settings.session_life, house.settings.session_idle)


def create(settings: Settings) -> Callable[..., Any]:
    """The WSGI application."""
    house = open_house(settings)
    web = build_web(settings)
    keys = load_key_ring(settings.keys_directory)
    upstream, policy = _upstream(settings, house.clock), _card_policy(settings)
    accounts, charters = SqlAccounts(house.engine), SqlCharters(house.engine)
    grants, audit = SqlGrants(house.engine), SqlAudit(house.engine, house.clock)
    grant_store = GrantStore(house.store, grants, settings.code_life, settings.access_token_life)
    provider = OpenIDProvider(settings, web.clients, keys, house.clock)
    interactions = Interactions(house.store, settings.interaction_life)
    itinerary = _itinerary(house, web, has_psc=upstream is not None, has_cps=policy is not None)
    desk = Desk(interactions, accounts, itinerary, audit, house.clock, web)
    authorize = AuthorizeEndpoint(
        engine=provider,
        interactions=interactions,
        sessions=_sessions(house),
        accounts=accounts,
        charters=charters,
        grants=grants,
        grant_store=grant_store,
        itinerary=itinerary,
        audit=audit,
        clock=house.clock,
        web=web,
    )
    end_session = EndSessionEndpoint(
        sessions=_sessions(house),
        grants=grants,
        accounts=accounts,
        store=house.store,
        keys=keys,
        upstream=upstream,
        sealer=house.sealer,
        audit=audit,
        clock=house.clock,
        web=web,
    )
    app = _flask(settings, web)
    _mount_protocol(app, authorize, end_session)
    _mount_flows(app, house, desk, upstream, policy)
    token = TokenEndpoint(
        provider, web.clients, accounts, charters, grant_store, audit, house.clock, settings.parameter_bytes
    )
    plain = PlainEndpoints(
        {
            "/token": Route(("POST",), token),
            "/userinfo": Route(
                ("GET", "POST"), UserinfoEndpoint(provider, accounts, grant_store, house.clock)
            ),
            "/jwks": Route(("GET", "HEAD"), jwks_document(keys)),
            "/.well-known/openid-configuration": Route(
                ("GET", "HEAD"), PublishedDocument.of(discovery_document(settings.issuer))
            ),
            "/health/live": Route(("GET", "HEAD"), PublishedDocument.of({"status": "alive"})),
            "/health/ready": Route(("GET", "HEAD"), Readiness((house.store, house.durable), web.clients)),
        },
        settings,
    )
    return plain.in_front_of(app.wsgi_app)


def _mount_protocol(app: Flask, authorize: AuthorizeEndpoint, end_session: EndSessionEndpoint) -> None:
    app.get("/authorize")(authorize.start)
    app.post("/authorize")(authorize.start_by_post)
    app.get("/interaction/<interaction_id>")(authorize.hub)
    app.post("/interaction/<interaction_id>/restart")(authorize.restart)
    app.route("/end_session", methods=["GET", "POST"])(end_session.ask)
    app.post("/end_session/confirm")(end_session.confirm)
    app.get("/end_session/psc")(end_session.returned)


def _flask(settings: Settings, web: Web) -> Flask:
    app = Flask("idp", static_folder=str(_HERE / "static"), template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.body_bytes,
        MAX_FORM_PARTS=100,
    )

    @app.before_request
    def choose_language() -> Response | None:
        wished = request.args.get("lang", "")
        if request.method != "GET" or wished not in LOCALES:
            return None
        response = web.redirect(request.path)
        web.cookies.set(response, "locale", wished, 365 * 24 * 3600)
        return response

    @app.after_request
    def secure(response: Any) -> Any:
        return harden(response, settings, is_static=request.endpoint == "static")

    @app.errorhandler(NotDue)
    def to_hub(error: NotDue) -> Response:
        return web.redirect(hub_path(error.interaction_id))

    @app.errorhandler(Exception)
    def show(error: Exception) -> Response:
        return web.error_page(request, error)

    return app


def application() -> Callable[..., Any]:
    """What the server loads in each worker."""
    configure_logging()
    return create(settings_from_environment())
