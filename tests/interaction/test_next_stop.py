"""The one function that names the next page: every combination of facts, against a table written by hand and a rule."""

import dataclasses
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.account import Account, ClosedFor, PasswordClosure
from idp.accounts.standing import Standing
from idp.interaction.assurance import RANK, assurance_of
from idp.interaction.authenticator import Acr, AuthenticatorId, Doors
from idp.interaction.next_stop import Itinerary, next_stop
from idp.interaction.record import AuthenticationEvent, Interaction, PendingEnrolment
from idp.interaction.stop import SILENT_ERROR, Stop
from tests.fakes import NOON
from tests.people import ALICE, a_standing, an_account, an_event, an_identity, an_interaction, doors

PSC, CPS, PASSWORD, OTP = "psc", "cps", "password", "email_otp"
ALL: tuple[AuthenticatorId, ...] = ("psc", "cps", "password", "email_otp")
EVERY_DOOR = frozenset({PSC, CPS, PASSWORD})
CARD_ONLY, CARD_AND_PSC = frozenset({"cps"}), frozenset({"cps", "psc"})
PENDING = PendingEnrolment("a@b.example", "$argon2id$", an_account().address)


@dataclass(frozen=True)
class Charter:
    is_due: bool
    name: str = "charter"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        return self.is_due


def stop(
    interaction: Interaction,
    account: Account | None,
    *,
    open_doors: Iterable[str] = EVERY_DOOR,
    charter_due: bool = False,
    sources: frozenset[str] = CARD_ONLY,
    is_station_shared: bool = False,
) -> Stop | None:
    return next_stop(
        interaction,
        None if account is None else a_standing(account),
        doors=doors(open_doors),
        actions=[Charter(charter_due)],
        enrolment_sources=sources,
        is_station_shared=is_station_shared,
        now=NOON + timedelta(minutes=5),
    )


def signed_in(*names: AuthenticatorId, needed: Acr = Acr.PWD_OTP) -> Interaction:
    return an_interaction(account_id=ALICE, needed=needed, events=tuple(an_event(name) for name in names))


# Known person: done, needed, doors, charter due → stop.
WRITTEN: list[tuple[tuple[AuthenticatorId, ...], Acr, frozenset[str], bool, Stop | None]] = [
    ((), Acr.PWD_OTP, EVERY_DOOR, False, Stop.CHOICE),
    (("psc",), Acr.PWD_OTP, EVERY_DOOR, False, None),
    (("psc",), Acr.PSC, EVERY_DOOR, False, None),
    (("psc",), Acr.CPS, EVERY_DOOR, False, None),
    (("cps",), Acr.PSC, EVERY_DOOR, False, None),
    (("cps",), Acr.CPS, EVERY_DOOR, True, Stop.CHARTER),
    (("password",), Acr.PWD_OTP, EVERY_DOOR, False, Stop.EMAIL_OTP),
    (("password",), Acr.PWD_OTP, EVERY_DOOR, True, Stop.EMAIL_OTP),
    (("email_otp",), Acr.PWD_OTP, EVERY_DOOR, False, Stop.CHOICE),
    (("password", "email_otp"), Acr.PWD_OTP, EVERY_DOOR, False, None),
    (("password", "email_otp"), Acr.PWD_OTP, EVERY_DOOR, True, Stop.CHARTER),
    (("password", "email_otp"), Acr.CPS, EVERY_DOOR, False, Stop.CHOICE),
    (("password", "email_otp"), Acr.PSC, EVERY_DOOR, True, Stop.CHOICE),
    (("password",), Acr.CPS, EVERY_DOOR, False, Stop.CHOICE),
    (("password", "email_otp"), Acr.PWD_OTP, frozenset({PSC, CPS}), False, Stop.CHOICE),
    (("password",), Acr.PWD_OTP, frozenset({PSC, CPS}), False, Stop.CHOICE),
    (("psc",), Acr.PWD_OTP, frozenset({CPS, PASSWORD}), False, Stop.CHOICE),
    (("psc", "password"), Acr.PWD_OTP, frozenset({CPS, PASSWORD}), False, Stop.EMAIL_OTP),
    (("cps",), Acr.CPS, frozenset({PSC}), False, Stop.CHOICE),
    (("cps",), Acr.CPS, frozenset(), False, Stop.CHOICE),
    (("cps_unchecked",), Acr.PWD_OTP, EVERY_DOOR, False, None),
    (("cps_unchecked",), Acr.PWD_OTP, EVERY_DOOR, True, Stop.CHARTER),
    (("cps_unchecked",), Acr.CPS, EVERY_DOOR, False, Stop.CHOICE),
    (("cps_unchecked",), Acr.PSC, EVERY_DOOR, False, Stop.CHOICE),
    (("cps_unchecked",), Acr.PWD_OTP, frozenset({PSC}), False, Stop.CHOICE),
    (ALL, Acr.PSC, EVERY_DOOR, False, None),
    (ALL, Acr.PSC, frozenset(), False, Stop.CHOICE),
]


