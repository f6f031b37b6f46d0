"""Everything that is done beside the requests, in one process: `idp worker`, or a process of `idp serve` (`embedded`).

Contains the lanes with their pauses and budgets, their start and their end. Not here: a thread (`lanes`), what a lane
does (`wiring/worker`, `wiring/purges`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from idp.adapters.mail.remedies import remedy
from idp.adapters.mail.smtp import SmtpTransport
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.mail_sender import MailSender
from idp.adapters.sql.queues import SqlQueues
from idp.cli.worker.lanes import STOP_SECONDS, IsOver, Lanes, StandingLane, left_after, watch
from idp.cli.worker.pulse import Here, Pulse
from idp.cli.worker.purging import purge
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import BEAT_EVERY, Lane
from idp.protocol.logout.backchannel import BackChannelLogout
from idp.wiring.audit import build_keeper
from idp.wiring.charters import build_charter_reminders
from idp.wiring.mail import build_transport
from idp.wiring.purges import build_purges
from idp.wiring.resources import Resources, build_clock_watch
from idp.wiring.worker import (
    build_back_channel,
    build_credential_watch,
    build_crl_refresher,
    build_eraser,
    build_kept_logout_judge,
    build_keys,
    build_leavers,
    build_mail_sender,
    build_new_browsers,
)

log = structlog.get_logger()

_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A lane: what it does, how long it rests after a turn that left nothing, how long a turn may take (seconds)."""

    name: Lane
    work: Callable[[IsOver], object]
    pause: float
    budget: float = _MINUTE


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
    try:
        shared = SqlAccounts(resources.database).shared_addresses()
    except StoreUnavailable as error:
        log.warning("mailboxes_not_counted", fault=str(error))
        return
    if shared:
        log.warning("mailboxes_still_shared", addresses=shared, setting="CADUCEE_SHARED_MAILBOXES")


class Work:
    """The lanes of one process, from `run` until `stop`."""

    def __init__(self, resources: Resources, kind: str) -> None:
        """Raises BadSetting, BadKeyFile and what the adapters raise."""
        self._stopped = threading.Event()
        self._resources = resources
        self._relay = build_transport(resources.settings, resources.clock)
        self._keys = build_keys(resources)
        self._sender = build_mail_sender(resources, self._relay)
        self._back_channel = build_back_channel(resources, self._keys)
        self._mails = Lanes(lambda _name: self._sender.send_next(), self._stopped)
        self._notices = Lanes(self._back_channel.deliver_next, self._stopped)
        self._lanes = [
            StandingLane(
                name=one.name,
                work=one.work,
                pause=one.pause,
                budget=one.budget,
                stopped=self._stopped,
                clock=resources.clock,
            )
            for one in self._planned(resources)
        ]
        queues, now = SqlQueues(resources.database), resources.clock.now
        self._pulse = Pulse(
            here=Here(kind),
            lanes=self._lanes,
            waiting={Lane.MAILS: lambda: queues.mails(now()), Lane.NOTICES: queues.notices},
            heartbeats=SqlHeartbeats(resources.database),
            clock=resources.clock,
        )
        # It has no sign of its own: without it there is none at all.
        self._beating = StandingLane(
            name="pulse",
            work=lambda _is_over: self._pulse.beat(),
            pause=BEAT_EVERY.total_seconds(),
            stopped=self._stopped,
            clock=resources.clock,
        )

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopped.set()

    def run(self) -> list[str]:
        """Work until `stop`, or until a lane died. Returns the names of those that died."""
        # Beside: the lanes wait for neither, whatever the relay or a database with a million accounts takes.
        threading.Thread(target=look_at_relay, args=(self._relay,), daemon=True).start()
        threading.Thread(target=look_at_mailboxes, args=(self._resources,), daemon=True).start()
        died = watch([*self._lanes, self._beating], self._stopped)
        self._end()
        return died

    def _end(self) -> None:
        """Let what is under way end, and nothing begin: no mail is cut, and no lease is left to run out."""
        end = time.monotonic() + STOP_SECONDS
        # The standing lanes first: they start the others.
        left = left_after([lane.thread for lane in (*self._lanes, self._beating)], end)
        left += left_after([*self._mails.threads, *self._notices.threads], end)
        if left:
            log.error("worker_ended_before_its_work", lanes=left, seconds=STOP_SECONDS)
        self._sender.close()
        self._pulse.leave()

    def _planned(self, resources: Resources) -> Iterator[_Planned]:
        eraser, leavers = build_eraser(resources), build_leavers(resources)
        new_browsers, purges = build_new_browsers(resources), build_purges(resources)
        judge, refresher = build_kept_logout_judge(resources), build_crl_refresher(resources)
        senders, clock_watch = self._relay.connections, build_clock_watch(resources)
        credentials = build_credential_watch(resources)
        keeper = build_keeper(resources.settings, resources.database, resources.clock)

        def look_at_keys(is_over: IsOver) -> None:
            _ = self._keys.fault  # A look at the directory, which tells the log what is wrong there.
            credentials.look()
            if judge is not None:
                judge.judge_due(is_over)

        clean = partial(purge, purges, rest=self._stopped.wait)
        yield _Planned(name=Lane.MAILS, work=partial(_send, self._sender, self._mails, senders), pause=0.25)
        yield _Planned(
            name=Lane.NOTICES, work=partial(_deliver, self._back_channel, self._notices), pause=0.25
        )
        yield _Planned(name=Lane.PURGES, work=clean, pause=_MINUTE, budget=10 * _MINUTE)
        yield _Planned(name=Lane.KEYS, work=look_at_keys, pause=2, budget=2 * _MINUTE)
        yield _Planned(name=Lane.CLOSINGS, work=eraser.run_due, pause=_MINUTE, budget=5 * _MINUTE)
        yield _Planned(name=Lane.UNUSED, work=leavers.run_due, pause=10 * _MINUTE, budget=5 * _MINUTE)
        yield _Planned(name=Lane.NEW_BROWSERS, work=new_browsers.tell_due, pause=10)
        reminders = build_charter_reminders(resources)
        yield _Planned(name=Lane.CHARTERS, work=reminders.run_due, pause=_MINUTE, budget=5 * _MINUTE)
        yield _Planned(name=Lane.CLOCK, work=lambda _is_over: clock_watch.ahead(), pause=_MINUTE)
        yield _Planned(name=Lane.AUDIT, work=keeper.run_due, pause=5 * _MINUTE, budget=10 * _MINUTE)
        if refresher is not None:
            # A list is not broken off because it is slow: only when the worker ends.
            fetch = refresher.run_due
            yield _Planned(
                name=Lane.LISTS,
                work=lambda _is_over: fetch(self._stopped.is_set),
                pause=20,
                budget=60 * _MINUTE,
            )


def _send(sender: MailSender, lanes: Lanes, most: int, is_over: IsOver) -> None:
    """Have as many threads send as there are mails due, up to `most`; each goes on while it finds one."""
    sender.drop_expired(is_over)
    sender.rest()
    if not is_over():
        lanes.run_each(f"mails {number + 1}" for number in range(min(most, sender.due(most))))


def _deliver(back_channel: BackChannelLogout, lanes: Lanes, is_over: IsOver) -> None:
    """A thread for each application that is to be told of something."""
    clients = back_channel.clients_due()
    if not is_over():
        lanes.run_each(clients)
