"""Contains what is asked of the work beside the requests, of the machine, and of what nobody signs in without.

Not here: stores (`stores`), keys and certificates.
"""

from collections.abc import Iterator
from functools import partial

from idp.accounts.charter import NoCharterPublished
from idp.adapters.disks import free_percent
from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.queues import SqlQueues
from idp.core.finding import Inquiry, Told, amber, green, parted, red
from idp.core.heartbeats import LaneState
from idp.core.readiness import Check
from idp.wiring.beside import audit_told_since, work_checks
from idp.wiring.doctor.hand import Hand
from idp.wiring.doctor.stores import DATABASE, of_database
from idp.wiring.readiness import disk_places

_WORKER = "worker"
#: Less than that, and the next write fails.
_FULL_PERCENT = 1.0
#: What else may hold them up than what has an inquiry of its own.
_QUEUES = {
    "mails": "`idp mail check`; the worker and its log",
    "logout notices": "`idp logouts list`; the worker and its log",
}


def disk_inquiry(hand: Hand) -> Inquiry:
    return Inquiry(name="disk", look=partial(_disk, hand), needs=("DATABASE", "KEYS_DIRECTORY"))


def beside_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield of_database(name="charter", look=partial(_charter, hand))
    yield of_database(name=_WORKER, look=partial(_worker, hand))
    yield of_database(name="clocks of the nodes", look=partial(_nodes, hand))
    yield of_database(name="mails", look=partial(_queue, hand, "mails"))
    yield of_database(name="logout notices", look=partial(_queue, hand, "logout notices"))
    yield of_database(name="audit trail", look=partial(_audit, hand))


def _check_named(hand: Hand, name: str) -> Check:
    return next(check for check in work_checks(hand.resources(), after=DATABASE) if check.name == name)


def _worker(hand: Hand) -> Iterator[Told]:
    wrong = _check_named(hand, _WORKER).wrong()
    yield green("every lane is worked on") if wrong is None else red(*parted(wrong))
    beats, now = SqlHeartbeats(hand.database).all(), hand.now()
    for beat in beats:
        if beat.is_alive(now) and beat.state is LaneState.FAILING:
            yield amber(
                f"{beat.process} of {beat.node}: {beat.lane} ended by {beat.fault}, and is tried again",
                "look for `lane_failed` in its log",
            )


def _queue(hand: Hand, name: str) -> Iterator[Told]:
    wrong = _check_named(hand, name).wrong()
    if wrong is not None:
        yield amber(wrong, _QUEUES[name])
    elif name == "mails" and (dead := SqlQueues(hand.database).dead_mails().number):
        yield amber(f"{dead} were given up", "`idp mails list`")
    else:
        yield green("none waits too long")


def _nodes(hand: Hand) -> Iterator[Told]:
    """A sign of life has the clock of its node: one of the future is of a clock that is ahead."""
    settings, now = hand.settings, hand.now()
    ahead = {
        beat.node: beat.at - now
        for beat in SqlHeartbeats(hand.database).all()
        if beat.at - now > settings.clock.warning
    }
    for node, apart in sorted(ahead.items()):
        yield red(
            f"{node} is {apart.total_seconds():.0f} s ahead of this machine",
            "keep the clocks of all machines by NTP: docs/operate.md, Clocks",
        )
    if not ahead:
        yield green("none is ahead of this machine")


def _disk(hand: Hand) -> Iterator[Told]:
    settings, remedy = hand.settings, "make room: docs/operate.md"
    for name, free in free_percent(disk_places(settings)):
        told = f"{name}: {free:.0f} % free"
        if free < _FULL_PERCENT:
            yield red(told, remedy)
        else:
            yield amber(told, remedy) if free < settings.operations.disk_free else green(told)


def _charter(hand: Hand) -> Iterator[Told]:
    try:
        current = SqlCharters(hand.database).current()
    except NoCharterPublished:
        yield red("none is published: nobody signs in", "`idp charter publish`")
        return
    settings = hand.settings
    for language, text in current.texts.items():
        if len(text.split()) < settings.charter.least_words:
            yield amber(
                f"revision {current.revision}, {language}: {len(text.split())} words",
                "publish one that says something",
            )
    yield green(f"revision {current.revision} is published")


def _audit(hand: Hand) -> Iterator[Told]:
    faults = SqlAuditTrail(hand.database).faults_since(audit_told_since(hand.now()))
    if faults:
        yield red(
            f"{faults} faults in the days sealed in the last week", "`idp audit verify`: docs/audit-trail.md"
        )
    else:
        yield green("no fault in the days sealed in the last week")