@pytest.mark.parametrize(("done", "needed", "open_doors", "charter_due", "expected"), WRITTEN)
def test_a_known_person_goes_to_the_stop_of_the_written_table(
    done: tuple[AuthenticatorId, ...],
    needed: Acr,
    open_doors: frozenset[str],
    charter_due: bool,
    expected: Stop | None,
) -> None:
    interaction = signed_in(*done, needed=needed)
    assert stop(interaction, an_account(), open_doors=open_doors, charter_due=charter_due) == expected


def _expected(counting: set[str], needed: Acr, open_doors: Iterable[str], charter_due: bool) -> Stop | None:
    """The rule in the words of the design, not of the code."""
    has_strong = bool({PSC, CPS} & set(open_doors) & counting)
    may_be_weak = needed in (Acr.PWD_OTP, Acr.CPS_UNCHECKED) and PASSWORD in open_doors
    if has_strong or (may_be_weak and {PASSWORD, OTP} <= counting):
        return Stop.CHARTER if charter_due else None
    return Stop.EMAIL_OTP if may_be_weak and PASSWORD in counting else Stop.CHOICE


def test_every_combination_of_facts_follows_the_rule() -> None:
    ages = {"absent": None, "stale": -10.0, "fresh": 1.0}
    seen = 0
    for states in itertools.product(ages, repeat=len(ALL)):
        events = tuple(
            an_event(name, minutes)
            for name, state in zip(ALL, states, strict=True)
            if (minutes := ages[state]) is not None
        )
        present = {name for name, state in zip(ALL, states, strict=True) if state != "absent"}
        fresh = {name for name, state in zip(ALL, states, strict=True) if state == "fresh"}
        for fresh_after, needed, charter_due, size in itertools.product(
            (None, NOON), Acr, (True, False), range(4)
        ):
            interaction = an_interaction(
                account_id=ALICE, events=events, fresh_after=fresh_after, needed=needed
            )
            for open_doors in itertools.combinations(sorted(EVERY_DOOR), size):
                counting = present if fresh_after is None else fresh
                found = stop(interaction, an_account(), open_doors=open_doors, charter_due=charter_due)
                assert found == _expected(counting, needed, open_doors, charter_due), (
                    states,
                    needed,
                    open_doors,
                )
                seen += 1
    assert seen == 3**4 * 2 * len(Acr) * 2 * 8


@pytest.mark.parametrize(
    ("source", "typed", "sources", "expected"),
    [
        (None, False, CARD_ONLY, Stop.CHOICE),
        (None, True, CARD_ONLY, Stop.CHOICE),
        (None, False, CARD_AND_PSC, Stop.CHOICE),
        ("cps", False, CARD_ONLY, Stop.ENROLMENT),
        ("cps", True, CARD_ONLY, Stop.EMAIL_OTP),
        ("psc", False, CARD_ONLY, Stop.FIRST_CONNECTION),
        ("psc", True, CARD_ONLY, Stop.FIRST_CONNECTION),
        ("psc", False, CARD_AND_PSC, Stop.ENROLMENT),
        ("psc", True, CARD_AND_PSC, Stop.EMAIL_OTP),
    ],
)
@pytest.mark.parametrize("needed", list(Acr))
@pytest.mark.parametrize("fresh_after", [None, NOON])
def test_somebody_without_account_enrols_from_the_allowed_source_only(
    source: str | None,
    typed: bool,
    sources: frozenset[str],
    expected: Stop,
    needed: Acr,
    fresh_after: datetime | None,
) -> None:
    interaction = an_interaction(
        identity=None if source is None else an_identity(source=source),
        enrolment=PENDING if typed else None,
        events=tuple(an_event(name, 1) for name in ALL),
        needed=needed,
        fresh_after=fresh_after,
    )
    for charter_due, open_doors in itertools.product((True, False), (EVERY_DOOR, frozenset[str]())):
        assert (
            stop(interaction, None, sources=sources, charter_due=charter_due, open_doors=open_doors)
            == expected
        )


