"""The contract of `AccountRepository`, and of a transaction, on SQLite and PostgreSQL."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import Account, AccountId
from idp.accounts.repository import AccountNotFound, EmailTaken, RppsTaken, StaleAccount, save_changed
from idp.adapters.sql.account_rows import normalise_email
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import (
    ALICE,
    NOON,
    an_account,
    with_rpps,
)


def test_account_is_read_back_as_added(database: Engine) -> None:
    full = an_account(
        1,
        enabled=False,
        generation=2,
        charter_revision="2026-01",
        locale="en",
        version=3,
    )
    bare = an_account(2)
    bare = replace(bare, identity=replace(bare.identity, profession=None, specialities=(), source="psc"))
    accounts = SqlAccounts(database)
    for account in (full, bare):
        accounts.add(account)
        assert accounts.get(account.id) == account
        assert accounts.find_by_rpps(account.identity.rpps) == account
        assert accounts.having_email(account.email) == (account,)


def test_account_outlives_the_engine(database_url: str, opened: Callable[[str], Engine]) -> None:
    first = open_database(database_url)
    SqlAccounts(first).add(an_account())
    first.dispose()
    assert SqlAccounts(opened(database_url)).get(ALICE) == an_account()


def test_instants_are_kept_to_the_microsecond_in_utc(database: Engine) -> None:
    paris = timezone(timedelta(hours=2))
    moments = [NOON.astimezone(paris), datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    for number, moment in enumerate(moments):
        SqlAccounts(database).add(an_account(number, created_at=moment))
        kept = SqlAccounts(database).get(AccountId(f"account-{number}")).created_at
        assert kept == moment
        assert kept.utcoffset() == timedelta()


def test_naive_instant_is_refused(database: Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"):
        SqlAccounts(database).add(an_account(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 – the naive one is the point


def test_unknown_account_is_not_found(database: Engine) -> None:
    accounts = SqlAccounts(database)
    with pytest.raises(AccountNotFound):
        accounts.get(ALICE)
    assert accounts.find_by_rpps("10000000001") is None
    assert accounts.having_email("nobody@example.org") == ()


@pytest.mark.parametrize("text", ["\x00", "10000000001\x00", "\ud800", "' OR 1=1 --", "", "é" * 100_000])
def test_strange_text_finds_nobody(database: Engine, text: str) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    assert accounts.find_by_rpps(text) is None
    assert accounts.having_email(text) == ()


def test_second_account_for_an_rpps_is_refused(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account(1))
    with pytest.raises(RppsTaken):
        accounts.add(with_rpps(an_account(2), "10000000001"))
    with pytest.raises(RppsTaken):
        accounts.add(an_account(1, id=AccountId("other"), subject="other"))
    with pytest.raises(AccountNotFound):
        accounts.get(AccountId("account-2"))


@pytest.mark.parametrize("same", ["aicha.1@hopital.example", "AICHA.1@HOPITAL.EXAMPLE"])
def test_second_account_for_an_address_is_refused(database: Engine, same: str) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account(1))
    with pytest.raises(EmailTaken):
        accounts.add(an_account(2, email=same))
    assert accounts.find_by_rpps("10000000002") is None


def test_subject_is_never_given_twice(database: Engine) -> None:
    SqlAccounts(database).add(an_account(1))
    with pytest.raises(RuntimeError, match="drawn twice"):
        SqlAccounts(database).add(an_account(2, subject="subject-1"))
    assert SqlAccounts(database).find_by_rpps("10000000002") is None


def test_refusals_never_quote_the_person(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account(1))
    accounts.add(an_account(2))
    attempts: tuple[Callable[[], None], ...] = (
        lambda: accounts.add(with_rpps(an_account(3), "10000000001")),
        lambda: accounts.add(an_account(3, email="aicha.1@hopital.example")),
        lambda: accounts.save(an_account(2, email="aicha.1@hopital.example")),
    )
    for attempt in attempts:
        with pytest.raises((RppsTaken, EmailTaken)) as refusal:
            attempt()
        assert str(refusal.value) == ""
        assert refusal.value.__cause__ is None
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_addresses_are_compared_whatever_their_case_and_composition(database: Engine) -> None:
    SqlAccounts(database).add(an_account(email="Ren\u00e9.STRASSE@example.org"))
    (found,) = SqlAccounts(database).having_email("rene\u0301.straße@EXAMPLE.ORG")
    assert found.email == "Ren\u00e9.STRASSE@example.org"
    assert normalise_email("A@B.fr") == "a@b.fr"


def test_saved_account_is_at_the_next_version(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    changed = an_account(
        email="new@example.org", password_hash="new", enabled=False, generation=1, locale="en"
    )
    accounts.save(changed)
    assert accounts.get(ALICE) == replace(changed, version=1)
    assert accounts.having_email("NEW@example.org") == (replace(changed, version=1),)
    assert accounts.having_email("aicha.1@hopital.example") == ()


def test_a_row_is_decoded_once_while_it_says_the_same_and_anew_when_anything_in_it_changed(
    database_url: str, opened: Callable[[str], Engine]
) -> None:
    here, elsewhere = SqlAccounts(opened(database_url)), SqlAccounts(opened(database_url))
    here.add(an_account())
    before = here.get(ALICE)
    assert here.find_by_rpps(before.identity.rpps) == before
    assert here.get(ALICE) is before
    for changed in ({"enabled": False}, {"generation": 1}, {"password_hash": "other"}, {"locale": "en"}):
        known = here.get(ALICE)
        elsewhere.save(replace(known, **changed))
        assert here.get(ALICE) == replace(known, **changed, version=known.version + 1)


def test_account_saved_meanwhile_is_stale(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    accounts.save(an_account(locale="first"))
    with pytest.raises(StaleAccount):
        accounts.save(an_account(locale="second"))
    with pytest.raises(StaleAccount):
        accounts.save(an_account(2))
    assert accounts.get(ALICE).locale == "first"


def test_decision_of_the_operator_does_not_lose_to_other_writers(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    meddling = iter(("first", "second"))

    def disable(account: Account) -> Account:
        for locale in islice(meddling, 1):  # somebody else saves between our reading and our saving
            accounts.save(replace(account, locale=locale))
        return replace(account, enabled=False)

    save_changed(SqlUnitOfWork(database), accounts, ALICE, disable, lambda: None)
    assert accounts.get(ALICE) == an_account(enabled=False, locale="second", version=3)


def test_account_that_never_stands_still_is_told(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())

    def lose(account: Account) -> Account:
        accounts.save(account)
        return replace(account, enabled=False)

    with pytest.raises(StoreUnavailable):
        save_changed(SqlUnitOfWork(database), accounts, ALICE, lose, lambda: None)
    with pytest.raises(AccountNotFound):
        save_changed(SqlUnitOfWork(database), accounts, AccountId("nobody"), lose, lambda: None)
    assert accounts.get(ALICE).enabled


def test_rpps_and_subject_never_change(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    for changed in (with_rpps(an_account(), "10000000009"), an_account(subject="other")):
        with pytest.raises(StaleAccount):
            accounts.save(changed)
    assert accounts.get(ALICE) == an_account()


def test_address_of_another_account_cannot_be_saved(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account(1))
    accounts.add(an_account(2))
    with pytest.raises(EmailTaken):
        accounts.save(an_account(2, email="AICHA.1@hopital.example"))
    assert accounts.get(AccountId("account-2")) == an_account(2)


def add_someone(database: Engine) -> str:
    drawn = os.urandom(8).hex()
    account = with_rpps(
        an_account(1, id=AccountId(drawn), subject=drawn, email=f"{drawn}@x.fr"), "10000000001"
    )
    SqlAccounts(database).add(account)
    return "added"


def add_address(database: Engine) -> str:
    drawn = os.urandom(8).hex()
    account = an_account(1, id=AccountId(drawn), subject=drawn, email="same@x.fr")
    SqlAccounts(database).add(with_rpps(account, drawn))
    return "added"


def save_someone(database: Engine) -> str:
    SqlAccounts(database).save(an_account(password_hash=os.urandom(4).hex()))
    return "saved"


def test_fifty_enrolments_of_one_rpps_make_one_account(database_url: str) -> None:
    assert race(add_someone, open_database, database_url) == {"added": 1, "RppsTaken": CALLERS - 1}


def test_fifty_enrolments_with_one_address_make_one_account(database_url: str) -> None:
    assert race(add_address, open_database, database_url) == {"added": 1, "EmailTaken": CALLERS - 1}


def test_one_of_fifty_savers_wins(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    assert race(save_someone, open_database, database_url) == {"saved": 1, "StaleAccount": CALLERS - 1}
    assert SqlAccounts(database).get(ALICE).version == 1


# --- transactions


def test_failed_transaction_leaves_nothing(database: Engine) -> None:
    def fail_midway() -> None:
        with writing(database) as connection:
            connection.execute(sa.insert(audit_events).values(at=NOON, event="x", facts={}))
            raise KeyError

    with pytest.raises(KeyError):
        fail_midway()
    with reading(database) as connection:
        assert connection.execute(sa.select(audit_events)).all() == []
