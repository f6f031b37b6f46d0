"""Contains what the administrators' page says, part by part: each of which may be what cannot be told now.

Not here: who sees it, and how (`operations_page`), the last day (`operations_day`).
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from idp.accounts.charter import NoCharterPublished
from idp.adapters.sql.backups import last_backup
from idp.adapters.sql.charter_counts import charter_figures
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.queues import SqlQueues
from idp.core.day_counts import DayCounts, TookTooLong
from idp.core.ephemeral import StoreUnavailable
from idp.core.finding import State
from idp.core.heartbeats import ALWAYS_RUN, LaneState, Waiting
from idp.core.kept_figures import KeptFigures
from idp.core.measures import PSC_SECONDS
from idp.core.readiness import Verdict
from idp.pages import operations as views
from idp.signing.schedule import KeyRecord
from idp.web.local_time import local_day, local_hour, local_time
from idp.wiring.audit import node_of
from idp.wiring.cards import build_crl_index, needed_lists
from idp.wiring.certificates import certificate_ends
from idp.wiring.doors import open_doors
from idp.wiring.operations_conformity import ConformityViews
from idp.wiring.operations_day import clients_view, day_view, end_view
from idp.wiring.operations_findings import Examinations
from idp.wiring.parts import Parts
from idp.wiring.readiness import DATABASE, STORES

log = structlog.get_logger()

Found = TypeVar("Found")


@dataclass(slots=True)
class _Telling:
    """Asks for a part. Once the database failed, nobody waits for it again."""

    is_down: bool

    def told(self, source: Callable[[], Found]) -> Found | None:
        if self.is_down:
            return None
        try:
            return source()
        except StoreUnavailable:
            self.is_down = True
        except TookTooLong:
            log.info("operations_page_part_took_too_long")
        except Exception:
            log.exception("operations_page_part_failed")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """`directory`: of the numbers that the processes of this node share; None: there is none."""

    parts: Parts
    day: DayCounts
    figures: KeptFigures
    examinations: Examinations
    conformity: ConformityViews
    directory: Path | None

    def page(self, verdict: Verdict, locale: str) -> views.OperationsPage:
        parts = self.parts
        now, registry = parts.clock.now(), parts.clients.registry()
        telling = _Telling(is_down=any(fault.check.name == DATABASE for fault in verdict.faults))
        day = telling.told(partial(self.day.look, [*registry]))
        doors = telling.told(partial(open_doors, parts)) or {}
        return views.OperationsPage(
            node=node_of(parts.settings),
            at=local_time(now, locale),
            status=str(verdict.status),
            lines=verdict.lines,
            findings=self._findings(verdict, locale),
            day=None if day is None else day_view(day, doors, locale),
            clients=None if day is None else clients_view(day, registry, now, locale),
            work=telling.told(partial(self._work, now, locale)),
            psc=self._psc(),
            keys=tuple(self._keys(now, locale)),
            certificates=tuple(
                end_view(use, at, now, locale) for use, at in sorted(certificate_ends(parts).items())
            ),
            lists=telling.told(partial(self._lists, now)),
            backup=telling.told(partial(self._backup, locale)),
            conformity=self.conformity.look(now, locale),
            # Last: it may find the other store down.
            charter=telling.told(partial(self._charter, now, locale)),
        )

    def _findings(self, verdict: Verdict, locale: str) -> views.FindingsView | None:
        silent = {fault.check.name for fault in verdict.faults}
        examined = self.examinations.look(is_store_up=silent.isdisjoint(STORES))
        if examined is None:
            return None
        found = [
            views.FindingView(name=one.name, state=str(one.state), says=one.says, remedy=one.remedy)
            for one in examined.findings
        ]
        return views.FindingsView(
            at=local_hour(examined.at, locale),
            wrong=tuple(one for one in found if one.state != State.GREEN),
            well=tuple(one for one in found if one.state == State.GREEN),
        )

    def _work(self, now: datetime, locale: str) -> views.WorkView:
        """Raises StoreUnavailable."""
        settings, database = self.parts.settings, self.parts.database
        limits, queues = settings.operations, SqlQueues(database)
        beats = [beat for beat in SqlHeartbeats(database).all() if beat.is_alive(now)]
        alive = Counter(beat.lane for beat in beats)
        failing = {beat.lane for beat in beats if beat.state is LaneState.FAILING}
        lanes = dict.fromkeys((*map(str, ALWAYS_RUN), *alive))

        def queue(name: str, waiting: Waiting, longest: timedelta | None) -> views.QueueView:
            oldest = waiting.oldest_at
            return views.QueueView(
                name=name,
                number=waiting.number,
                oldest="" if oldest is None else local_time(oldest, locale),
                is_late=oldest is not None and longest is not None and now - oldest > longest,
            )

        return views.WorkView(
            queues=(
                queue("mails", queues.mails(now), limits.mail_backlog),
                queue("dead_mails", queues.dead_mails(), None),
                queue("notices", queues.notices(), limits.notice_backlog),
            ),
            lanes=tuple(
                views.LaneView(
                    name=lane,
                    state="failing" if lane in failing else "alive" if alive[lane] else "missing",
                    processes=alive[lane],
                )
                for lane in lanes
            ),
        )

    def _psc(self) -> views.PscView | None:
        upstream = self.parts.upstream
        if upstream is None:
            return None
        state = "misconfigured" if upstream.is_misconfigured() else "out" if upstream.is_out() else "up"
        return views.PscView(state=state, latencies=tuple(self._latencies()))

    def _latencies(self) -> Iterator[views.LatencyView]:
        if self.directory is None:
            return
        # Only now: no worker needs that library before somebody looks.
        from idp.adapters.operations.latencies import latencies

        for one in latencies(self.directory, PSC_SECONDS.name):
            half, most = _milliseconds(one.half), _milliseconds(one.most)
            yield views.LatencyView(endpoint=one.label, calls=one.calls, half=half, most=most)

    def _keys(self, now: datetime, locale: str) -> Iterator[views.KeyView]:
        keys = self.parts.keys
        schedule = keys.schedule

        def view(record: KeyRecord) -> views.KeyView:
            since, until = schedule.period(record, now)
            return views.KeyView(
                kid=record.kid,
                alg=str(record.alg),
                state=str(schedule.state(record, now)),
                since=local_day(since, locale),
                until="" if until is None else local_day(until, locale),
            )

        yield from map(view, schedule.published(now))

    def _lists(self, now: datetime) -> int | None:
        """Returns how many authorities lack a revocation list; None: no card is judged by lists. Raises
        StoreUnavailable."""
        parts = self.parts
        if parts.policy is None:
            return None
        needed = needed_lists(parts.settings, parts.policy).all(now)
        return len(build_crl_index(parts.resources).lacking(needed, now))

    def _backup(self, locale: str) -> str:
        """Returns when the newest one was taken; empty: none is known. Raises StoreUnavailable."""
        taken_at = last_backup(self.parts.database)
        return "" if taken_at is None else local_time(taken_at, locale)

    def _charter(self, now: datetime, locale: str) -> views.CharterView:
        """Raises StoreUnavailable."""
        parts = self.parts
        charters = parts.charters
        try:
            current = charters.current()
        except NoCharterPublished:
            return views.CharterView()
        newest, database = charters.newest(), parts.database
        due_from = newest.announced_for(now)
        figures = self.figures.look(f"charter {newest.revision}", partial(charter_figures, database, now))
        counted = figures.counted
        return views.CharterView(
            revision=current.revision,
            published_on=local_day(current.published_at, locale),
            accepted=None if counted is None else counted["people"] - counted["due"],
            left=None if counted is None else counted["due"],
            announced="" if due_from is None else newest.revision,
            due_from="" if due_from is None else local_day(due_from, locale),
            waiting=None if counted is None else counted["left"],
            counted_at=local_hour(figures.at, locale),
        )


def _milliseconds(seconds: float) -> int | None:
    return None if math.isinf(seconds) else round(seconds * 1000)
