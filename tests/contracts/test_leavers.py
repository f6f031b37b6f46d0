"""Unused accounts on both databases: found by their last sign-in, warned once, and left alone by whoever signs in."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.leavers import SqlLastSignIns, SqlUnusedAccounts
from tests.contracts.specimens import ALICE, LATER, NOON, an_account

YEAR = timedelta(days=365)


def test_an_account_is_as_unused_as_it_is_old_until_its_first_sign_in(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    unused = SqlUnusedAccounts(database)
    assert unused.to_warn(NOON, 9) == []
    assert unused.to_warn(LATER, 9) == [ALICE]
    SqlLastSignIns(database).record(ALICE, LATER)
    assert unused.to_warn(LATER, 9) == []
    assert SqlAccounts(database).get(ALICE).signed_in_at == LATER


def test_a_sign_in_makes_no_change_of_the_account_stale_and_none_takes_it_back(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    read = accounts.get(ALICE)
    SqlLastSignIns(database).record(ALICE, LATER)
    accounts.save(replace(read, locale="en"))
    assert accounts.get(ALICE).signed_in_at == LATER


def test_those_unused_the_longest_come_first_and_closed_ones_not_at_all(database: Engine) -> None:
    accounts, unused = SqlAccounts(database), SqlUnusedAccounts(database)
    for number, ago in ((1, 1), (2, 3), (3, 2)):
        accounts.add(an_account(number, created_at=NOON - ago * YEAR))
    accounts.add(an_account(4, created_at=NOON - 9 * YEAR, enabled=False))
    accounts.add(an_account(5, created_at=NOON - 9 * YEAR, closing_at=LATER))
    assert unused.to_warn(NOON, 9) == ["account-2", "account-3", "account-1"]
    assert unused.to_warn(NOON, 1) == ["account-2"]
    assert unused.to_warn(NOON - 2 * YEAR, 9) == ["account-2"]


def test_an_account_is_warned_once_and_disabled_only_after_that(database: Engine) -> None:
    SqlAccounts(database).add(an_account(created_at=NOON - YEAR))
    unused = SqlUnusedAccounts(database)
    assert unused.to_disable(NOON, LATER, 9) == []
    assert unused.warn(ALICE, NOON, NOON)
    assert not unused.warn(ALICE, NOON, NOON)
    assert unused.to_warn(NOON, 9) == []
    assert unused.to_disable(NOON, NOON, 9) == []
    assert unused.to_disable(NOON, LATER, 9) == [ALICE]


def test_whether_it_is_still_unused_is_asked_at_the_last_moment(database: Engine) -> None:
    accounts, unused = SqlAccounts(database), SqlUnusedAccounts(database)
    accounts.add(an_account(created_at=NOON - YEAR))
    assert unused.is_still(ALICE, NOON)
    assert not unused.is_still(ALICE, NOON - YEAR)
    SqlLastSignIns(database).record(ALICE, LATER)
    assert not unused.is_still(ALICE, LATER)
    assert unused.is_still(ALICE, LATER + YEAR)
    accounts.save(replace(accounts.get(ALICE), enabled=False))
    assert not unused.is_still(ALICE, LATER + YEAR)


def test_who_signs_in_after_the_warning_is_left_alone_and_warned_anew_another_time(database: Engine) -> None:
    SqlAccounts(database).add(an_account(created_at=NOON - YEAR))
    unused = SqlUnusedAccounts(database)
    unused.warn(ALICE, NOON, NOON)
    SqlLastSignIns(database).record(ALICE, NOON)
    assert unused.to_disable(LATER, LATER, 9) == []
    assert not unused.warn(ALICE, NOON, LATER)
    assert unused.warn(ALICE, LATER, LATER)
