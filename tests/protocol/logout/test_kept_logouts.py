"""Logout tokens that wait for the keys of Pro Santé Connect: which are kept, judged again, given up. With fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.core.ephemeral import Kind, StoreUnavailable
from idp.core.refusal_trail import RefusalTrail
from idp.interaction.kept_logouts import MOST_CHARACTERS, MOST_OF_A_NETWORK, KeptLogout
from idp.interaction.sign_out import SignOut
from idp.interaction.upstream import UpstreamLogout, UpstreamRefusal, UpstreamRefused, UpstreamUnavailable
from idp.protocol.logout.kept_logouts import KeptLogoutJudge
from idp.protocol.logout.upstream_ends import UpstreamLogouts
from idp.protocol.logout.upstream_logout import UpstreamLogoutEndpoint
from idp.web.caller_address import Warnings
from idp.web.network import CallerNetworks
from tests.fakes import FixedClock, MemoryStore, RecordingAudit, WorkAtOnce

NO_KEYS = UpstreamUnavailable("signing keys: status 503")


@dataclass
class Judged:
    """`Upstream` and `SignOut` in one: what a token says, and what was ended."""

    answers: dict[str, Exception | UpstreamLogout] = field(default_factory=dict)
    as_of: list[datetime] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    #: Runs in the middle of an end.
    meanwhile: Callable[[], None] = lambda: None

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        self.as_of.append(now)
        answer = self.answers.get(token, UpstreamLogout(f"jti of {token}", f"sid of {token}", None))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end_from_upstream(self, upstream_sid: str, now: datetime) -> None:
        self.ended.append(upstream_sid)
        self.meanwhile()


@dataclass
class MemoryKept:
    """`KeptLogouts` in a list; every row is free."""

    rows: list[tuple[KeptLogout, datetime]] = field(default_factory=list)
    is_full: bool = False

    def keep(self, token: str, now: datetime) -> bool:
        if not self.is_full:
            held = KeptLogout(id=len(self.rows), token=token, received_at=now, attempt=1)
            self.rows.append((held, now))
        return not self.is_full

    def lease_next(self, now: datetime) -> KeptLogout | None:
        return next((held for held, not_before in self.rows if not_before <= now), None)

    def postpone(self, held: KeptLogout, until: datetime) -> None:
        self.rows = [(one, until if one is held else at) for one, at in self.rows]

    def forget(self, held: KeptLogout) -> None:
        self.rows = [(one, at) for one, at in self.rows if one is not held]


class World:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store, self.judged, self.kept = MemoryStore(self.clock), Judged(), MemoryKept()
        self.audit = RecordingAudit()
        trail = RefusalTrail(self.audit, self.store)
        logouts = UpstreamLogouts(
            work=WorkAtOnce(),
            upstream=cast(Any, self.judged),
            store=self.store,
            sign_out=cast(SignOut, self.judged),
            accounts=cast(Any, None),
            links=cast(Any, None),
            clock=self.clock,
        )
        self.endpoint = UpstreamLogoutEndpoint(
            logouts=logouts,
            kept=self.kept,
            store=self.store,
            trail=trail,
            clock=self.clock,
            networks=CallerNetworks(trusted_proxy_hops=0, warnings=Warnings(self.clock)),
        )
        self.judge = KeptLogoutJudge(
            work=WorkAtOnce(), kept=self.kept, logouts=logouts, trail=trail, clock=self.clock
        )

    def tell(self, token: str, address: str = "192.0.2.1") -> int:
        builder = EnvironBuilder(
            method="POST", data={"logout_token": token}, environ_overrides={"REMOTE_ADDR": address}
        )
        return self.endpoint(Request(builder.get_environ())).status_code

    def reasons(self) -> list[object]:
        return [facts["reason"] for _event, facts in self.audit.events]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def waiting(world: World) -> World:
    """A token came while its keys could not be had."""
    world.judged.answers["t"] = NO_KEYS
    assert world.tell("t") == 400
    return world


def test_token_is_judged_as_of_the_moment_when_it_came(waiting: World) -> None:
    came = waiting.clock.now()
    del waiting.judged.answers["t"]
    waiting.clock.advance(minutes=9)
    waiting.judge.judge_due()
    assert (waiting.judged.ended, waiting.judged.as_of[-1]) == (["sid of t"], came)
    assert (waiting.kept.rows, waiting.audit.events) == ([], [])


def test_token_is_tried_every_ten_seconds_until_ten_minutes_are_over(waiting: World) -> None:
    for _ in range(60):
        waiting.judge.judge_due()
        waiting.judge.judge_due()
        waiting.clock.advance(seconds=10)
    assert len(waiting.judged.as_of) == 1 + 60
    assert len(waiting.kept.rows) == 1
    waiting.judge.judge_due()
    assert (waiting.kept.rows, len(waiting.judged.as_of)) == ([], 61)
    assert waiting.reasons() == ["logout token: no signing keys in time"]


def test_token_that_is_refused_in_the_end_is_recorded_and_forgotten(waiting: World) -> None:
    waiting.judged.answers["t"] = UpstreamRefused(UpstreamRefusal.REFUSED, "logout token: aud")
    waiting.judge.judge_due()
    assert (waiting.kept.rows, waiting.reasons()) == ([], ["logout token: aud"])


def test_token_that_was_sent_again_and_taken_meanwhile_is_no_refusal(waiting: World) -> None:
    del waiting.judged.answers["t"]
    assert waiting.tell("t") == 200
    waiting.judge.judge_due()
    assert (waiting.kept.rows, waiting.audit.events) == ([], [])
    assert waiting.judged.ended == ["sid of t"]


def test_token_is_kept_while_the_store_is_down(waiting: World) -> None:
    waiting.store.is_down = True
    del waiting.judged.answers["t"]
    with pytest.raises(StoreUnavailable):
        waiting.judge.judge_due()
    waiting.store.is_down = False
    waiting.judge.judge_due()
    assert waiting.judged.ended == ["sid of t"]


def test_one_token_that_cannot_be_judged_keeps_no_other_waiting(waiting: World) -> None:
    waiting.kept.keep("another", waiting.clock.now())
    waiting.judge.judge_due()
    assert waiting.judged.ended == ["sid of another"]


def test_all_that_wait_are_judged_until_the_worker_is_told_to_stop(world: World) -> None:
    for number in range(150):
        world.kept.keep(f"t{number}", world.clock.now())
    asked = iter([False] * 100 + [True])
    world.judge.judge_due(lambda: next(asked))
    assert len(world.judged.ended) == 100
    world.judge.judge_due()
    assert len(world.judged.ended) == 150


def test_more_than_may_be_kept_is_not(waiting: World) -> None:
    """Then Pro Santé Connect is asked to send it again: 503."""
    waiting.kept.is_full = True
    assert waiting.tell("t") == 503


def test_token_that_is_too_long_is_not_kept(world: World) -> None:
    token = "t" * (MOST_CHARACTERS + 1)
    world.judged.answers[token] = NO_KEYS
    assert (world.tell(token), world.kept.rows) == (503, [])


def test_one_network_cannot_fill_all_places(waiting: World) -> None:
    waiting.store.count(Kind.UPSTREAM_LOGOUTS_KEPT, "192.0.2.1/32", timedelta(minutes=10))
    for _ in range(MOST_OF_A_NETWORK - 2):
        waiting.store.count(Kind.UPSTREAM_LOGOUTS_KEPT, "192.0.2.1/32", timedelta(minutes=10))
    assert waiting.tell("t") == 503
    assert waiting.tell("t", "192.0.2.2") == 400
    waiting.clock.advance(minutes=10)
    assert waiting.tell("t") == 400


def test_same_token_twice_at_once_ends_the_session_and_is_recorded_once(world: World) -> None:
    answers: list[int] = []

    def second_comes() -> None:
        world.judged.meanwhile = lambda: None
        answers.append(world.tell("t"))

    world.judged.meanwhile = second_comes
    answers.append(world.tell("t"))
    assert sorted(answers) == [200, 400]
    assert world.judged.ended == ["sid of t", "sid of t"]
    assert world.reasons() == ["logout token: replayed"]
