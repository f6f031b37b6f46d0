"""Commands that run beside the web processes until they are stopped.

Contains the worker and the card host. Not here: a web framework, which they must not load.
"""

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from idp.adapters.mail.smtp import SmtpTransport, remedy
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.email_undos import SqlEmailUndos
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.store import SqlStore
from idp.cli.lanes import Lanes, StandingLane, watch
from idp.core.logs import configure_logging
from idp.core.mailer import MailTransport
from idp.settings import Settings
from idp.wiring.card_host import build_card_listener
from idp.wiring.mail import build_transport
from idp.wiring.resources import Resources, build_clock_watch, open_resources
from idp.wiring.worker import (
    build_back_channel,
    build_crl_refresher,
    build_eraser,
    build_kept_logout_judge,
    build_leavers,
    build_new_browsers,
    build_outbox_worker,
)

log = structlog.get_logger()

_PAUSE_SECONDS = 0.25
_CRL_PAUSE_SECONDS = 20
_KEPT_LOGOUTS_PAUSE_SECONDS = 2
_NEW_BROWSERS_PAUSE_SECONDS = 10
_PURGE_PAUSE_SECONDS = 60
_CLOCK_PAUSE_SECONDS = 60
_ENDS_PAUSE_SECONDS = 60
_UNUSED_PAUSE_SECONDS = 10 * 60
_PURGED_AT_ONCE = 1000
#: Longer than any token of a grant can live.
_GRANTS_KEPT = timedelta(days=2)
#: How long `idp logouts list` shows an end. Longer than grants are kept: an end must not be told twice.
_NOTICES_KEPT = timedelta(days=7)
#: How long the page of a link « ce n'était pas moi » says that it is over.
_UNDOS_KEPT = timedelta(days=7)


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
    SqlOpenSessions(resources.database).purge(now)
    SqlLogoutNotices(resources.database).purge(now - _NOTICES_KEPT)
    SqlEmailUndos(resources.database).purge(now - _UNDOS_KEPT)
    SqlActivations(resources.database).purge(now - _UNDOS_KEPT)
    SqlAudit(resources.database, resources.clock).purge(now - settings.lives.audit_life)
    SqlErasures(resources.database).purge(now - settings.closing.evidence_life)


def look_at_relay(transport: SmtpTransport) -> None:
    """Tell the log why the relay would take no mail: the operator should not learn it from a physician."""
    try:
        transport.check()
    except OSError as error:
        log.warning("mail_relay_unusable", error=type(error).__name__, remedy=remedy(error))


def look_at_mailboxes(resources: Resources) -> None:
    """Tell the log of mailboxes that stay shared though the operator allows it no more: people there ask why."""
    settings = resources.settings
    if settings.email.shared:
        return
    if shared := SqlAccounts(resources.database).shared_addresses():
        log.warning("mailboxes_still_shared", addresses=shared, setting="CADUCEE_SHARED_MAILBOXES")


def _standing_lanes(
    resources: Resources,
    begin_notices: Callable[[], None],
    transport: MailTransport,
    stopped: threading.Event,
) -> list[StandingLane]:
    """Returns what the worker does, in threads: a relay that takes 8 s for an answer delays no logout notice."""
    outbox = build_outbox_worker(resources, transport)
    eraser, leavers = build_eraser(resources), build_leavers(resources)
    expired, refresher = SqlStore(resources.database, resources.clock), build_crl_refresher(resources)
    work: list[tuple[str, Callable[[], object], float]] = [
        ("mails", lambda: outbox.drain_once(stopped.is_set), _PAUSE_SECONDS),
        ("notices", begin_notices, _PAUSE_SECONDS),
        ("purge", lambda: _purge(resources, expired), _PURGE_PAUSE_SECONDS),
        ("ends of accounts", lambda: eraser.run_due(stopped.is_set), _ENDS_PAUSE_SECONDS),
        ("unused accounts", lambda: leavers.run_due(stopped.is_set), _UNUSED_PAUSE_SECONDS),
        ("new browsers", build_new_browsers(resources).tell_due, _NEW_BROWSERS_PAUSE_SECONDS),
        ("clock", build_clock_watch(resources).ahead, _CLOCK_PAUSE_SECONDS),
    ]
    if (judge := build_kept_logout_judge(resources)) is not None:
        work.append(("kept logout tokens", judge.judge_due, _KEPT_LOGOUTS_PAUSE_SECONDS))
    if refresher is not None:
        work.append(("revocation lists", refresher.run_due, _CRL_PAUSE_SECONDS))
    return [StandingLane(name=name, work=do, pause=pause, stopped=stopped) for name, do, pause in work]


def worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work until told to stop. Returns 1 when a lane died: whoever started the worker starts it again."""
    configure_logging()
    resources, stopped = open_resources(settings), threading.Event()
    transport, back_channel = build_transport(settings, resources.clock), build_back_channel(resources)
    lanes = Lanes(back_channel.deliver_next)
    standing = _standing_lanes(
        resources, lambda: lanes.run_each(back_channel.clients_due()), transport, stopped
    )
    _on_stop(stopped.set)
    look_at_mailboxes(resources)
    threading.Thread(target=look_at_relay, args=(transport,), daemon=True).start()
    died = watch(standing, stopped)
    lanes.stop()
    return 1 if died else 0
