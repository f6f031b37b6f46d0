"""Services built from the settings, for the web process. Composition only, like `app`."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import jinja2
import structlog

from idp.accounts.email_otp import MailCodeLimits, MailCodes, random_code
from idp.accounts.password import Passwords
from idp.accounts.throttle import PasswordThrottle
from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.check import check_beside
from idp.adapters.psc.presets import ENDPOINTS, PRESETS
from idp.adapters.psc.provider import PscProvider
from idp.adapters.psc.settings import PscSettings
from idp.adapters.sql.charters import SqlCharters
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import ClientFile
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.core.sealing import derive_key
from idp.interaction.authenticator import Door
from idp.interaction.next_stop import Itinerary
from idp.interaction.professional_context import ContextAction
from idp.interaction.required_action import CharterAction
from idp.interaction.store import Sessions
from idp.protocol.published.metrics import Sample
from idp.settings import BadSetting, Settings
from idp.web.browser import Web
from idp.web.catalogues import load_catalogues
from idp.web.psc_button import BadPicture, OfficialPictures, read_pictures
from idp.wiring.resources import Resources

log = structlog.get_logger()

_HERE = Path(__file__).parents[1]


def build_web(settings: Settings) -> Web:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    clients = ClientFile(settings.clients_file, operator_rules(settings))
    return Web(settings, clients, load_catalogues(_HERE / "templates"), environment)


def psc_settings(settings: Settings) -> PscSettings | None:
    """What the provider is told of Pro Santé Connect; None without one. Raises BadSetting."""
    if not settings.has_psc:
        return None
    preset = PRESETS.get(settings.psc_environment)
    if settings.psc_environment and preset is None:
        raise BadSetting(f"CADUCEE_PSC_ENVIRONMENT: one of {', '.join(PRESETS)}")
    own = {name: str(getattr(settings, f"psc_{name}")) for name in ENDPOINTS}
    try:
        return PscSettings(
            issuer=settings.psc_issuer or (preset.issuer if preset else ""),
            discovery_url=settings.psc_discovery_url,
            endpoints={name: url for name, url in own.items() if url},
            # The preset speaks of its own issuer only.
            expected=preset.endpoints if preset and settings.psc_issuer in ("", preset.issuer) else {},
            client_id=settings.psc_client_id,
            client_secret=settings.psc_client_secret,
            client_authentication=settings.psc_client_authentication,
            client_certificate_file=settings.psc_client_certificate_file,
            client_key_file=settings.psc_client_key_file,
            ca_file=settings.psc_ca_file,
            redirect_uri=f"{settings.issuer}/psc/callback",
            scope=settings.psc_scope,
            acr_values=settings.psc_acr_values,
            accepted_acr=settings.psc_accepted_acr,
            accept_missing_acr=settings.psc_accept_missing_acr,
            physician_categories=settings.psc_physician_categories,
            clock_skew=settings.clock_skew,
            keys_pause=settings.psc_keys_pause,
            at_once=settings.psc_at_once,
            in_all=settings.psc_timeout,
            circuit_failures=settings.psc_circuit_failures,
            circuit_pause=settings.psc_circuit_pause,
            watch_every=settings.psc_watch_every,
            watch_wallet=settings.psc_watch_wallet,
        )
    except ValueError as error:
        raise BadSetting(str(error)) from error


def psc_http(settings: Settings, psc: PscSettings) -> SafeHttp:
    return SafeHttp(
        connect_seconds=settings.psc_connect_timeout.total_seconds(),
        total_seconds=settings.psc_timeout.total_seconds(),
        certificate=psc.certificate,
        ca_file=psc.ca_file,
    )


def build_upstream(settings: Settings, clock: Clock, audit: Audit) -> PscProvider | None:
    psc = psc_settings(settings)
    if psc is None:
        return None
    return PscProvider(psc, clock=clock, http=psc_http(settings, psc), on_change=partial(_tell_outage, audit))


def _tell_outage(audit: Audit, is_out: bool) -> None:
    log.error("psc_outage_began") if is_out else log.warning("psc_outage_ended")
    try:
        audit.record(AuditEvent.PSC_OUTAGE_BEGAN if is_out else AuditEvent.PSC_OUTAGE_ENDED)
    except StoreUnavailable:  # Two outages at once: this one must not become a sign-in's failure.
        log.error("psc_outage_not_audited")


def psc_pictures(settings: Settings) -> OfficialPictures:
    """Raises BadSetting."""
    try:
        return read_pictures(settings.psc_picture_folder)
    except (BadPicture, OSError) as error:
        raise BadSetting(f"CADUCEE_PSC_PICTURE_FOLDER: {error}") from error


def psc_samples(upstream: PscProvider) -> Iterable[Sample]:
    """Of this process."""
    health = upstream.health()
    yield Sample(
        name="caducee_psc_up",
        kind="gauge",
        description="0 while an outage of Pro Santé Connect is on",
        value=int(not health.is_out),
    )
    for url, count in health.failures.items():
        labels = {"endpoint": url}
        yield Sample(
            name="caducee_psc_failures_total",
            kind="counter",
            description="Calls without a usable answer",
            value=count,
            labels=labels,
        )
    for outcome, count in health.outcomes.items():
        labels = {"outcome": outcome}
        yield Sample(
            name="caducee_psc_logins_total",
            kind="counter",
            description="Returns from Pro Santé Connect",
            value=count,
            labels=labels,
        )


def check_upstream(settings: Settings, clock: Clock) -> None:
    """Into the log, beside the start."""
    psc = psc_settings(settings)
    if psc is not None:
        check_beside(psc, psc_http(settings, psc), clock)


def build_mail_codes(resources: Resources) -> MailCodes:
    s = resources.settings
    return MailCodes(
        store=resources.store,
        durable=resources.durable,
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
        # Settings refuse a fixed code off loopback.
        draw=(lambda digits: s.mail_code_fixed) if s.mail_code_fixed else random_code,
    )


def build_throttle(resources: Resources) -> PasswordThrottle:
    s = resources.settings
    return PasswordThrottle(
        store=resources.store,
        durable=resources.durable,
        key=derive_key(s.application_key, "throttle"),
        free_tries=s.password_free_tries,
        tries_per_day=s.password_tries_per_day,
        failures_in_a_row=s.password_failures_in_a_row,
        first_wait=s.password_first_wait,
    )


def build_passwords(settings: Settings) -> Passwords:
    return Passwords(
        pepper=settings.password_pepper.encode(),
        time_cost=settings.argon2_time,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        parallel=os.cpu_count() or 1,
        queue=settings.hash_queue,
    )


def _has_bypass(resources: Resources) -> bool:
    return resources.settings.card_revocation_bypass_until is not None


def build_itinerary(
    resources: Resources, web: Web, context: ContextAction, *, has_psc: bool, has_cps: bool
) -> Itinerary:
    s = resources.settings

    def allowed_for(client_id: str) -> frozenset[str]:
        client = web.clients.get(client_id)
        return frozenset(client.authenticators) if client else frozenset()

    doors = (
        Door(id="psc", is_open=has_psc, allowed_for=allowed_for, door="psc"),
        Door(id="cps", is_open=has_cps, allowed_for=allowed_for, door="cps"),
        Door(
            id="cps_unchecked",
            is_open=has_cps and _has_bypass(resources),
            allowed_for=allowed_for,
            door="cps",
        ),
        Door(id="password", is_open=s.password_door, allowed_for=allowed_for, door="password"),
        Door(id="email_otp", is_open=s.password_door, allowed_for=allowed_for, door="password"),
    )
    sources = frozenset({"cps", "psc"} if s.enrolment_from_psc else {"cps"})
    return Itinerary(doors, (build_charter_action(resources, web), context), sources)


def build_charter_action(resources: Resources, web: Web) -> CharterAction:
    def demanded_by(client_id: str) -> tuple[str, ...]:
        client = web.clients.get(client_id)
        return client.charters if client else ()

    return CharterAction(SqlCharters(resources.database), demanded_by)


def build_sessions(resources: Resources) -> Sessions:
    return Sessions(resources.store, resources.settings.session_life, resources.settings.session_idle)
