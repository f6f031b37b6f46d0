"""Contains what each web worker loads, and the look at the configuration before any worker starts.

Not here: processes (`command`), the application (`idp.app`).
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import structlog

from idp.adapters.granian.asgi import WsgiOverAsgi
from idp.adapters.granian.worker import require_free
from idp.adapters.hsm.library import close_libraries
from idp.adapters.http.key_pair import EXPECTED, NoKeyPair, require_key_pair
from idp.adapters.redis_eviction import evicting
from idp.adapters.sql.backends import is_sqlite
from idp.app import application, create
from idp.cli.told import tell
from idp.core.clock import SystemClock
from idp.core.ephemeral import StoreUnavailable
from idp.core.share import Share
from idp.settings import LOOPBACK_HOSTS, Settings, bad_setting, settings_from_environment
from idp.wiring.mail import build_transport
from idp.wiring.operations import require_operations

log = structlog.get_logger()

_T = TypeVar("_T")

#: Of `--background`. On SQLite there is one machine, which needs no other command.
_ON: Mapping[str, Callable[[Settings], bool]] = {
    "auto": lambda settings: is_sqlite(settings.where.database),
    "on": lambda _settings: True,
    "off": lambda _settings: False,
}


def look(host: str, port: int) -> None:
    """Look at the whole configuration. Raises SystemExit with what is told of it: once, before any worker starts."""
    _or_told(lambda: _look(settings_from_environment(), host, port))


def load(own: Share) -> WsgiOverAsgi:
    """Returns what each worker serves. Raises SystemExit for what an operator can repair: it was well at the start."""

    def say(line: str) -> None:
        log.error("worker_cannot_start", reason=line)

    return _or_told(
        lambda: WsgiOverAsgi(application(own), settings_from_environment().bounds.body_bytes), say
    )


@contextmanager
def beside(background: str, told: Connection) -> Iterator[None]:
    """Around each worker: the work of `idp worker`, where it is to be done here. Raises SystemExit as `load` does."""
    settings = _or_told(settings_from_environment)
    if not _ON[background](settings):
        yield
        return
    # Only where it is used: no request needs it.
    with import_module("idp.cli.worker.embedded").beside_requests(settings, told):
        yield


def tls_options() -> Mapping[str, Path | None]:
    """Returns granian's options for TLS."""
    where = settings_from_environment().where
    return {"ssl_cert": where.tls_certificate_file, "ssl_key": where.tls_key_file}


def _or_told(act: Callable[[], _T], *say: Callable[[str], None]) -> _T:
    try:
        return act()
    except Exception as error:
        status = tell(error, *say)
        if status is None:
            raise
        raise SystemExit(status) from error


def _look(settings: Settings, host: str, port: int) -> None:
    """Raises BadSetting, OSError, and what the adapters raise."""
    _refuse_exposure(settings, host)
    _refuse_certificate(settings)
    build_transport(settings, SystemClock())  # Only the worker sends, but the codes are asked for here.
    create(settings)
    _warn_of_eviction(settings)
    close_libraries()
    require_free(host, port)
    require_operations(settings)


def _refuse_exposure(settings: Settings, host: str) -> None:
    """Raises BadSetting: a fixed mail code is for this machine only, whatever the issuer is called."""
    if not settings.mail_code.fixed:
        return
    if host not in LOOPBACK_HOSTS:
        raise bad_setting("MAIL_CODE_FIXED", "only with --host on a loopback address")
    print("idp: warning: every mail code is the same one (CADUCEE_MAIL_CODE_FIXED)", file=sys.stderr)


def _warn_of_eviction(settings: Settings) -> None:
    """A Redis that is full and drops what it likes signs people out; one that refuses is an outage that is seen."""
    if not settings.where.redis:
        return
    with contextlib.suppress(StoreUnavailable):
        if (policy := evicting(settings.where.redis)) is not None:
            print(
                f"idp: warning: Redis has maxmemory-policy {policy}: when it is full it drops sessions, codes and "
                "counters; set noeviction",
                file=sys.stderr,
            )


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
