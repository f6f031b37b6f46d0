"""What an account row says of its person: may they enter, and what of before is void."""

from dataclasses import replace

import pytest

from idp.accounts.account import NO_PASSWORD
from idp.accounts.repository import save_changed
from idp.core.ephemeral import StoreUnavailable
from tests.fakes import MemoryAccounts, WorkAtOnce
from tests.people import ALICE, an_account


def test_a_disabled_account_may_not_sign_in() -> None:
    assert an_account().may_sign_in
    assert not an_account(enabled=False).may_sign_in


def test_what_began_before_an_event_of_the_account_is_void_and_what_began_with_it_holds() -> None:
    before = an_account()
    after = before.next_generation()
    assert not before.has_voided(before.generation)
    assert after.has_voided(before.generation)
    assert not after.has_voided(after.generation)


def test_an_account_made_while_the_password_door_was_closed_has_no_password() -> None:
    assert an_account(password_hash="$argon2id$").has_password
    assert not an_account(password_hash=NO_PASSWORD).has_password


def test_a_decision_that_other_writers_overtake_at_every_try_is_told_and_not_lost_in_silence() -> None:
    accounts = MemoryAccounts({ALICE: an_account()})

    def touched() -> None:
        accounts.accounts[ALICE] = replace(
            accounts.accounts[ALICE], version=accounts.accounts[ALICE].version + 1
        )

    accounts.meanwhile = [touched] * 100
    with pytest.raises(StoreUnavailable):
        save_changed(
            WorkAtOnce(), accounts, ALICE, lambda account: replace(account, enabled=False), lambda: None
        )
    assert accounts.accounts[ALICE].enabled
