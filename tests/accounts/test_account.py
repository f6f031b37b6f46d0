"""What an account row says of its person: may they enter, and what of before is void."""

from datetime import timedelta

from idp.accounts.account import NO_PASSWORD
from tests.fakes import NOON
from tests.people import an_account


def test_a_disabled_account_may_not_sign_in() -> None:
    assert an_account().may_sign_in
    assert not an_account(enabled=False).may_sign_in


def test_what_began_before_an_event_of_the_account_is_void_and_what_began_with_it_holds() -> None:
    account = an_account(not_before=NOON)
    assert account.has_voided(NOON - timedelta(microseconds=1))
    assert not account.has_voided(NOON)
    assert not an_account().has_voided(NOON)


def test_an_account_made_while_the_password_door_was_closed_has_no_password() -> None:
    assert an_account(password_hash="$argon2id$").has_password
    assert not an_account(password_hash=NO_PASSWORD).has_password
