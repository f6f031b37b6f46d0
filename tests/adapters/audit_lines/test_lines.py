"""One line for each event: it leaves in its order, and what takes none keeps nothing else waiting."""

import errno
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from structlog.testing import capture_logs

from idp.adapters.audit_lines.lines import Lines
from idp.core.audit_record import AuditRecord
from idp.core.origin import network_of
from tests.fakes import NOON
from tests.limits import within
from tests.logged import logged_here


def a_record(number: int = 1, **values: object) -> AuditRecord:
    told = {
        "at": NOON,
        "event": "card:login:refused",
        "account_id": None,
        "client_id": "rp",
        "interaction_id": "abcd1234",
        "browsing": None,
        "person": "0" * 32,
        "operator": None,
        "network": network_of("192.0.2.1"),
        "facts": {"reason": "expired", "event": "not ours"},
        "chain": "2026-11-23.a.b",
        "sequence": number,
        "digest": "f" * 32,
    }
    return AuditRecord(**{**told, **values})  # type: ignore[arg-type]


@dataclass
class FakePlace:
    """`room`: how many lines it takes at once; `trouble`: what it raises in place of taking any."""

    room: int = 10**6
    trouble: OSError | None = None
    sent: list[int] = field(default_factory=list)
    has_all: threading.Event = field(default_factory=threading.Event)
    awaited: int = 0

    def send(self, records: Sequence[AuditRecord]) -> int:
        if self.trouble is not None:
            raise self.trouble
        taken = [record.sequence for record in records[: self.room]]
        self.sent += taken
        if len(self.sent) >= self.awaited:
            self.has_all.set()
        return len(taken)

    def settle(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def waiting(place: FakePlace, most: int = 1000) -> Lines:
    """Without its thread: the test drains it."""
    return Lines(place=place, most=most, _process=os.getpid())


def test_a_line_is_one_json_object_with_the_facts_apart() -> None:
    line = a_record().line()
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2026-11-23T12:00:00.000000+00:00",
        "event": "card:login:refused",
        "client_id": "rp",
        "interaction_id": "abcd1234",
        "person": "0" * 32,
        "network": "192.0.2.1",
        "facts": {"reason": "expired", "event": "not ours"},
        "chain": "2026-11-23.a.b",
        "sequence": 1,
        "digest": "f" * 32,
    }


def test_lines_leave_in_their_order_by_a_thread_of_their_own() -> None:
    place = FakePlace(awaited=1200)
    lines = Lines(place=place, pause_seconds=0.01)
    for number in range(1200):
        lines(a_record(number))
    assert place.has_all.wait(within(10))
    lines.close()
    assert place.sent == list(range(1200))


def test_what_waits_leaves_at_the_end() -> None:
    place = FakePlace()
    lines = Lines(place=place, pause_seconds=30)
    lines(a_record(7))
    lines.close()
    assert place.sent == [7]


def test_a_place_that_takes_part_gets_the_rest_later() -> None:
    place = FakePlace(room=2)
    lines = waiting(place)
    for number in range(5):
        lines(a_record(number))
    assert lines.drain()
    assert place.sent == [0, 1, 2, 3, 4]


def test_an_outage_is_said_once_and_the_newest_wait() -> None:
    place = FakePlace(trouble=OSError(errno.ENOSPC, "No space left on device"))
    lines = waiting(place, most=3)
    with logged_here() as told:
        for number in range(5):
            lines(a_record(number))
            assert not lines.drain()
        place.trouble = None
        assert lines.drain()
    assert place.sent == [2, 3, 4]
    assert [(line["event"], line.get("lost")) for line in told] == [
        ("audit_lines_stopped", None),
        ("audit_lines_resumed", 2),
    ]
    assert told[0]["why"] == "No space left on device"


def test_a_defect_of_a_place_does_not_end_the_thread() -> None:
    place = FakePlace(awaited=1)
    place.trouble = ValueError("a defect")  # type: ignore[assignment]
    lines = Lines(place=place, pause_seconds=0.01, after_fault_seconds=0.01)
    with capture_logs() as told:
        lines(a_record(1))
        for _ in range(500):
            if told:
                break
            threading.Event().wait(0.01)
        place.trouble = None
        lines(a_record(2))
        assert place.has_all.wait(within(10))
    lines.close()
    assert "audit_lines_failed" in [line["event"] for line in told]
    assert place.sent[-1] == 2


def test_a_forked_child_has_a_thread_of_its_own() -> None:
    place = FakePlace(awaited=1)
    lines = Lines(place=place, pause_seconds=0.01)
    lines(a_record(1))
    assert place.has_all.wait(within(10))
    child = os.fork()
    if child == 0:
        place.has_all.clear()
        lines(a_record(2))
        os._exit(0 if place.has_all.wait(within(10)) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    lines.close()
