"""One address of several accounts, on SQLite and PostgreSQL: who may come to it, and who shares it."""

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.repository import EmailTaken, RppsTaken
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database, reading
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import accounts as account_rows
from tests.contracts.races import PROCESSES, race
from tests.contracts.specimens import ALICE, an_account, with_rpps
from tests.passkeys import a_passkey

#: Of a process.
FEW = 6


class TestSharedMailboxes:
    """Where several accounts may have one address (docs/adr/0045)."""

    SAME = "AICHA.1@hopital.example"

    def shared(self, database: Engine) -> SqlAccounts:
        accounts = SqlAccounts(database, shares_mailboxes=True)
        accounts.add(an_account(1))
        accounts.add(an_account(2, email=self.SAME))
        return accounts

    def test_each_says_that_it_shares_and_is_found_with_the_others(self, database: Engine) -> None:
        accounts = self.shared(database)
        accounts.add(an_account(3))
        found = accounts.having_email(self.SAME)
        assert [(one.id, one.is_mailbox_shared) for one in found] == [
            ("account-1", True),
            ("account-2", True),
        ]
        assert accounts.find_by_rpps("10000000001").is_mailbox_shared  # type: ignore[union-attr]
        assert not accounts.get(AccountId("account-3")).is_mailbox_shared
        assert accounts.shared_addresses() == 1

    def test_the_last_one_left_is_alone_again(self, database: Engine) -> None:
        accounts = self.shared(database)
        accounts.save(replace(accounts.get(ALICE), email="own@x.fr"))
        assert not accounts.get(AccountId("account-2")).is_mailbox_shared
        assert accounts.shared_addresses() == 0

    def test_one_comes_by_a_change_and_leaves_and_comes_again(self, database: Engine) -> None:
        accounts = self.shared(database)
        accounts.add(an_account(3))
        for email in (self.SAME, "own@x.fr", self.SAME):
            accounts.save(replace(accounts.get(AccountId("account-3")), email=email))
        assert len(accounts.having_email(self.SAME)) == 3

    @pytest.mark.parametrize("leaver", [None, "account-1", "account-2"])
    def test_where_it_is_allowed_no_more_nobody_joins_and_who_is_there_may_change_anything_else(
        self, database: Engine, leaver: str | None
    ) -> None:
        shared, accounts = self.shared(database), SqlAccounts(database)
        if leaver is not None:
            shared.save(replace(shared.get(AccountId(leaver)), email="own@x.fr"))
        with pytest.raises(EmailTaken):
            accounts.add(an_account(3, email=self.SAME))
        accounts.add(an_account(4))
        with pytest.raises(EmailTaken):
            accounts.save(replace(accounts.get(AccountId("account-4")), email=self.SAME))
        for one in accounts.having_email(self.SAME):
            accounts.save(replace(one, locale="en"))
        assert {one.locale for one in accounts.having_email(self.SAME)} == {"en"}

    def test_an_rpps_is_refused_all_the_same(self, database: Engine) -> None:
        accounts = self.shared(database)
        with pytest.raises(RppsTaken):
            accounts.add(with_rpps(an_account(3, email=self.SAME), "10000000001"))

    def test_all_who_enrol_at_once_with_one_address_have_it(self, database_url: str) -> None:
        told = race(add_beside, open_database, database_url, threads=FEW)
        assert told == {"added": PROCESSES * FEW}

    def test_of_many_who_change_to_one_address_each_has_it_or_tries_again(
        self, database_url: str, database: Engine
    ) -> None:
        for number in range(FEW):
            SqlAccounts(database).add(an_account(number))
        told = race(change_to_the_same, open_database, database_url, threads=FEW)
        assert set(told) <= {"saved", "StaleAccount"}
        there = SqlAccounts(database).having_email("same@x.fr")
        assert there
        with reading(database) as connection:
            of_address = sa.select(sa.func.count()).where(account_rows.c.email_key == "same@x.fr")
            assert connection.execute(of_address).scalar_one() == 1


def test_an_account_says_whether_its_person_has_a_passkey(database: Engine) -> None:
    accounts, passkeys = SqlAccounts(database), SqlPasskeys(database)
    accounts.add(an_account())
    assert not accounts.get(ALICE).has_passkey
    passkeys.add(a_passkey(account_id=ALICE), most=1)
    assert accounts.get(ALICE).has_passkey
    passkeys.remove(ALICE, "passkey-1")
    assert not accounts.get(ALICE).has_passkey


def add_beside(database: Engine) -> str:
    drawn = os.urandom(8).hex()
    account = an_account(1, id=AccountId(drawn), subject=drawn, email="same@x.fr")
    SqlAccounts(database, shares_mailboxes=True).add(with_rpps(account, drawn))
    return "added"


def change_to_the_same(database: Engine) -> str:
    accounts = SqlAccounts(database, shares_mailboxes=True)
    account = accounts.get(AccountId(f"account-{os.urandom(1)[0] % FEW}"))
    accounts.save(replace(account, email="same@x.fr"))
    return "saved"
