"""The contract of `CharterRepository` on SQLite and PostgreSQL."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import (
    CharterNews,
    NoCharterPublished,
    RevisionExists,
)
from idp.accounts.repository import AccountNotFound, StaleAccount
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import (
    ALICE,
    LATER,
    NOON,
    a_revision,
    an_acceptance,
    an_account,
)


def test_no_charter_before_the_first_is_published(database: Engine) -> None:
    with pytest.raises(NoCharterPublished):
        SqlCharters(database).current()


def test_revision_published_last_is_current_whatever_its_name_and_date(database: Engine) -> None:
    charters = SqlCharters(database)
    for revision in (a_revision("b", LATER), a_revision("c"), a_revision("a", NOON)):
        charters.publish(revision)
        assert charters.current() == revision


def test_revision_name_is_used_once_whatever_the_text(database: Engine) -> None:
    charters = SqlCharters(database)
    charters.publish(a_revision("a"))
    charters.publish(a_revision("b"))
    for again in (a_revision("a"), replace(a_revision("a"), texts={"fr": "other"})):
        with pytest.raises(RevisionExists):
            charters.publish(again)
    assert charters.current() == a_revision("b")


def test_acceptance_leaves_evidence_and_marks_the_account(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    accounts.add(an_account())
    charters.publish(a_revision("a"))
    charters.accept(an_acceptance("a"))
    assert charters.evidence_of(ALICE) == [an_acceptance("a")]
    assert accounts.get(ALICE) == an_account(charter_revision="a", version=1)
    # A caller that read the account before must not save it back without the acceptance.
    with pytest.raises(StaleAccount):
        accounts.save(an_account(locale="stale"))


def test_first_acceptance_of_a_revision_stands(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    accounts.add(an_account())
    charters.publish(a_revision("a"))
    charters.accept(an_acceptance("a"))
    charters.accept(an_acceptance("a", accepted_at=LATER, client_id="other", text_sha256="00"))
    assert charters.evidence_of(ALICE) == [an_acceptance("a")]
    assert accounts.get(ALICE).version == 1


def test_evidence_is_given_oldest_first_and_per_account(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    for number in (1, 2):
        accounts.add(an_account(number))
    for name in ("b", "a"):
        charters.publish(a_revision(name))
    charters.accept(an_acceptance("b"))
    charters.accept(an_acceptance("a", accepted_at=LATER))
    charters.accept(an_acceptance("a", account_id=AccountId("account-2")))
    assert charters.evidence_of(ALICE) == [an_acceptance("b"), an_acceptance("a", accepted_at=LATER)]
    assert charters.evidence_of(AccountId("nobody")) == []


def test_late_acceptance_of_an_older_revision_does_not_undo_the_newer(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    accounts.add(an_account())
    for name in ("z-older", "newer"):
        charters.publish(a_revision(name))
    charters.accept(an_acceptance("newer"))
    charters.accept(an_acceptance("z-older", accepted_at=LATER))
    assert accounts.get(ALICE).charter_revision == "newer"
    assert len(charters.evidence_of(ALICE)) == 2


def test_acceptance_needs_an_account_and_a_revision(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    charters.publish(a_revision("a"))
    with pytest.raises(AccountNotFound):
        charters.accept(an_acceptance("a"))
    accounts.add(an_account())
    with pytest.raises(NoCharterPublished):
        charters.accept(an_acceptance("never published"))
    assert charters.evidence_of(ALICE) == []
    assert accounts.get(ALICE) == an_account()


def accept_it(database: Engine) -> str:
    SqlCharters(database).accept(an_acceptance("a", client_id=os.urandom(4).hex()))
    return "accepted"


def test_fifty_acceptances_leave_one_evidence(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    SqlCharters(database).publish(a_revision("a"))
    assert race(accept_it, open_database, database_url) == {"accepted": CALLERS}
    assert len(SqlCharters(database).evidence_of(ALICE)) == 1
    assert SqlAccounts(database).get(ALICE).version == 1


# Charters beside the house's.


def test_each_charter_has_its_own_revisions_whatever_their_names(database: Engine) -> None:
    charters = SqlCharters(database)
    of_house, of_a = a_revision("2026-1"), a_revision("2026-1", LATER, "a")
    charters.publish(of_house)
    with pytest.raises(NoCharterPublished) as missing:
        charters.current("a")
    assert missing.value.charter == "a"
    charters.publish(of_a)
    assert (charters.current(), charters.current("a")) == (of_house, of_a)
    with pytest.raises(RevisionExists):
        charters.publish(a_revision("2026-1", charter="a"))
    charters.publish(a_revision("2026-2"))
    assert charters.current("a") == of_a


def test_acceptance_of_a_named_charter_leaves_evidence_and_the_account_as_it_is(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    accounts.add(an_account())
    for charter in ("house", "a", "b"):
        charters.publish(a_revision("1", charter=charter))
    charters.accept(an_acceptance("1", charter="a"))
    assert accounts.get(ALICE) == an_account()
    assert charters.evidence_of(ALICE) == [an_acceptance("1", charter="a")]


def test_a_newer_named_charter_does_not_hold_back_the_houses(database: Engine) -> None:
    """`position` is one count for all charters: only the house's own order decides for the account."""
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    accounts.add(an_account())
    charters.publish(a_revision("1"))
    charters.publish(a_revision("2"))
    # Of another charter, but named as the one the account holds, and published later.
    charters.accept(an_acceptance("1"))
    charters.publish(a_revision("1", charter="a"))
    charters.accept(an_acceptance("2"))
    assert accounts.get(ALICE).charter_revision == "2"


