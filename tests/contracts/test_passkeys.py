"""The contract of `Passkeys` on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.passkeys import Owned, PasskeyGone, PasskeyTaken, PasskeyUse, TooManyPasskeys
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.work import SqlUnitOfWork
from tests.contracts.specimens import ALICE, LATER, NOON, an_account
from tests.passkeys import a_passkey

BOB = AccountId("account-2")
PHONE = a_passkey(account_id=ALICE, is_synced=True, is_backed_up=True, sign_count=4, created_at=NOON)
KEY = a_passkey(
    account_id=ALICE, id="passkey-2", credential_id="a2V5", name="", transports=(), created_at=LATER
)
USE = PasskeyUse(sign_count=5, is_backed_up=False)


@pytest.fixture
def passkeys(database: Engine) -> SqlPasskeys:
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    return SqlPasskeys(database)


def test_those_of_one_person_come_back_as_they_were_the_oldest_first(passkeys: SqlPasskeys) -> None:
    assert passkeys.of(ALICE) == ()
    for one in (KEY, PHONE):
        passkeys.add(one, most=2)
    assert passkeys.of(ALICE) == (PHONE, KEY)
    assert passkeys.of(BOB) == ()


def test_one_is_found_with_its_account_by_its_credential_alone(passkeys: SqlPasskeys) -> None:
    passkeys.add(PHONE, most=2)
    assert passkeys.find(PHONE.credential_id) == Owned(PHONE, an_account(1))
    for other in (KEY.credential_id, PHONE.id, "", "\x00", "\ud800", PHONE.credential_id.lower()):
        assert passkeys.find(other) is None


def test_one_credential_is_kept_once_whoever_brings_it(passkeys: SqlPasskeys) -> None:
    passkeys.add(PHONE, most=2)
    with pytest.raises(PasskeyTaken):
        passkeys.add(replace(PHONE, id="another", account_id=BOB), most=2)
    assert (passkeys.of(BOB), passkeys.of(ALICE)) == ((), (PHONE,))


def test_a_person_has_no_more_than_so_many(passkeys: SqlPasskeys) -> None:
    passkeys.add(PHONE, most=1)
    with pytest.raises(TooManyPasskeys):
        passkeys.add(KEY, most=1)
    passkeys.add(replace(KEY, account_id=BOB), most=1)
    assert passkeys.of(ALICE) == (PHONE,)


def test_of_one_added_twice_at_once_one_is_kept(passkeys: SqlPasskeys) -> None:
    def add(number: int) -> bool:
        try:
            passkeys.add(replace(PHONE, id=f"passkey-{number}"), most=10)
        except PasskeyTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(add, range(4))) == [False, False, False, True]
    assert len(passkeys.of(ALICE)) == 1


def test_a_use_keeps_what_the_passkey_said_and_when(passkeys: SqlPasskeys) -> None:
    for one in (PHONE, KEY):
        passkeys.add(one, most=2)
    passkeys.used(PHONE, USE, LATER)
    assert passkeys.of(ALICE) == (
        replace(PHONE, sign_count=5, is_backed_up=False, last_used_at=LATER),
        KEY,
    )


def test_a_use_of_one_that_was_removed_writes_nothing_of_its_unit(
    passkeys: SqlPasskeys, database: Engine
) -> None:
    for one in (PHONE, KEY):
        passkeys.add(one, most=2)
    assert passkeys.remove(ALICE, PHONE.id)

    def use_both() -> None:
        with SqlUnitOfWork(database).together():
            passkeys.used(KEY, USE, LATER)
            passkeys.used(PHONE, USE, LATER)

    with pytest.raises(PasskeyGone):
        use_both()
    assert passkeys.of(ALICE) == (KEY,)


def test_only_its_owner_renames_or_removes_one_and_removes_it_once(passkeys: SqlPasskeys) -> None:
    passkeys.add(PHONE, most=2)
    assert not passkeys.rename(BOB, PHONE.id, "À moi")
    assert not passkeys.remove(BOB, PHONE.id)
    for no_id in ("", "\x00", KEY.id):
        assert not passkeys.remove(ALICE, no_id)
    assert passkeys.rename(ALICE, PHONE.id, "Le « neuf »")
    assert passkeys.of(ALICE) == (replace(PHONE, name="Le « neuf »"),)
    assert (passkeys.remove(ALICE, PHONE.id), passkeys.remove(ALICE, PHONE.id)) == (True, False)
    assert passkeys.find(PHONE.credential_id) is None


def test_who_declined_the_offer_is_remembered(passkeys: SqlPasskeys, database: Engine) -> None:
    passkeys.decline(ALICE, NOON)
    passkeys.decline(ALICE, NOON + timedelta(days=1))
    accounts = SqlAccounts(database)
    assert [accounts.get(one).declines_passkeys for one in (ALICE, BOB)] == [True, False]
