"""The stops of the account are due after a proof of who the person is, in this very sign-in: never for a session."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.accounts.account import ClosedFor, PasswordClosure
from idp.accounts.email_change import ProvedAgain
from idp.interaction.account_actions import EmailAgainAction, PasswordClosedAction
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import Interaction
from tests.fakes import NOON
from tests.people import a_standing, an_account, an_event, an_interaction

AGAIN = EmailAgainAction(
    ProvedAgain(after=timedelta(days=365), put_off_for=timedelta(days=7)), fresh_for=timedelta(minutes=10)
)
CLOSED = PasswordClosedAction()
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


def test_a_young_address_and_an_open_password_ask_for_nothing() -> None:
    assert not AGAIN.due(a_standing(), proved_by("cps"), NOON)
    assert not CLOSED.due(a_standing(), proved_by("cps"), NOON)


def test_who_was_told_is_not_told_again() -> None:
    told = a_standing(an_account(password_closure=replace(CLOSURE, told_at=NOON)))
    assert not CLOSED.due(told, proved_by("cps"), NOON)
