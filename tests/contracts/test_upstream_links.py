"""The contract of `UpstreamLinks`, and the history of an identity, on SQLite and PostgreSQL."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.identity_change import IdentityChange
from idp.accounts.repository import StaleAccount
from idp.accounts.upstream_link import LinkOutcome, SubjectOfAnother
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, an_account

ISSUER = "https://psc.test/realm"
BOB = AccountId("account-2")
CLAIMS = {"SubjectRole": ["10^1.2"], "SubjectRefPro": {"exercices": [{"nomDexercice": "É"}]}}


@pytest.fixture
def links(database: Engine) -> SqlUpstreamLinks:
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    return SqlUpstreamLinks(database, ISSUER)


def test_first_link_is_told_from_the_next_ones(links: SqlUpstreamLinks) -> None:
    assert links.find(ALICE) is None
    assert links.owner("f:1:8") is None
    assert links.link(ALICE, "f:1:8", NOON, {}) is LinkOutcome.FIRST
    assert links.link(ALICE, "f:1:8", LATER, CLAIMS) is LinkOutcome.KNOWN
    link = links.find(ALICE)
    assert link is not None
    assert (link.account_id, link.subject, link.linked_at, link.seen_at) == (ALICE, "f:1:8", NOON, LATER)
    assert link.claims == CLAIMS
    assert links.owner("f:1:8") == ALICE


def test_new_subject_of_the_same_person_replaces_the_old_one(links: SqlUpstreamLinks) -> None:
    links.link(ALICE, "f:1:8", NOON, {})
    assert links.link(ALICE, "a-uuid", LATER, {}) is LinkOutcome.SUBJECT_CHANGED
    assert links.owner("f:1:8") is None
    assert links.owner("a-uuid") == ALICE


def test_an_older_answer_replaces_nothing_of_a_newer_one(links: SqlUpstreamLinks) -> None:
    links.link(ALICE, "f:1:8", LATER, CLAIMS, LATER)
    older = {"SubjectRefPro": {"exercices": [{"nomDexercice": "BEFORE"}]}}
    for subject in ("f:1:8", "f:older:8"):
        assert links.link(ALICE, subject, LATER, older, NOON) is LinkOutcome.KNOWN
    link = links.find(ALICE)
    assert link is not None
    assert (link.subject, link.seen_at, link.claims) == ("f:1:8", LATER, CLAIMS)


def test_subject_of_another_account_is_refused_and_nothing_changes(links: SqlUpstreamLinks) -> None:
    links.link(ALICE, "f:1:8", NOON, {})
    links.link(BOB, "f:2:8", NOON, {})
    with pytest.raises(SubjectOfAnother):
        links.link(BOB, "f:1:8", LATER, CLAIMS)
    bob = links.find(BOB)
    assert bob is not None
    assert (bob.subject, bob.seen_at, bob.claims) == ("f:2:8", NOON, {})


def test_another_issuer_is_another_namespace(database: Engine, links: SqlUpstreamLinks) -> None:
    links.link(ALICE, "f:1:8", NOON, {})
    elsewhere = SqlUpstreamLinks(database, "https://other.test")
    assert elsewhere.find(ALICE) is None
    assert elsewhere.link(BOB, "f:1:8", NOON, {}) is LinkOutcome.FIRST


def link_someone(database: Engine) -> str:
    account = AccountId(f"account-{1 + os.urandom(1)[0] % 2}")
    return str(SqlUpstreamLinks(database, ISSUER).link(account, "one-sub", NOON, {}))


def test_one_subject_claimed_by_two_people_at_once_has_one_owner(
    database_url: str, links: SqlUpstreamLinks
) -> None:
    outcomes = race(link_someone, open_database, database_url)
    assert outcomes["first"] == 1
    assert set(outcomes) <= {"first", "known", "SubjectOfAnother"}
    assert sum(outcomes.values()) == CALLERS
    assert [bool(links.find(one)) for one in (ALICE, BOB)].count(True) == 1


# --- the history


def _change(number: int) -> IdentityChange:
    before = an_account().identity
    after = replace(before, family_name=f"NAME{number}", profession=None, specialities=(), source="psc")
    return IdentityChange(account_id=ALICE, at=LATER, before=before, after=after)


def test_history_is_read_back_in_order(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    assert accounts.history(ALICE) == ()
    for number in range(2):
        identity = _change(number).after
        accounts.save(replace(accounts.get(ALICE), identity=identity), change=_change(number))
    assert accounts.history(ALICE) == (_change(0), _change(1))
    assert accounts.history(BOB) == ()


def test_history_of_a_refused_save_is_not_written(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    accounts.save(an_account(locale="1"))
    with pytest.raises(StaleAccount):
        accounts.save(an_account(), change=_change(1))
    assert accounts.history(ALICE) == ()
