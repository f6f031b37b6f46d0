"""Contains Pro Santé Connect, built from the settings: our client, its check. Not here: a sign-in."""

import ssl
from functools import partial
from pathlib import Path

import structlog

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.http.key_pair import EXPECTED, NoKeyPair, require_key_pair
from idp.adapters.psc.check import check_beside
from idp.adapters.psc.provider import PscProvider
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings, bad_setting
from idp.settings.files import require_file
from idp.settings.psc import PscSettings
from idp.web.psc_button import EXPECTED_PICTURES, BadPicture, OfficialPictures, read_pictures
from idp.wiring.operator_files import unreadable

log = structlog.get_logger()


def redirect_uri(settings: Settings) -> str:
    """Returns our address, as it is registered with ANS."""
    return f"{settings.where.issuer}/psc/callback"


def psc_http(psc: PscSettings) -> SafeHttp:
    """Returns the HTTP client. Raises BadSetting: a bad certificate is told at the start, not at the first sign-in."""
    _require_client_certificate(psc)
    _require_authorities(psc)
    return SafeHttp(
        connect_seconds=psc.connect_timeout.total_seconds(),
        total_seconds=psc.timeout.total_seconds(),
        certificate=psc.certificate,
        ca_file=psc.ca_file,
    )


def _require_client_certificate(psc: PscSettings) -> None:
    if psc.certificate is None:
        return
    certificate, key = psc.certificate
    try:
        require_key_pair(Path(certificate), Path(key))
    except (NoKeyPair, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else "unreadable, or no pair"
        names = "PSC_CLIENT_CERTIFICATE_FILE PSC_CLIENT_KEY_FILE"
        raise bad_setting(names, f"{EXPECTED}; it is {why}") from error


def _require_authorities(psc: PscSettings) -> None:
    if not psc.ca_file:
        return
    expected, path = "a readable file of PEM certificates", Path(psc.ca_file)
    try:
        # A folder of certificates serves too: it is read at each call.
        context, is_folder = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path.is_dir()
        if not is_folder:
            require_file(path)
        context.load_verify_locations(
            cafile=None if is_folder else psc.ca_file, capath=psc.ca_file if is_folder else None
        )
    except ssl.SSLError as error:  # before OSError, which it is too
        raise bad_setting("PSC_CA_FILE", f"{expected}; it holds none") from error
    except OSError as error:
        raise unreadable("PSC_CA_FILE", expected, error) from error


def build_upstream(settings: Settings, clock: Clock, audit: Audit) -> PscProvider | None:
    """Returns None without Pro Santé Connect. Raises BadSetting."""
    psc = settings.psc
    if not psc.is_configured:
        return None
    return PscProvider(
        psc,
        redirect_uri=redirect_uri(settings),
        skew=settings.clock.skew,
        clock=clock,
        http=psc_http(psc),
        on_change=partial(_tell_outage, audit),
    )


def _tell_outage(audit: Audit, is_out: bool) -> None:
    log.error("psc_outage_began") if is_out else log.warning("psc_outage_ended")
    try:
        audit.record(AuditEvent.PSC_OUTAGE_BEGAN if is_out else AuditEvent.PSC_OUTAGE_ENDED)
    except StoreUnavailable:  # Two outages at once: a sign-in must not fail because this one is not audited.
        log.error("psc_outage_not_audited")


def psc_pictures(settings: Settings) -> OfficialPictures:
    """Returns the official pictures. Raises BadSetting."""
    try:
        return read_pictures(settings.psc.picture_folder)
    except (BadPicture, OSError) as error:
        # Not the text of an OSError: it has the path.
        why = str(error) if isinstance(error, BadPicture) else "one that cannot be read"
        raise bad_setting("PSC_PICTURE_FOLDER", f"{EXPECTED_PICTURES}; it is {why}") from error


def check_upstream(settings: Settings, clock: Clock) -> None:
    """Check it in a thread beside the start; the outcome goes to the log."""
    if settings.psc.is_configured:
        check_beside(settings.psc, redirect_uri(settings), psc_http(settings.psc), clock)
