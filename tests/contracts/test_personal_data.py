"""What is kept of a person is handed over whole, and nothing of another; and it goes whole when the account ends."""

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.erasure import NoLongerDue
from idp.accounts.personal_data import Withheld
from idp.accounts.repository import StaleAccount
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.erasure_schema import kept_acceptances
from idp.adapters.sql.personal_data import ACCOUNT, HELD, SECRETS, AtTheEnd, SqlPersonalData
from idp.adapters.sql.schema import metadata
from idp.adapters.sql.work import SqlUnitOfWork
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, a_revision, an_account

BOB = AccountId("account-2")
PSEUDONYM = "9" * 64

#: Tables of which no row is of one person, each with the reason. A new table is decided here or in `HELD`.
OF_NOBODY = {
    "charter_revisions": "texts of the operator, the same for all",
    "kept_acceptances": "of accounts erased since: a keyed hash, which no account of today leads to",
    "kept_logouts": "sealed messages of Pro Santé Connect, minutes old, of whom is not known until one is opened",
    "ephemeral": "records of minutes under hashed keys; the sessions among them are read by their own names",
    "audit_seals": "how many events each day had, whoever they are of",
    "epochs": "when the operator voided what began before, of everybody",
    "backups": "when a backup was taken",
    "schema_support": "a version of the code",
    "card_crls": "revocation lists of the authorities",
    "card_crl_entries": "numbers of revoked certificates, whoever has them",
    "card_crl_fetches": "when lists were fetched",
    "card_revocations": "numbers of revoked certificates, whoever has them",
    "heartbeats": "signs of life of processes",
    "leases": "which process does what",
}

HELD_TABLES = {held.table.name: held for held in HELD}


def test_each_table_is_handed_over_or_has_its_reason_not_to_be() -> None:
    tables = set(metadata.tables)
    assert HELD_TABLES.keys() | OF_NOBODY.keys() == tables
    assert not HELD_TABLES.keys() & OF_NOBODY.keys()


def leads_to_an_account(table: sa.Table) -> bool:
    return "account_id" in table.c or any(
        leads_to_an_account(key.column.table) or key.column.table.name == "accounts"
        for key in table.foreign_keys
    )


def test_no_table_that_leads_to_an_account_has_a_reason() -> None:
    assert {
        table.name for table in metadata.sorted_tables if leads_to_an_account(table)
    } <= HELD_TABLES.keys()


def test_each_secret_is_a_column() -> None:
    assert all(names <= set(metadata.tables[table].c.keys()) for table, names in SECRETS.items())
    hashes = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        if table.name in HELD_TABLES
        for column in table.c
        if "hash" in column.name or column.name.endswith("token_sha256")
    }
    assert hashes <= {(table, name) for table, names in SECRETS.items() for name in names}


def value_of(column: "sa.Column[Any]", number: int) -> Any:
    """Of this person, whatever the column holds."""
    kind = column.type.python_type if not isinstance(column.type, sa.types.TypeDecorator) else datetime
    if isinstance(column.type, sa.JSON):
        return {"of": f"person-{number}"}
    made: dict[type, Any] = {
        str: f"{column.table.name} {column.name} of person-{number}",
        int: number,
        bool: True,
        datetime: NOON + timedelta(days=number),
    }
    return made[kind]


def row_of(table: sa.Table, number: int) -> dict[str, Any]:
    tied = {
        "account_id": f"account-{number}",
        "grant_id": f"grant-{number}",
        "sid": f"sid of person-{number}",
        "charter": "house",
        "revision": "a",
        "recipient": an_account(number).email,
    }
    if table.name == "grants":
        tied["id"] = f"grant-{number}"
    return {column.name: tied.get(column.name, value_of(column, number)) for column in table.c}


