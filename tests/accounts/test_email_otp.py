"""The code sent by mail."""

import copy
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_otp import MailCodes, canonical_code, masked_email
from idp.accounts.mail_quota import NotSent, SendRefusal
from idp.core.ephemeral import Kind, Limited, StoreUnavailable
from idp.settings.mail_code import MailCodeSettings
from tests.accounts.sent_codes import sent
from tests.fakes import NOON, FixedClock, MemoryStore

HOUSE = MailCodeSettings()
ALICE = CodeHolder(
    rpps="10000000017",
    browser="browser-1",
    purpose="login",
    email="aicha@hopital.example",
)


@pytest.fixture
def codes(store: MemoryStore, durable: MemoryStore) -> MailCodes:
    return MailCodes(store=store, durable=durable, key=b"k" * 32, limits=HOUSE)


def other(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**8:08d}"


def refused(codes: MailCodes, clock: FixedClock, text: str, **changes: Any) -> CodeRefusal:
    with pytest.raises(CodeRefused) as caught:
        codes.check(dataclasses.replace(ALICE, **changes), text, clock.now())
    return caught.value.reason


def not_sent(codes: MailCodes, clock: FixedClock, **changes: Any) -> SendRefusal:
    with pytest.raises(NotSent) as caught:
        sent(codes, dataclasses.replace(ALICE, **changes), clock.now())
    return caught.value.reason


