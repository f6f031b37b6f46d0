"""Commands that run beside the web processes until they are stopped.

Contains the worker and the card host. Not here: a web framework, which they must not load.
"""

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from idp.adapters.igc.crl_refresh import CrlRefresher
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.store import SqlStore
from idp.cli.lanes import Lanes
from idp.core.ephemeral import StoreUnavailable
from idp.core.logs import configure_logging
from idp.settings import Settings
from idp.wiring.card_host import build_card_listener
from idp.wiring.cards import build_crl_refresher
from idp.wiring.resources import Resources, build_clock_watch, open_resources
from idp.wiring.worker import build_back_channel, build_outbox_worker

log = structlog.get_logger()

_PAUSE_SECONDS = 0.25
_CRL_PAUSE_SECONDS = 20
_PURGED_AT_ONCE = 1000
#: Longer than any token of a grant can live.
_GRANTS_KEPT = timedelta(days=2)
#: How long `idp logouts list` shows an end. Longer than grants are kept: an end must not be told twice.
_NOTICES_KEPT = timedelta(days=7)
_PURGE_EVERY = timedelta(minutes=1)


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: act())


def card_host(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    resources = open_resources(settings)
    listener = build_card_listener(resources)
    _on_stop(listener.shutdown)
    listener.serve_forever()
    return 0


def _purge(resources: Resources, expired: SqlStore) -> None:
    """Delete everything that is over, in short transactions: no record outlives its use."""
    settings = resources.settings
    while expired.purge(_PURGED_AT_ONCE) == _PURGED_AT_ONCE:
        pass
    now = resources.clock.now()
    SqlGrants(resources.database).purge(now - _GRANTS_KEPT)
    SqlLogoutNotices(resources.database).purge(now - _NOTICES_KEPT)
    SqlAudit(resources.database, resources.clock).purge(now - settings.lives.audit_life)


def _refresh_lists(refresher: CrlRefresher, stopped: threading.Event) -> None:
    while True:
        try:
            refresher.run_due()
        except StoreUnavailable:
            log.error("crl_store_unavailable")
        except Exception:  # if this thread died, the lists would age unnoticed
            log.exception("crl_refresh_failed")
        if stopped.wait(_CRL_PAUSE_SECONDS):
            return


def worker(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    resources = open_resources(settings)
    outbox, back_channel = build_outbox_worker(resources), build_back_channel(resources)
    lanes = Lanes(back_channel.deliver_next)
    expired, watch = SqlStore(resources.database, resources.clock), build_clock_watch(resources)
    stopped = threading.Event()
    _on_stop(stopped.set)
    refresher = build_crl_refresher(resources)
    if refresher is not None:
        # In a thread beside the mails: a list of tens of MB must not delay a code.
        threading.Thread(target=_refresh_lists, args=(refresher, stopped), daemon=True).start()
    purge_at = resources.clock.now()
    while not stopped.wait(_PAUSE_SECONDS):
        try:
            for client_id in back_channel.clients_due():
                lanes.run(client_id)
            outbox.drain_once()
            if resources.clock.now() >= purge_at:
                _purge(resources, expired)
                watch.ahead()  # Logs what is wrong.
                purge_at = resources.clock.now() + _PURGE_EVERY
        except StoreUnavailable:
            log.error("worker_store_unavailable")
            stopped.wait(5)
    lanes.stop()
    return 0