def test_no_code_is_ever_due_for_nobody() -> None:
    """Whatever the events say, without an account there is a page."""
    for size in range(5):
        for names in itertools.combinations(ALL, size):
            interaction = an_interaction(events=tuple(an_event(name) for name in names))
            assert stop(interaction, None) is Stop.CHOICE


def test_the_newest_event_of_an_authenticator_is_the_one_that_counts() -> None:
    interaction = an_interaction(
        account_id=ALICE, fresh_after=NOON, events=(an_event("cps", 2), an_event("cps", -30))
    )
    assert stop(interaction, an_account()) is None


def test_an_event_at_the_very_instant_asked_for_is_fresh() -> None:
    interaction = an_interaction(account_id=ALICE, fresh_after=NOON, events=(an_event("cps", 0),))
    assert stop(interaction, an_account()) is None


def test_a_client_that_closed_a_door_does_not_count_its_events() -> None:
    closed_here = Doors(frozenset({PSC}), allowed_for=lambda client: ("cps",))
    found = next_stop(
        signed_in("psc"),
        a_standing(),
        doors=closed_here,
        actions=[],
        enrolment_sources=CARD_ONLY,
        is_station_shared=False,
        now=NOON,
    )
    assert found is Stop.CHOICE


def test_duties_come_in_the_order_of_the_house() -> None:
    @dataclass(frozen=True)
    class Other(Charter):
        name: str = "enrolment"

    def first(*actions: Charter) -> Stop | None:
        return next_stop(
            signed_in("cps"),
            a_standing(),
            doors=doors(EVERY_DOOR),
            actions=actions,
            enrolment_sources=CARD_ONLY,
            is_station_shared=False,
            now=NOON,
        )

    assert first(Charter(True), Other(True)) is Stop.CHARTER
    assert first(Other(True), Charter(True)) is Stop.ENROLMENT
    assert first(Charter(False), Other(True)) is Stop.ENROLMENT


@pytest.mark.parametrize("charter_due", [True, False])
@pytest.mark.parametrize("needed", list(Acr))
def test_on_a_shared_station_the_question_comes_before_all_that_a_session_leads_to(
    needed: Acr, charter_due: bool
) -> None:
    for size in range(1, len(ALL) + 1):
        for names in itertools.combinations(ALL, size):
            taken = an_interaction(
                account_id=ALICE, sid="sid", needed=needed, events=tuple(an_event(name) for name in names)
            )
            asked = partial(stop, account=an_account(), charter_due=charter_due)
            assert asked(taken, is_station_shared=True) is Stop.SAME_PERSON
            assert asked(taken) is not Stop.SAME_PERSON
            confirmed = dataclasses.replace(taken, confirmed=True)
            assert asked(confirmed, is_station_shared=True) == asked(taken)


@pytest.mark.parametrize("is_station_shared", [False, True])
def test_what_the_account_voided_since_opens_no_page_in_the_persons_name(is_station_shared: bool) -> None:
    done = dataclasses.replace(signed_in("cps"), sid="sid-1")
    voided = an_account().next_generation()
    assert stop(done, voided, charter_due=True, is_station_shared=is_station_shared) is Stop.CHOICE


def test_a_password_that_was_closed_since_leads_to_no_code_and_a_whole_path_stays() -> None:
    closure = PasswordClosure(at=NOON, motive=ClosedFor.EMAIL_DISOWNED)
    closed = an_account(password_closure=closure)
    assert stop(signed_in("password"), an_account()) is Stop.EMAIL_OTP
    assert stop(signed_in("password"), closed) is Stop.CHOICE
    assert stop(signed_in("password", "email_otp"), closed) is None
    assert stop(signed_in("cps"), closed) is None


def test_in_a_shared_mailbox_a_passkey_takes_the_place_of_the_code_and_without_one_nothing_does() -> None:
    sharing = an_account(is_mailbox_shared=True)
    with_passkey = dataclasses.replace(sharing, has_passkey=True)
    every = {*EVERY_DOOR, "passkey"}
    asked = partial(stop, signed_in("password"), open_doors=every)
    assert (asked(an_account()), asked(sharing), asked(with_passkey)) == (
        Stop.EMAIL_OTP,
        Stop.CHOICE,
        Stop.PASSKEY,
    )
    # What a code there had proved counts no more; a passkey after the password does, and the card.
    assert stop(signed_in("password", "email_otp"), with_passkey, open_doors=every) is Stop.PASSKEY
    assert stop(signed_in("password", "password_passkey"), with_passkey, open_doors=every) is None
    assert stop(signed_in("cps"), sharing, open_doors=every) is None
    # Where passkeys are closed, nothing follows.
    assert stop(signed_in("password"), with_passkey) is Stop.CHOICE