class TestOneCode:
    def test_a_code_is_eight_digits_zeros_kept(self, store: MemoryStore, clock: FixedClock) -> None:
        generous = MailCodes(
            store=store,
            durable=store,
            key=b"k",
            limits=dataclasses.replace(HOUSE, per_minute=999, per_hour=999, per_day=999),
        )
        browsers = [dataclasses.replace(ALICE, browser=f"browser-{number}") for number in range(300)]
        made = [sent(generous, browser, clock.now()).digits for browser in browsers]
        assert {len(code) for code in made} == {8}
        assert all(code.isascii() and code.isdigit() for code in made)
        assert any(code.startswith("0") for code in made)
        assert len(set(made)) > 290

    def test_the_right_code_is_accepted_once(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        codes.check(ALICE, code, clock.now())
        assert refused(codes, clock, code) is CodeRefusal.USED

    @pytest.mark.parametrize("shape", ["{0} {1}", " {0}-{1} ", "{0}\u202f{1}", "{0}\u00a0{1}\n"])
    def test_spaces_and_dashes_are_forgiven(self, codes: MailCodes, clock: FixedClock, shape: str) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        codes.check(ALICE, shape.format(code[:4], code[4:]), clock.now())

    def test_a_code_lives_ten_minutes_and_not_one_instant_more(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        clock.at = NOON + timedelta(minutes=10)
        assert refused(codes, clock, code) is CodeRefusal.EXPIRED
        clock.at -= timedelta(microseconds=1)
        codes.check(ALICE, code, clock.now())

    def test_the_fifth_wrong_try_uses_the_code_up_and_the_right_one_comes_too_late(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        told = [refused(codes, clock, other(code)) for _ in range(5)]
        assert told == [CodeRefusal.REFUSED] * 4 + [CodeRefusal.USED_UP]
        assert refused(codes, clock, code) is CodeRefusal.USED_UP

    def test_the_fifth_try_may_be_the_right_one(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        for _ in range(4):
            refused(codes, clock, other(code))
        codes.check(ALICE, code, clock.now())

    def test_the_try_is_counted_before_it_is_compared(self, codes: MailCodes, clock: FixedClock) -> None:
        """With no try left even the right code is not compared; see the race on the real stores for parallel ones."""
        none_left = dataclasses.replace(codes, limits=dataclasses.replace(HOUSE, tries=0))
        code = sent(none_left, ALICE, clock.now()).digits
        with pytest.raises(CodeRefused) as caught:
            none_left.check(ALICE, code, clock.now())
        assert caught.value.reason is CodeRefusal.USED_UP

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "1234567",
            "123456789",
            "abcdefgh",
            "١٢٣٤٥٦٧٨",
            "1234567\u0000",
            "1" * 10_000,
        ],
    )
    def test_what_is_no_code_costs_no_try(self, codes: MailCodes, clock: FixedClock, text: str) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        for _ in range(6):
            assert refused(codes, clock, text) is CodeRefusal.MALFORMED
        assert codes.state(ALICE).tries_left == 5
        codes.check(ALICE, code, clock.now())

    @pytest.mark.parametrize(
        "change",
        [
            {"browser": "browser-2"},
            {"email": "attacker@evil.example"},
            {"purpose": "enrolment"},
            {"rpps": "10000000025"},
        ],
    )
    def test_a_code_serves_its_browser_its_mailbox_its_purpose_and_its_person_only(
        self, codes: MailCodes, clock: FixedClock, change: dict[str, str]
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        assert refused(codes, clock, code, **change) in {CodeRefusal.EXPIRED, CodeRefusal.REFUSED}
        codes.check(ALICE, code, clock.now())

    def test_a_new_code_replaces_the_one_before_with_its_own_time_and_tries(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        old = sent(codes, ALICE, clock.now()).digits
        for _ in range(3):
            refused(codes, clock, other(old))
        clock.advance(minutes=9)
        new = sent(codes, ALICE, clock.now()).digits
        assert codes.state(ALICE).tries_left == 5
        assert codes.state(ALICE).expires_at == clock.now() + timedelta(minutes=10)
        if old != new:
            assert refused(codes, clock, old) is CodeRefusal.REFUSED
        clock.advance(minutes=9)
        codes.check(ALICE, new, clock.now())

    def test_neither_code_nor_rpps_nor_address_is_ever_written(
        self, codes: MailCodes, clock: FixedClock, store: MemoryStore, durable: MemoryStore
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        refused(codes, clock, other(code))
        written = store.written() + durable.written()
        assert '"nonce"' in written
        for secret in (code, other(code), ALICE.rpps, ALICE.email):
            assert secret not in written

    def test_another_key_opens_nothing(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        with pytest.raises(CodeRefused):
            dataclasses.replace(codes, key=b"x" * 32).check(ALICE, code, clock.now())

    def test_without_its_stores_no_code_is_accepted(
        self, codes: MailCodes, clock: FixedClock, store: MemoryStore, durable: MemoryStore
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        durable.is_down = True
        with pytest.raises(StoreUnavailable):
            codes.check(ALICE, code, clock.now())
        durable.is_down, store.is_down = False, True
        clock.advance(minutes=2)
        with pytest.raises(StoreUnavailable):
            sent(codes, ALICE, clock.now())


class TestSentAgain:
    """facts/security OT1: the same code, with the same end and the same count of tries, or another one."""

    def test_it_is_the_same_code_so_that_whichever_mail_comes_last_is_right(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        first = sent(codes, ALICE, clock.now())
        clock.advance(minutes=3)
        second = sent(codes, ALICE, clock.now())
        assert (first.is_repeated, second.is_repeated) == (False, True)
        assert second.digits == first.digits
        codes.check(ALICE, first.digits, clock.now())

    def test_its_end_does_not_move_and_the_page_knows_when_the_next_mail_may_go(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        code = sent(codes, ALICE, clock.now())
        for minutes in (3, 4):
            clock.advance(minutes=minutes)
            assert sent(codes, ALICE, clock.now()).expires_at == code.expires_at
            assert codes.state(ALICE).expires_at == NOON + timedelta(minutes=10)
            assert codes.state(ALICE).resend_at == clock.now() + timedelta(minutes=1)
        clock.at = NOON + timedelta(minutes=10)
        assert refused(codes, clock, code.digits) is CodeRefusal.EXPIRED

    def test_its_tries_stay_counted(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        for _ in range(3):
            refused(codes, clock, other(code))
        clock.advance(minutes=1)
        assert sent(codes, ALICE, clock.now()).digits == code
        assert codes.state(ALICE).tries_left == 2
        told = [refused(codes, clock, other(code)) for _ in range(2)]
        assert told == [CodeRefusal.REFUSED, CodeRefusal.USED_UP]

    def test_a_code_without_a_try_left_is_replaced(self, codes: MailCodes, clock: FixedClock) -> None:
        used_up = sent(codes, ALICE, clock.now())
        for _ in range(5):
            refused(codes, clock, other(used_up.digits))
        clock.advance(minutes=1)
        new = sent(codes, ALICE, clock.now())
        assert not new.is_repeated
        assert codes.state(ALICE).tries_left == 5
        codes.check(ALICE, new.digits, clock.now())

    @pytest.mark.parametrize(("left", "is_repeated"), [(120, True), (119, False)])
    def test_a_code_that_would_end_before_it_is_typed_is_replaced(
        self, codes: MailCodes, clock: FixedClock, left: int, is_repeated: bool
    ) -> None:
        first = sent(codes, ALICE, clock.now())
        clock.at = first.expires_at - timedelta(seconds=left)
        second = sent(codes, ALICE, clock.now())
        assert second.is_repeated is is_repeated
        assert (second.expires_at == first.expires_at) is is_repeated

    def test_a_used_code_is_never_sent_again(self, codes: MailCodes, clock: FixedClock) -> None:
        used = sent(codes, ALICE, clock.now())
        codes.check(ALICE, used.digits, clock.now(), within="here")
        clock.advance(minutes=1)
        assert not sent(codes, ALICE, clock.now()).is_repeated

    def test_a_code_used_while_it_is_asked_for_again_stays_used(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        store = RacedStore(clock)
        codes = dataclasses.replace(codes, durable=store)
        code = sent(codes, ALICE, clock.now()).digits
        clock.advance(minutes=1)
        store.meanwhile.append(lambda: codes.check(ALICE, code, clock.now()))
        assert not_sent(codes, clock) is SendRefusal.TOO_SOON
        assert store.meanwhile == []
        assert refused(codes, clock, code) is CodeRefusal.USED

    def test_mails_with_one_code_have_one_topic(self, codes: MailCodes) -> None:
        assert codes.topic(dataclasses.replace(ALICE)) == codes.topic(ALICE)
        changes: list[dict[str, Any]] = [
            {"rpps": "10000000025"},
            {"browser": "browser-2"},
            {"purpose": "enrolment"},
            {"email": "typo@hopital.example"},
        ]
        others = {codes.topic(dataclasses.replace(ALICE, **change)) for change in changes}
        assert len(others | {codes.topic(ALICE)}) == 5
        assert ALICE.rpps not in codes.topic(ALICE)


class TestAStoreThatComesBackAsItWas:
    """Redis restarts from an older snapshot, or a replica that lagged takes over (docs/adr/0002)."""

    def test_a_used_code_stays_used(self, codes: MailCodes, clock: FixedClock, store: MemoryStore) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        before = copy.deepcopy(store.records)
        codes.check(ALICE, code, clock.now())
        store.records = before
        assert refused(codes, clock, code) is CodeRefusal.USED

    def test_tries_stay_counted(self, codes: MailCodes, clock: FixedClock, store: MemoryStore) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        before = copy.deepcopy(store.records)
        for _ in range(4):
            refused(codes, clock, other(code))
        store.records = before
        assert refused(codes, clock, other(code)) is CodeRefusal.USED_UP

    def test_mails_of_the_day_stay_counted(
        self, codes: MailCodes, clock: FixedClock, store: MemoryStore
    ) -> None:
        for _ in range(10):
            sent(codes, ALICE, clock.now())
            clock.advance(minutes=30)
        store.records.clear()
        assert not_sent(codes, clock) is SendRefusal.QUOTA_OF_DAY
        assert (
            codes.why_no_code(dataclasses.replace(ALICE, browser="browser-2"), clock.now()) == "quota_of_day"
        )


class TestQuotas:
    def test_one_mail_a_minute_and_the_code_before_still_holds(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        clock.advance(seconds=59)
        assert not_sent(codes, clock) is SendRefusal.TOO_SOON
        codes.check(ALICE, code, clock.now())
        clock.advance(seconds=1)
        sent(codes, ALICE, clock.now())

    def test_another_browser_shares_the_minute(self, codes: MailCodes, clock: FixedClock) -> None:
        sent(codes, ALICE, clock.now())
        assert not_sent(codes, clock, browser="browser-2") is SendRefusal.TOO_SOON

    def test_five_mails_an_hour(self, codes: MailCodes, clock: FixedClock) -> None:
        for _ in range(5):
            sent(codes, ALICE, clock.now())
            clock.advance(minutes=2)
        assert not_sent(codes, clock) is SendRefusal.QUOTA
        assert codes.why_no_code(dataclasses.replace(ALICE, browser="browser-2"), clock.now()) == "quota"
        clock.at = NOON + timedelta(hours=1, minutes=1)
        sent(codes, ALICE, clock.now())

    def test_who_used_up_an_hour_or_the_tries_gets_none_at_any_address(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        for _ in range(5):
            assert not codes.is_used_up(ALICE)
            sent(codes, ALICE, clock.now())
            clock.advance(minutes=2)
        elsewhere = dataclasses.replace(ALICE, email="other@hopital.example")
        assert codes.is_used_up(ALICE)
        assert codes.is_used_up(elsewhere)
        assert not codes.is_used_up(dataclasses.replace(ALICE, purpose="address"))

    def test_ten_mails_a_day(self, codes: MailCodes, clock: FixedClock) -> None:
        for _ in range(10):
            sent(codes, ALICE, clock.now())
            clock.advance(minutes=30)
        assert not_sent(codes, clock) is SendRefusal.QUOTA_OF_DAY
        # A browser that was sent none is told the same when it asks why.
        elsewhere = dataclasses.replace(ALICE, browser="browser-2")
        assert codes.why_no_code(elsewhere, clock.now()) == "quota_of_day"
        clock.at = NOON + timedelta(hours=24, minutes=1)
        sent(codes, ALICE, clock.now())

    def test_a_refusal_by_one_quota_costs_nothing_of_the_others(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        """Else the page would say « un code vient d'être envoyé » when none was."""
        for _ in range(5):
            sent(codes, ALICE, clock.now())
            clock.advance(minutes=2)
        for _ in range(20):
            assert not_sent(codes, clock) is SendRefusal.QUOTA
        clock.at = NOON + timedelta(hours=1, seconds=1)
        sent(codes, ALICE, clock.now())

    def test_too_many_at_the_same_instant_are_told_apart_by_the_count(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        looked = [codes.to_send(ALICE, clock.now()) for _ in range(2)]
        codes.send(looked[0])
        with pytest.raises(NotSent) as caught:
            codes.send(looked[1])
        assert caught.value.reason is SendRefusal.TOO_SOON

    def test_the_last_mail_of_a_day_is_one_whoever_looked(self, codes: MailCodes, clock: FixedClock) -> None:
        codes = dataclasses.replace(codes, limits=dataclasses.replace(HOUSE, per_day=1, per_minute=9))
        elsewhere = dataclasses.replace(ALICE, browser="browser-2")
        looked = [codes.to_send(holder, clock.now()) for holder in (ALICE, elsewhere)]
        codes.send(looked[0])
        with pytest.raises(NotSent) as caught:
            codes.send(looked[1])
        assert caught.value.reason is SendRefusal.QUOTA_OF_DAY

    def test_what_the_network_refuses_costs_nothing_of_the_persons_own(
        self, codes: MailCodes, clock: FixedClock
    ) -> None:
        full = Limited((Kind.MAIL_QUOTA_IP, "network"), timedelta(minutes=5), 0)
        for _ in range(9):
            with pytest.raises(NotSent) as caught:
                codes.send(codes.to_send(ALICE, clock.now()), full)
            assert caught.value.reason is SendRefusal.NETWORK
        codes.send(codes.to_send(ALICE, clock.now()), full._replace(most=1))

    def test_twenty_failures_in_a_day_close_the_path_for_new_codes_and_right_ones(
        self, store: MemoryStore, durable: MemoryStore, clock: FixedClock
    ) -> None:
        generous = MailCodes(
            store=store, durable=durable, key=b"k", limits=dataclasses.replace(HOUSE, per_hour=99, per_day=99)
        )
        code = ""
        for _ in range(4):
            code = sent(generous, ALICE, clock.now()).digits
            for _ in range(5):
                refused(generous, clock, other(code))
            clock.advance(minutes=2)
        assert not_sent(generous, clock) is SendRefusal.CLOSED
        assert refused(generous, clock, code) is CodeRefusal.CLOSED
        assert generous.why_no_code(ALICE, clock.now()) == "closed"
        store.records.clear()  # A lost Redis forgets none of it.
        assert not_sent(generous, clock) is SendRefusal.CLOSED
        clock.at = NOON + timedelta(hours=24)
        sent(generous, ALICE, clock.now())

    def test_a_right_code_forgets_the_failures(self, codes: MailCodes, clock: FixedClock) -> None:
        for _ in range(5):
            code = sent(codes, ALICE, clock.now()).digits
            for _ in range(4):
                refused(codes, clock, other(code))
            codes.check(ALICE, code, clock.now())
            codes.accepted(ALICE)
            clock.advance(hours=2)
        sent(codes, ALICE, clock.now())

    def test_failures_of_one_person_close_nobody_else(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        for _ in range(5):
            refused(codes, clock, other(code))
        bob = dataclasses.replace(ALICE, rpps="10000000025", email="bob@hopital.example")
        codes.check(bob, sent(codes, bob, clock.now()).digits, clock.now())


class TestWhatThePageShows:
    def test_nothing_before_the_first_code(self, codes: MailCodes) -> None:
        assert (codes.state(ALICE).expires_at, codes.state(ALICE).tries_left) == (None, 0)

    def test_the_end_the_tries_and_the_next_mail(self, codes: MailCodes, clock: FixedClock) -> None:
        code = sent(codes, ALICE, clock.now()).digits
        refused(codes, clock, other(code))
        state = codes.state(ALICE)
        assert state.expires_at == NOON + timedelta(minutes=10)
        assert state.resend_at == NOON + timedelta(seconds=60)
        assert state.tries_left == 4

    def test_why_there_is_no_code(self, codes: MailCodes, clock: FixedClock) -> None:
        elsewhere = dataclasses.replace(ALICE, browser="browser-2")
        sent(codes, elsewhere, clock.now())
        assert codes.why_no_code(ALICE, clock.now()) == "too_soon"
        clock.advance(minutes=1)
        code = sent(codes, ALICE, clock.now()).digits
        for _ in range(5):
            refused(codes, clock, other(code))
        assert codes.why_no_code(ALICE, clock.now()) == "used_up"
        clock.advance(minutes=10)
        assert codes.why_no_code(ALICE, clock.now()) == "expired"


@given(st.text(max_size=30))
def test_a_canonical_code_is_eight_ascii_digits_or_nothing(text: str) -> None:
    code = canonical_code(text, 8)
    assert code is None or (len(code) == 8 and set(code) <= set("0123456789"))


@pytest.mark.parametrize(
    ("email", "shown"),
    [("marie.durand@exemple.fr", "m•••@exemple.fr"), ("x@y.fr", "x•••@y.fr")],
)
def test_a_masked_address_is_enough_for_its_owner(email: str, shown: str) -> None:
    assert masked_email(email) == shown


def test_a_code_just_accepted_may_come_again_in_its_own_occasion_only(
    codes: MailCodes, clock: FixedClock
) -> None:
    """A double click is forgiven; another password typed in the same interaction is another occasion."""
    code = sent(codes, ALICE, clock.now()).digits
    codes.check(ALICE, code, clock.now(), within="interaction:password-at-noon")
    codes.check(ALICE, code, clock.now(), within="interaction:password-at-noon")
    for within in ("interaction:password-at-one", "other:password-at-noon", ""):
        with pytest.raises(CodeRefused) as caught:
            codes.check(ALICE, code, clock.now(), within=within)
        assert caught.value.reason is CodeRefusal.USED


@dataclasses.dataclass
class RacedStore(MemoryStore):
    """`meanwhile` runs once before a code is spent, as a parallel request would."""

    meanwhile: list[Callable[[], None]] = dataclasses.field(default_factory=list)

    def swap(self, *args: Any, **kwargs: Any) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()
        super().swap(*args, **kwargs)


@pytest.mark.parametrize(("within", "is_accepted"), [("here", True), ("elsewhere", False), ("", False)])
def test_a_code_spent_between_two_steps_of_a_check_is_accepted_in_its_own_occasion_only(
    codes: MailCodes, clock: FixedClock, within: str, is_accepted: bool
) -> None:
    """Both halves of a double click at once; or two windows with one code, of which one signs in."""
    store = RacedStore(clock)
    codes = dataclasses.replace(codes, durable=store)
    code = sent(codes, ALICE, clock.now()).digits
    store.meanwhile.append(lambda: codes.check(ALICE, code, clock.now(), within="here"))
    if is_accepted:
        codes.check(ALICE, code, clock.now(), within=within)
    else:
        with pytest.raises(CodeRefused) as caught:
            codes.check(ALICE, code, clock.now(), within=within)
        assert caught.value.reason is CodeRefusal.USED
    assert store.meanwhile == []


def test_a_corrected_address_has_no_code_until_one_is_sent_there(codes: MailCodes, clock: FixedClock) -> None:
    wrong = dataclasses.replace(ALICE, purpose="enrolment", email="typo@hopital.example")
    right = dataclasses.replace(wrong, email="aicha@hopital.example")
    code = sent(codes, wrong, clock.now()).digits
    assert codes.state(wrong).expires_at is not None
    assert codes.state(right).expires_at is None
    with pytest.raises(CodeRefused):
        codes.check(right, code, clock.now())


def test_a_corrected_address_gets_its_code_at_once_within_the_quotas(
    codes: MailCodes, clock: FixedClock
) -> None:
    addresses = [
        dataclasses.replace(ALICE, purpose="enrolment", email=f"{number}@hopital.example")
        for number in range(6)
    ]
    first, *corrected, one_too_many = addresses
    sent(codes, first, clock.now())
    for address in corrected:
        clock.advance(seconds=5)
        codes.check(address, sent(codes, address, clock.now()).digits, clock.now())
    with pytest.raises(NotSent) as caught:
        sent(codes, one_too_many, clock.now())
    assert caught.value.reason is SendRefusal.QUOTA


def test_the_same_address_again_waits_for_its_minute(codes: MailCodes, clock: FixedClock) -> None:
    sent(codes, ALICE, clock.now())
    sent(codes, dataclasses.replace(ALICE, email="other@hopital.example"), clock.now())
    assert not_sent(codes, clock) is SendRefusal.TOO_SOON


def test_a_mail_that_never_left_costs_no_minute(codes: MailCodes, clock: FixedClock) -> None:
    first = sent(codes, ALICE, clock.now())
    codes.not_sent(ALICE)
    again = sent(codes, ALICE, clock.now())
    assert (again.digits, again.is_repeated) == (first.digits, True)


def test_a_code_that_is_lost_while_it_is_checked_is_not_accepted(clock: FixedClock) -> None:
    store = RacedStore(clock)
    codes = MailCodes(store=MemoryStore(clock), durable=store, key=b"k" * 32, limits=MailCodeSettings())
    code = sent(codes, ALICE, clock.now()).digits
    store.meanwhile.append(lambda: store.records.clear())
    assert refused(codes, clock, code) is CodeRefusal.EXPIRED


def test_the_code_is_the_one_drawn(store: MemoryStore, durable: MemoryStore, clock: FixedClock) -> None:
    codes = MailCodes(
        store=store, durable=durable, key=b"k" * 32, limits=dataclasses.replace(HOUSE, fixed="7" * 8)
    )
    assert sent(codes, ALICE, clock.now()).digits == "77777777"
    codes.check(ALICE, "77777777", clock.now())
    assert refused(codes, clock, "77777777") is CodeRefusal.USED  # once, as any other


def test_no_code_is_fixed_unless_said_otherwise() -> None:
    assert HOUSE.fixed == ""


def test_the_accepted_code_is_not_guessed_where_a_second_click_may_bring_it(
    codes: MailCodes, clock: FixedClock
) -> None:
    code = sent(codes, ALICE, clock.now()).digits
    assert not codes.is_repeated(ALICE, code, within="here")
    codes.check(ALICE, code, clock.now(), within="here")
    assert codes.is_repeated(ALICE, code, within="here")
    for guess, within in ((code, "elsewhere"), (code, ""), ("no code", "here"), (other(code), "here")):
        assert not codes.is_repeated(ALICE, guess, within=within)
    for _ in range(9):
        codes.is_repeated(ALICE, other(code), within="here")
    assert not codes.is_repeated(ALICE, code, within="here")
