"""Contains Pro Santé Connect as the settings want it: its client, its check, its numbers. Not here: a sign-in."""

from collections.abc import Iterable
from functools import partial

import structlog

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.check import check_beside
from idp.adapters.psc.presets import ENDPOINTS, PRESETS
from idp.adapters.psc.provider import PscProvider
from idp.adapters.psc.settings import PscSettings
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.protocol.published.metrics import Sample
from idp.settings import BadSetting, Settings
from idp.web.psc_button import BadPicture, OfficialPictures, read_pictures

log = structlog.get_logger()


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