def test_every_stop_has_its_silent_error() -> None:
    assert set(SILENT_ERROR) == set(Stop)
    assert set(SILENT_ERROR.values()) <= {"login_required", "interaction_required"}


_events = st.lists(
    st.builds(an_event, st.sampled_from(ALL), st.floats(min_value=-600, max_value=4)), max_size=8
).map(tuple)


@given(
    events=_events,
    needed=st.sampled_from(list(Acr)),
    open_doors=st.frozensets(st.sampled_from(sorted(EVERY_DOOR))),
    charter_due=st.booleans(),
    fresh_minutes=st.none() | st.integers(min_value=-600, max_value=4),
    identity=st.booleans(),
    known=st.booleans(),
)
def test_no_stop_is_left_only_when_a_whole_fresh_path_of_enough_rank_is_done_and_no_duty_is_due(
    events: tuple[AuthenticationEvent, ...],
    needed: Acr,
    open_doors: frozenset[str],
    charter_due: bool,
    fresh_minutes: int | None,
    identity: bool,
    known: bool,
) -> None:
    fresh_after = None if fresh_minutes is None else NOON + timedelta(minutes=fresh_minutes)
    interaction = an_interaction(
        account_id=ALICE if known else None,
        events=events,
        needed=needed,
        fresh_after=fresh_after,
        identity=an_identity() if identity else None,
    )
    account = an_account() if known else None
    if stop(interaction, account, open_doors=open_doors, charter_due=charter_due) is not None:
        return
    counting = tuple(event for event in events if fresh_after is None or event.at >= fresh_after)
    earned = assurance_of(counting)
    assert known
    assert not charter_due
    assert earned is not None
    assert RANK[earned.acr] >= RANK[needed]


def test_the_open_doors_are_the_first_steps_that_would_satisfy_the_request() -> None:
    house = Itinerary(doors(EVERY_DOOR), [], CARD_ONLY)
    assert {path[0] for path in house.paths(an_interaction())} == {
        PSC,
        CPS,
        "cps_unchecked",
        PASSWORD,
        "activation",
    }
    assert {path[0] for path in house.paths(an_interaction(needed=Acr.CPS))} == {PSC, CPS}
    no_password = Itinerary(doors({PSC}), [], CARD_ONLY)
    assert {path[0] for path in no_password.paths(an_interaction())} == {PSC}


def test_a_mail_code_without_its_password_door_opens_nothing() -> None:
    only_code = Doors(frozenset({"email_otp"}), allowed_for=lambda client: tuple(EVERY_DOOR))
    assert Itinerary(only_code, [], CARD_ONLY).paths(an_interaction()) == ()


PASSKEYS_TOO = EVERY_DOOR | {"passkey"}


@pytest.mark.parametrize(
    ("done", "needed", "open_doors", "expected"),
    [
        (("passkey",), Acr.PWD_OTP, PASSKEYS_TOO, None),
        (("passkey",), Acr.PASSKEY, PASSKEYS_TOO, None),
        (("passkey",), Acr.CPS, PASSKEYS_TOO, Stop.CHOICE),
        (("passkey",), Acr.PWD_OTP, EVERY_DOOR, Stop.CHOICE),
        (("password", "email_otp"), Acr.PASSKEY, PASSKEYS_TOO, Stop.CHOICE),
        (("password",), Acr.PASSKEY, PASSKEYS_TOO, Stop.CHOICE),
        (("password", "passkey"), Acr.PWD_OTP, PASSKEYS_TOO, None),
        (("cps",), Acr.PASSKEY, PASSKEYS_TOO, None),
    ],
)
def test_a_passkey_is_a_whole_path_that_no_card_is_asked_beside(
    done: tuple[AuthenticatorId, ...], needed: Acr, open_doors: frozenset[str], expected: Stop | None
) -> None:
    assert stop(signed_in(*done, needed=needed), an_account(), open_doors=open_doors) == expected


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (("password",), Stop.PASSKEY),
        (("password", "email_otp"), Stop.PASSKEY),
        (("password", "password_passkey"), None),
        (("password_passkey",), Stop.CHOICE),
        (("passkey",), None),
    ],
)
def test_where_it_is_demanded_the_password_wants_a_passkey_and_no_mail_code(
    done: tuple[AuthenticatorId, ...], expected: Stop | None
) -> None:
    house = Itinerary(doors(PASSKEYS_TOO, is_passkey_demanded=True), [], CARD_ONLY)
    found = house.next_stop(signed_in(*done), a_standing(an_account()), NOON, is_station_shared=False)
    assert found == expected