@pytest.fixture
def full(database: Engine) -> Engine:
    """Two persons, each with a row in every table that may have one."""
    SqlCharters(database).publish(a_revision("a"))
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number, email=f"Mail.{number}@of-person-{number}.example"))
    for number in (1, 2):
        with writing(database) as connection:
            for table in metadata.sorted_tables:
                if table.name in HELD_TABLES and table.name != "accounts":
                    row = row_of(table, number)
                    if table.name in ("outbox", "dead_mails"):
                        row["recipient"] = f"Mail.{number}@of-person-{number}.example"
                    connection.execute(sa.insert(table).values(row))
    return database


def test_the_copy_holds_every_row_of_the_person_and_none_of_another(full: Engine) -> None:
    holdings = SqlPersonalData(full).of(ALICE)
    assert {holding.table: len(holding.rows) for holding in holdings} == dict.fromkeys(HELD_TABLES, 1)
    for holding in holdings:
        (row,) = holding.rows
        text = json.dumps(row, default=str)
        assert "person-1" in text or "account-1" in text, holding.table
        assert "person-2" not in text, holding.table
        assert "account-2" not in text, holding.table
        # Every column, so that a new one is handed over as well.
        assert list(row) == list(metadata.tables[holding.table].c.keys())


def test_the_copy_names_secrets_and_shows_none(full: Engine) -> None:
    holdings = {holding.table: holding.rows[0] for holding in SqlPersonalData(full).of(ALICE)}
    for table, names in SECRETS.items():
        for name in names:
            assert holdings[table][name] is Withheld.SECRET
    text = json.dumps(holdings, default=str)
    assert "argon2id" not in text
    assert "refresh_tokens token_sha256" not in text
    assert "outbox text" not in text
    SqlAccounts(full).save(replace(SqlAccounts(full).get(ALICE), password_hash=""))
    (account,) = next(one.rows for one in SqlPersonalData(full).of(ALICE) if one.table == "accounts")
    assert account["password_hash"] == ""


def test_nobody_has_nothing(full: Engine) -> None:
    assert all(not holding.rows for holding in SqlPersonalData(full).of(AccountId("nobody")))


# The end.


def closing(database: Engine, account_id: AccountId = ALICE, at: datetime | None = NOON) -> None:
    accounts = SqlAccounts(database)
    accounts.save(replace(accounts.get(account_id), closing_at=at))


def rows(database: Engine, account_id: AccountId) -> dict[str, int]:
    with reading(database) as connection:
        return {
            held.table.name: len(
                connection.execute(sa.select(held.table).where(held.theirs), {ACCOUNT: account_id}).all()
            )
            for held in HELD
        }


def everything_else(database: Engine) -> Iterator[tuple[str, list[Any]]]:
    with reading(database) as connection:
        for held in HELD:
            yield held.table.name, [tuple(row) for row in connection.execute(sa.select(held.table))]


def test_what_is_due_is_told_the_longest_first_and_nothing_else(database: Engine) -> None:
    accounts, erasures = SqlAccounts(database), SqlErasures(database)
    ends = {1: LATER, 2: NOON, 3: LATER + timedelta(seconds=1), 4: None}
    for number, at in ends.items():
        accounts.add(an_account(number, closing_at=at))
    assert erasures.due(LATER, 9) == ["account-2", "account-1"]
    assert erasures.due(LATER, 1) == ["account-2"]
    assert erasures.due(NOON - timedelta(seconds=1), 9) == []


def test_an_account_goes_with_every_row_and_others_stay(full: Engine) -> None:
    closing(full)
    before = rows(full, BOB)
    SqlErasures(full).erase(ALICE, LATER, PSEUDONYM)
    left = {held.table.name for held in HELD if held.at_the_end is AtTheEnd.LEFT}
    remaining = {name for name, found in everything_else(full) for row in found if "account-1" in row}
    assert remaining == left - {"ended_sessions"}
    # Neither the name nor the address of the person is in what is left.
    text = str([found for name, found in everything_else(full) if name in left])
    assert "Mail.1" not in text
    assert an_account(1).identity.rpps not in text
    assert rows(full, BOB) == before
    (kept,) = SqlErasures(full).evidence_of(PSEUDONYM)
    assert (kept.evidence.charter, kept.evidence.revision, kept.erased_at) == ("house", "a", LATER)
    assert kept.evidence.text_sha256 == "charter_acceptances text_sha256 of person-1"
    with reading(full) as connection:
        assert "account-1" not in str(connection.execute(sa.select(kept_acceptances)).all())


