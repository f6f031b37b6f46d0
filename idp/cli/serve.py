"""Contains `idp serve`, the web processes. Not here: the application (`idp.app`)."""

import argparse
import os
import sys
from functools import partial

from granian.constants import SSLProtocols

from idp.adapters.granian.asgi import WsgiOverAsgi
from idp.adapters.granian.server import WebServer
from idp.adapters.hsm.library import close_libraries
from idp.adapters.http.key_pair import EXPECTED, NoKeyPair, require_key_pair
from idp.app import application, create
from idp.cli.main import tell
from idp.core.clock import SystemClock
from idp.core.logs import configure_logging
from idp.settings import LOOPBACK_HOSTS, Settings, bad_setting
from idp.wiring.mail import build_transport


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Serve by granian, one process for each core (docs/adr/0004). Raises BadSetting, OSError."""
    _refuse_exposure(settings, options.host)
    _refuse_certificate(settings)
    build_transport(settings, SystemClock())  # Only the worker sends, but the codes are asked for here.
    create(settings)  # A fault of the configuration is told here, once, before any worker starts.
    close_libraries()  # Workers are forked, and cannot use the HSM sessions that the check opened.
    configure_logging()
    WebServer(
        partial(load, settings.bounds.body_bytes),
        threads=options.threads,
        address=options.host,
        port=options.port,
        workers=options.workers or os.cpu_count() or 1,
        ssl_cert=settings.where.tls_certificate_file,
        ssl_key=settings.where.tls_key_file,
        ssl_protocol_min=SSLProtocols.tls12,  # rustls has none of the ciphers that made 1.2 weak
        log_access=False,
        workers_kill_timeout=25,
    ).run()
    return 0


def load(body_bytes: int) -> WsgiOverAsgi:
    """Returns what each worker serves. Raises SystemExit for what an operator can repair: it was well at the start."""
    try:
        return WsgiOverAsgi(application(), body_bytes)
    except Exception as error:
        status = tell(error)
        if status is None:
            raise
        raise SystemExit(status) from error


def _refuse_exposure(settings: Settings, host: str) -> None:
    """Raises BadSetting: a fixed mail code is for this machine only, whatever the issuer is called."""
    if not settings.mail_code.fixed:
        return
    if host not in LOOPBACK_HOSTS:
        raise bad_setting("MAIL_CODE_FIXED", "only with --host on a loopback address")
    print("idp: warning: every mail code is the same one (CADUCEE_MAIL_CODE_FIXED)", file=sys.stderr)


def _refuse_certificate(settings: Settings) -> None:
    """Raises OSError, BadSetting: otherwise the workers would fail at their start, again and again."""
    certificate, key = settings.where.tls_certificate_file, settings.where.tls_key_file
    if certificate is None or key is None:
        return
    try:
        require_key_pair(certificate, key)
    except OSError as error:
        name = "TLS_KEY_FILE" if error.filename == str(key) else "TLS_CERTIFICATE_FILE"
        told = f"a readable file, PEM; {error.filename}: {error.strerror}"
        raise OSError(str(bad_setting(name, told))) from error
    except NoKeyPair as error:
        raise bad_setting("TLS_CERTIFICATE_FILE TLS_KEY_FILE", EXPECTED) from error
