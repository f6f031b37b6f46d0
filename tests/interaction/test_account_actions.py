"""The stops of the account are due after a proof of who the person is, in this very sign-in: never for a session."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.account import ClosedFor, PasswordClosure
from idp.accounts.email_change import ProvedAgain
from idp.interaction.account_actions import EmailAgainAction, PasswordClosedAction, PasswordRenewalAction
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import Interaction
from tests.fakes import NOON
from tests.people import a_standing, an_account, an_event, an_interaction

AGAIN = EmailAgainAction(
    ProvedAgain(after=timedelta(days=365), put_off_for=timedelta(days=7), offered_for=timedelta(days=14)),
    fresh_for=timedelta(minutes=10),
)
CLOSED, RENEWAL = PasswordClosedAction(), PasswordRenewalAction()
OLD = a_standing(an_account(email_verified_at=NOON - timedelta(days=366)))
CLOSURE = PasswordClosure(at=NOON, motive=ClosedFor.EMAIL_DISOWNED)
SHUT = a_standing(an_account(password_closure=CLOSURE))


def proved_by(*names: AuthenticatorId) -> Interaction:
    return an_interaction(events=tuple(an_event(name) for name in names))


@pytest.mark.parametrize("name", ["cps", "psc"])
def test_they_are_due_after_the_card_and_pro_sante_connect(name: AuthenticatorId) -> None:
    assert AGAIN.due(OLD, proved_by(name), NOON)
    assert CLOSED.due(SHUT, proved_by(name), NOON)


@pytest.mark.parametrize("names", [("password", "email_otp"), ("cps_unchecked",), ()])
def test_they_are_not_after_what_proves_less(names: tuple[AuthenticatorId, ...]) -> None:
    assert not AGAIN.due(OLD, proved_by(*names), NOON)
    assert not CLOSED.due(SHUT, proved_by(*names), NOON)


def test_an_old_proof_or_one_without_its_moment_opens_no_address() -> None:
    """Pro Santé Connect may have identified the person this morning, and another one sits there now."""
    for event in (
        replace(an_event("psc"), at=NOON - timedelta(minutes=11)),
        replace(an_event("psc"), is_moment_told=False),
    ):
        interaction = an_interaction(events=(event,), started_at=NOON)
        assert not AGAIN.due(OLD, interaction, NOON)
        assert CLOSED.due(SHUT, interaction, NOON)


def test_what_a_session_lends_asks_for_neither() -> None:
    events = (an_event("cps"),)
    lent = an_interaction(events=events, lent=events, sid="sid-1")
    assert not AGAIN.due(OLD, lent, NOON)
    assert not CLOSED.due(SHUT, lent, NOON)


LISTED = a_standing(an_account(password_listed_at=NOON))


@pytest.mark.parametrize(
    ("names", "is_due"),
    [
        (("password", "email_otp"), True),
        (("password", "password_passkey"), True),
        (("password", "passkey"), True),
        (("password",), False),
        (("passkey",), False),
        (("cps",), False),
        (("password", "psc"), False),
        (("password", "email_otp", "cps"), False),
        ((), False),
    ],
)
def test_a_listed_password_is_renewed_where_it_was_typed_and_all_was_proved(
    names: tuple[AuthenticatorId, ...], is_due: bool
) -> None:
    assert RENEWAL.due(LISTED, proved_by(*names), NOON) is is_due
    assert not RENEWAL.due(a_standing(), proved_by(*names), NOON)


@pytest.mark.parametrize("typed_here", [(), ("password",), ("email_otp",)])
def test_half_of_it_lent_by_a_session_chooses_no_password(typed_here: tuple[AuthenticatorId, ...]) -> None:
    events = (an_event("password"), an_event("email_otp"))
    lent = tuple(event for event in events if event.authenticator not in typed_here)
    interaction = an_interaction(events=events, lent=lent, sid="sid-1")
    assert not RENEWAL.due(LISTED, interaction, NOON)


def test_a_young_address_and_an_open_password_ask_for_nothing() -> None:
    assert not AGAIN.due(a_standing(), proved_by("cps"), NOON)
    assert not CLOSED.due(a_standing(), proved_by("cps"), NOON)


def test_who_was_told_is_not_told_again() -> None:
    told = a_standing(an_account(password_closure=replace(CLOSURE, told_at=NOON)))
    assert not CLOSED.due(told, proved_by("cps"), NOON)