def test_acceptance_of_a_revision_of_another_charter_is_refused(database: Engine) -> None:
    charters = SqlCharters(database)
    SqlAccounts(database).add(an_account())
    charters.publish(a_revision("1", charter="a"))
    for charter in ("house", "b"):
        with pytest.raises(NoCharterPublished):
            charters.accept(an_acceptance("1", charter=charter))
    assert charters.evidence_of(ALICE) == []


def accept_one_of_two(database: Engine) -> str:
    charter = "a" if os.urandom(1)[0] % 2 else "house"
    SqlCharters(database).accept(an_acceptance("1", charter=charter, client_id=os.urandom(4).hex()))
    return "accepted"


def test_fifty_acceptances_of_two_charters_leave_one_evidence_of_each(
    database_url: str, database: Engine
) -> None:
    SqlAccounts(database).add(an_account())
    for charter in ("house", "a"):
        SqlCharters(database).publish(a_revision("1", charter=charter))
    assert race(accept_one_of_two, open_database, database_url) == {"accepted": CALLERS}
    found = [(known.charter, known.revision) for known in SqlCharters(database).evidence_of(ALICE)]
    assert sorted(found) == [("a", "1"), ("house", "1")]
    assert (SqlAccounts(database).get(ALICE).version, SqlAccounts(database).get(ALICE).charter_revision) == (
        1,
        "1",
    )


def publish_it(database: Engine) -> str:
    SqlCharters(database).publish(a_revision("1", charter="a"))
    return "published"


def test_of_fifty_publications_one_is_the_revision(database_url: str, database: Engine) -> None:
    assert race(publish_it, open_database, database_url) == {"published": 1, "RevisionExists": CALLERS - 1}
    assert SqlCharters(database).current("a") == a_revision("1", charter="a")


# What a person finds again of what was accepted.


def test_an_acceptance_is_found_with_its_texts_by_its_person_and_number_alone(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database)
    for number in (1, 2):
        accounts.add(an_account(number))
    for name in ("a", "b"):
        charters.publish(a_revision(name))
    digest = a_revision("a").sha256("en")
    charters.accept(an_acceptance("a", text_sha256=digest))
    (listed,) = charters.accepted_by(ALICE)
    found = charters.acceptance(ALICE, listed.number)
    assert found is not None
    assert (found.evidence, found.revision, found.locale) == (listed.evidence, a_revision("a"), "en")
    assert charters.acceptance(AccountId("account-2"), listed.number) is None
    assert charters.acceptance(ALICE, charters.current().number) is None
    assert charters.accepted_by(AccountId("account-2")) == []


def test_what_is_accepted_is_listed_newest_first(database: Engine) -> None:
    charters = SqlCharters(database)
    SqlAccounts(database).add(an_account())
    for name, charter in (("1", "house"), ("1", "a"), ("2", "house")):
        charters.publish(a_revision(name, charter=charter))
    charters.accept(an_acceptance("2", accepted_at=LATER))
    charters.accept(an_acceptance("1"))
    charters.accept(an_acceptance("1", charter="a"))
    listed = [(one.evidence.charter, one.evidence.revision) for one in charters.accepted_by(ALICE)]
    assert listed == [("house", "2"), ("a", "1"), ("house", "1")]


def test_news_are_the_notes_since_the_revision_accepted_last(database: Engine) -> None:
    charters = SqlCharters(database)
    SqlAccounts(database).add(an_account())
    notes = {"1": {"fr": "un"}, "2": {"fr": "deux", "en": "two"}, "3": {}, "4": {"fr": "quatre"}}
    for name, note in notes.items():
        charters.publish(replace(a_revision(name), changes=note))
    charters.publish(replace(a_revision("5", charter="a"), changes={"fr": "ailleurs"}))
    current = charters.current()
    assert charters.news_for(ALICE, current) == CharterNews(is_known=False)
    charters.accept(an_acceptance("1"))
    assert charters.news_for(ALICE, current) == CharterNews(True, (notes["2"], notes["4"]))
    charters.accept(an_acceptance("4"))
    assert charters.news_for(ALICE, current) == CharterNews(is_known=True)
    # A newer one is none of its news; nor does it make an older revision one that is known.
    charters.publish(a_revision("6"))
    assert charters.news_for(ALICE, current) == CharterNews(is_known=True)
    assert charters.news_for(ALICE, charters.current("a")) == CharterNews(is_known=False)
