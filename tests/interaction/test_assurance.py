"""What the events of a login are worth."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.assurance import EARNED, LADDER, RANK, assurance_of
from idp.interaction.authenticator import Acr
from idp.interaction.record import AuthenticationEvent
from tests.fakes import NOON
from tests.people import an_event


def test_no_event_is_worth_nothing() -> None:
    assert assurance_of([]) is None


@pytest.mark.parametrize("half", ["password", "email_otp"])
def test_half_of_the_password_path_is_worth_nothing(half: str) -> None:
    assert assurance_of([an_event(half)]) is None  # type: ignore[arg-type]


def test_password_and_mail_code_are_pwd_and_otp_and_never_mfa() -> None:
    found = assurance_of([an_event("password", 1), an_event("email_otp", 2)])
    assert found is not None
    assert (found.acr, found.amr) == (Acr.PWD_OTP, ("pwd", "otp"))
    assert found.auth_time == NOON + timedelta(minutes=2)
    assert found.upstream_acr is None


def test_the_card_is_chip_pin_hardware_key_and_two_factors() -> None:
    found = assurance_of([an_event("cps", 1)])
    assert found is not None
    assert (found.acr, found.amr) == (Acr.CPS, ("sc", "pin", "hwk", "mfa"))


def test_pro_sante_connect_is_quoted_and_not_translated() -> None:
    event = an_event("psc", 1, upstream_acr="eidas1", upstream_auth_mode="CARD")
    found = assurance_of([event])
    assert found is not None
    assert (found.acr, found.upstream_acr, found.upstream_auth_mode) == (Acr.PSC, "eidas1", "CARD")
    assert found.amr == event.amr


def test_a_card_login_quotes_nothing_of_an_older_upstream_login() -> None:
    found = assurance_of([an_event("psc", 1, upstream_acr="eidas1"), an_event("cps", 2)])
    assert found is not None
    assert (found.acr, found.upstream_acr, found.upstream_auth_mode) == (Acr.CPS, None, None)


def test_of_two_paths_of_one_rank_the_more_recent_speaks() -> None:
    earlier_card = assurance_of([an_event("cps", 1), an_event("psc", 2)])
    earlier_psc = assurance_of([an_event("psc", 1), an_event("cps", 2)])
    assert earlier_card is not None
    assert earlier_psc is not None
    assert (earlier_card.acr, earlier_psc.acr) == (Acr.PSC, Acr.CPS)


def test_the_stronger_path_speaks_even_when_older() -> None:
    found = assurance_of([an_event("cps", 1), an_event("password", 5), an_event("email_otp", 6)])
    assert found is not None
    assert (found.acr, found.auth_time) == (Acr.CPS, NOON + timedelta(minutes=1))


def test_the_newest_event_of_an_authenticator_gives_the_time() -> None:
    found = assurance_of([an_event("cps", 9), an_event("cps", 1)])
    assert found is not None
    assert found.auth_time == NOON + timedelta(minutes=9)


def test_the_order_is_pwd_otp_below_cps_equal_to_psc() -> None:
    assert RANK[Acr.PWD_OTP] < RANK[Acr.CPS] == RANK[Acr.PSC]


def test_a_card_of_unknown_status_is_no_more_than_a_password_and_says_so() -> None:
    assert RANK[Acr.CPS_UNCHECKED] == RANK[Acr.PWD_OTP]
    found = assurance_of([an_event("cps_unchecked")])
    assert found is not None
    assert found.acr is Acr.CPS_UNCHECKED
    assert ("cps_unchecked",) not in LADDER[Acr.CPS]


def test_every_path_of_the_ladder_is_as_strong_as_its_rung() -> None:
    for needed, paths in LADDER.items():
        assert paths
        assert all(RANK[EARNED[path]] >= RANK[needed] for path in paths)
    assert ("password", "email_otp") not in LADDER[Acr.CPS]


def test_no_acr_of_ours_looks_like_an_eidas_level() -> None:
    assert all(acr.startswith("urn:caducee:acr:") for acr in Acr)


_NAMES = ("psc", "cps", "password", "email_otp")
_event = st.builds(an_event, st.sampled_from(_NAMES), st.floats(min_value=0, max_value=600))


@given(st.lists(_event, max_size=8))
def test_what_is_claimed_was_proved(events: list[AuthenticationEvent]) -> None:
    found = assurance_of(events)
    done = {event.authenticator for event in events}
    if found is None:
        assert not any(done.issuperset(path) for path in EARNED)
        return
    path = next(path for path, acr in EARNED.items() if acr is found.acr)
    assert done.issuperset(path)
    assert found.auth_time in {event.at for event in events}
    if not done & {"psc", "cps"}:
        assert "mfa" not in found.amr


def test_the_order_of_the_events_changes_nothing() -> None:
    events = [an_event("psc", 3), an_event("cps", 1), an_event("password", 2), an_event("email_otp", 4)]
    assert len({assurance_of(order) for order in itertools.permutations(events)}) == 1