def test_the_person_may_enrol_anew_and_is_another_subject(full: Engine) -> None:
    closing(full)
    former = SqlAccounts(full).get(ALICE)
    SqlErasures(full).erase(ALICE, LATER, PSEUDONYM)
    SqlAccounts(full).add(replace(former, id=AccountId("again"), subject="new", closing_at=None))
    assert SqlCharters(full).evidence_of(AccountId("again")) == []
    assert all(
        not found for name, found in rows(full, AccountId("again")).items() if name not in ("accounts",)
    )


@pytest.mark.parametrize("at", [None, LATER + timedelta(seconds=1)])
def test_what_is_not_due_is_not_erased(full: Engine, at: datetime | None) -> None:
    closing(full, at=at)
    before = rows(full, ALICE)
    with pytest.raises(NoLongerDue):
        SqlErasures(full).erase(ALICE, LATER, PSEUDONYM)
    assert rows(full, ALICE) == before
    assert SqlErasures(full).evidence_of(PSEUDONYM) == []


def test_an_end_that_fails_half_way_leaves_everything(full: Engine) -> None:
    closing(full)
    before = rows(full, ALICE)
    with suppress(ZeroDivisionError), SqlUnitOfWork(full).as_one_step():
        SqlErasures(full).erase(ALICE, LATER, PSEUDONYM)
        raise ZeroDivisionError
    assert rows(full, ALICE) == before


def test_evidence_is_kept_as_long_as_the_operator_says(full: Engine) -> None:
    closing(full)
    erasures = SqlErasures(full)
    erasures.erase(ALICE, LATER, PSEUDONYM)
    assert erasures.purge(LATER) == 0
    assert erasures.purge(LATER + timedelta(seconds=1)) == 1
    assert erasures.evidence_of(PSEUDONYM) == []


def keep_or_erase(database: Engine) -> str:
    """Half of the callers keep the account, the others are workers."""
    accounts = SqlAccounts(database)
    known = an_account(version=1)
    try:
        if secrets.randbelow(2) == 0:
            accounts.save(replace(known, closing_at=None))
            return "kept"
        SqlErasures(database).erase(ALICE, LATER, PSEUDONYM)
    except NoLongerDue:
        return "too late"
    except StaleAccount:
        return "told"
    return "erased"


def test_of_keeping_and_erasing_one_wins_and_the_other_is_told(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    closing(database)
    outcomes = race(keep_or_erase, open_database, database_url)
    assert outcomes["kept"] + outcomes["erased"] == 1, outcomes
    assert outcomes["told"] + outcomes["too late"] == CALLERS - 1, outcomes
    assert bool(rows(database, ALICE)["accounts"]) == bool(outcomes["kept"])


def test_mails_that_wait_for_a_mailbox_that_two_share_are_in_no_copy_and_stay(full: Engine) -> None:
    accounts = SqlAccounts(full, shares_mailboxes=True)
    accounts.save(replace(accounts.get(BOB), email=accounts.get(ALICE).email))
    for one in (ALICE, BOB):
        waiting = {holding.table: len(holding.rows) for holding in SqlPersonalData(full).of(one)}
        assert waiting["outbox"] == 0
    closing(full)
    SqlErasures(full).erase(ALICE, LATER, PSEUDONYM)
    waiting = {holding.table: len(holding.rows) for holding in SqlPersonalData(full).of(BOB)}
    assert waiting["outbox"] == 1  # alone again: what waits for the mailbox is Bob's
