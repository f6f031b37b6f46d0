"""Contains what an operator is told of the work beside the requests: who does it, what waits, and what it
found. Not here: the work
itself (`worker`), what is of the machine (`readiness`)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.queues import SqlQueues
from idp.core.heartbeats import ALWAYS_RUN, LaneState, Waiting, not_run
from idp.core.readiness import Check
from idp.core.readings import Reading
from idp.wiring.resources import Resources

#: So long an alert stands, unless it is silenced: what is sealed stays so.
_AUDIT_TOLD = timedelta(days=8)


def work_checks(resources: Resources, *, after: str) -> Iterator[Check]:
    """Yields what keeps nobody from a sign-in now, and will soon. `after`: the check of the database."""
    limits, queues, now = resources.settings.operations, SqlQueues(resources.database), resources.clock.now
    yield Check(name="worker", wrong=partial(_not_run, resources), after=after)
    queued: dict[str, tuple[Callable[[], Waiting], timedelta]] = {
        "mails": (lambda: queues.mails(now()), limits.mail_backlog),
        "logout notices": (queues.notices, limits.notice_backlog),
    }
    for name, (ask, longest) in queued.items():
        yield Check(name=name, wrong=partial(_backlog, ask, longest, now), after=after, is_measured=True)


def work_readings(resources: Resources) -> Iterator[Reading]:
    """Raises StoreUnavailable."""
    queues, now = SqlQueues(resources.database), resources.clock.now()
    mails, notices = queues.mails(now), queues.notices()
    yield Reading(name="caducee_mails_waiting", description="Mails that wait to be sent", value=mails.number)
    yield Reading(
        name="caducee_mails_oldest_seconds",
        description="Since when the oldest of them waits; 0: none does",
        value=_age(mails, now).total_seconds(),
    )
    yield Reading(
        name="caducee_logout_notices_waiting", description="Logout notices that wait", value=notices.number
    )
    yield Reading(
        name="caducee_logout_notices_oldest_seconds",
        description="Since when the oldest of them waits; 0: none does",
        value=_age(notices, now).total_seconds(),
    )
    yield Reading(
        name="caducee_mails_dead",
        description="Mails that were given up, kept for a while",
        value=queues.dead_mails().number,
    )
    beats = SqlHeartbeats(resources.database).all()
    missing = not_run(beats, now)
    failing = {beat.lane for beat in beats if beat.is_alive(now) and beat.state is LaneState.FAILING}
    for lane in map(str, ALWAYS_RUN):
        labels = (("lane", lane),)
        yield Reading(
            name="caducee_lane_alive",
            description="Whether a process does this work",
            value=int(lane not in missing),
            labels=labels,
        )
        yield Reading(
            name="caducee_lane_failing",
            description="Whether its last turn failed in a process",
            value=int(lane in failing),
            labels=labels,
        )


def _age(waiting: Waiting, now: datetime) -> timedelta:
    return timedelta() if waiting.oldest_at is None else now - waiting.oldest_at


def _not_run(resources: Resources) -> str | None:
    missing = not_run(SqlHeartbeats(resources.database).all(), resources.clock.now())
    remedy = "start `idp worker`, or on SQLite look for `background_work_failed` in the log"
    return f"nobody does {', '.join(missing)}: {remedy}" if missing else None


def _backlog(ask: Callable[[], Waiting], longest: timedelta, now: Callable[[], datetime]) -> str | None:
    waiting = ask()
    age = _age(waiting, now())
    return f"{waiting.number} wait, the oldest for {age.total_seconds():.0f} s" if age > longest else None


def audit_readings(resources: Resources) -> Iterator[Reading]:
    """Raises StoreUnavailable."""
    yield Reading(
        name="caducee_audit_faults",
        description="Faults in the audit trail of the days sealed in the last week",
        value=SqlAuditTrail(resources.database).faults_since(audit_told_since(resources.clock.now())),
    )


def audit_told_since(now: datetime) -> str:
    """Returns the first day whose faults are told of."""
    return (now - _AUDIT_TOLD).date().isoformat()
