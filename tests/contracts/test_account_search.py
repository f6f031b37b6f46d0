"""An account by what an operator has of its person, on SQLite and PostgreSQL: by its name, its `sub`, its card."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from idp.accounts.account import Account
from idp.adapters.sql import account_search
from idp.adapters.sql.account_search import SqlAccountSearch
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit, Trail
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.core.audit import AuditEvent
from tests.contracts.specimens import ALICE, an_account
from tests.fakes import FixedClock

NAMES = (("Aïcha", "DUPONT-NŒL"), ("Hélène", "ÇELİK"), ("", "ʻOPUNUI"), ("Zoé", "D'ÀRC"))


@pytest.fixture
def search(database: Engine) -> SqlAccountSearch:
    for number, (given_name, family_name) in enumerate(NAMES, 1):
        SqlAccounts(database).add(named(number, given_name, family_name))
    return SqlAccountSearch(database)


def named(number: int, given_name: str, family_name: str) -> Account:
    account = an_account(number)
    identity = replace(account.identity, given_name=given_name, family_name=family_name)
    return replace(account, identity=identity)


def names(search: SqlAccountSearch, words: str, most: int = 9) -> list[str]:
    return [account.identity.family_name for account in search.by_name(words, most).accounts]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dupont", ["DUPONT-NŒL"]),
        ("NOEL aicha", ["DUPONT-NŒL"]),
        ("helene celi", ["ÇELİK"]),
        ("opunui", ["ʻOPUNUI"]),
        ("d'arc", ["D'ÀRC"]),
        ("o", ["D'ÀRC", "DUPONT-NŒL", "ʻOPUNUI"]),
        ("dupont helene", []),
        ("dup%nt", ["DUPONT-NŒL"]),
        ("d_pont", ["DUPONT-NŒL"]),
        ("", []),
        ("- ' %", []),
    ],
)
def test_a_name_is_found_by_its_parts_whatever_accents_and_capitals(
    search: SqlAccountSearch, words: str, found: list[str]
) -> None:
    assert names(search, words) == found


def test_what_is_left_off_is_said(search: SqlAccountSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert search.by_name("o", 2).is_cut
    assert not search.by_name("o", 3).is_cut
    monkeypatch.setattr(account_search, "_MOST_LOOKED_AT", 2)
    assert search.by_name("o", 9).is_cut


def test_a_sub_and_an_account_id_name_their_account_alone(search: SqlAccountSearch) -> None:
    for name in (ALICE, "subject-1"):
        assert [account.id for account in search.named(name)] == [ALICE]
    for name in ("", "subject-", "\x00", "\ud800", "subject-_"):
        assert not search.named(name)


def test_a_card_is_found_by_its_number_among_the_events(database: Engine) -> None:
    audit = SqlAudit(database, FixedClock(), Trail())
    for number in ("2900000001", "29000000012"):
        audit.record(AuditEvent.CARD_LOGIN_ACCEPTED, account_id=ALICE, card_number=number)
    asked = Asked(outcome="accepted", reference="2900000001", events=("card:login:*",))
    (found,) = SqlAuditTrail(database).search(asked, 9, newest=True)
    assert found.record.facts == {"card_number": "2900000001"}
    assert SqlAuditTrail(database).search(replace(asked, outcome="refused"), 9) == []
