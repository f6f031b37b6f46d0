"""`idp serve`: the web processes."""

import argparse
import os

from granian import Granian
from granian.constants import Interfaces, SSLProtocols

from idp.app import create
from idp.settings import LOOPBACK_HOSTS, BadSetting, Settings


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """granian, WSGI, one process per core (docs/adr/0004)."""
    _refuse_exposure(settings, options.host)
    _refuse_unreadable(settings)
    create(settings)  # A fault of the configuration is told here, once, before any worker starts.
    Granian(
        "idp.app:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers or os.cpu_count() or 1,
        blocking_threads=options.threads,
        ssl_cert=settings.tls_certificate_file,
        ssl_key=settings.tls_key_file,
        ssl_protocol_min=SSLProtocols.tls12,  # rustls has none of the ciphers that made 1.2 weak
        factory=True,
        log_access=False,
        workers_kill_timeout=25,
    ).serve()
    return 0


def _refuse_exposure(settings: Settings, host: str) -> None:
    """A fixed code is for this machine alone, whatever name the issuer has."""
    if settings.mail_code_fixed and host not in LOOPBACK_HOSTS:
        raise BadSetting("CADUCEE_MAIL_CODE_FIXED: only with --host on a loopback address")


def _refuse_unreadable(settings: Settings) -> None:
    """Raises OSError: the workers would only die of it, again and again."""
    for path in (settings.tls_certificate_file, settings.tls_key_file):
        if path is not None:
            path.open("rb").close()
