"""The contract of `Standings` on SQLite and PostgreSQL, of what a person has still to accept."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import (
    HOUSE,
    CharterNews,
    NoCharterPublished,
    NotWithdrawn,
    RevisionAnnounced,
    RevisionExists,
)
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.charter_office import Concerned, SqlCharterOffice
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.standings import SqlStandings
from tests.contracts.specimens import ALICE, NOON, a_revision, an_acceptance, an_account
from tests.fakes import FixedClock

THE_DAY = NOON + timedelta(days=15)
EVE = THE_DAY - timedelta(microseconds=1)
A = "a"


class House:
    def __init__(self, database: Engine) -> None:
        self.clock = FixedClock()
        self.charters = SqlCharters(database, self.clock)
        self.standings = SqlStandings(database, clock=self.clock)
        SqlAccounts(database).add(an_account())

    def publish(self, name: str, charter: str = HOUSE, due_from: datetime | None = None) -> None:
        self.charters.publish(replace(a_revision(name, charter=charter), due_from=due_from))

    def accept(self, name: str, charter: str = HOUSE) -> None:
        assert self.charters.accept(an_acceptance(name, charter=charter))

    def owes(self, *demanded: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is due, and what is only announced."""
        found = self.standings.of(ALICE, demanded)
        assert found.unpublished is None
        return found.due, found.announced


@pytest.fixture
def house(database: Engine) -> House:
    return House(database)


def test_each_charter_is_due_until_this_very_revision_was_accepted_the_houses_first(house: House) -> None:
    for charter in (HOUSE, A, "b"):
        house.publish("1", charter)
    assert house.owes("b", A) == ((HOUSE, "b", A), ())
    house.accept("1", "b")
    house.accept("1")
    assert house.owes("b", A) == ((A,), ())
    house.publish("2", "b")
    assert house.owes("b", A) == (("b", A), ())
    assert house.owes() == ((), ())


def test_acceptance_of_the_houses_charter_counts_for_no_other_of_the_same_revision(house: House) -> None:
    house.publish("1")
    house.publish("1", A)
    house.accept("1")
    assert house.owes(A) == ((A,), ())


def test_one_that_was_never_published_is_told_by_its_name(house: House) -> None:
    assert house.standings.of(ALICE, (A,)).unpublished == HOUSE
    house.publish("1")
    assert house.standings.of(ALICE, (A,)).unpublished == A


@pytest.mark.parametrize("charter", [HOUSE, A])
def test_until_its_day_the_former_revision_suffices_and_from_then_on_it_does_not(
    house: House, charter: str
) -> None:
    house.publish("1")
    house.accept("1")
    if charter != HOUSE:
        house.publish("1", charter)
        house.accept("1", charter)
    house.publish("2", charter, THE_DAY)
    for now, owed in ((NOON, ((), (charter,))), (EVE, ((), (charter,))), (THE_DAY, ((charter,), ()))):
        house.clock.at = now
        assert house.owes(A) == owed if charter == A else house.owes() == owed, now
        in_force = house.charters.current(charter).revision
        assert (in_force, house.charters.newest(charter).revision) == ("2" if now == THE_DAY else "1", "2")


@pytest.mark.parametrize("charter", [HOUSE, A])
def test_who_accepted_the_announced_one_is_asked_for_neither(house: House, charter: str) -> None:
    house.publish("0")
    house.accept("0")
    house.publish("1", charter)
    house.publish("2", charter, THE_DAY)
    # Never accepted any: the announced one is asked for at once, and the one before never.
    assert house.owes(charter)[0][0] == charter
    house.accept("2", charter)
    for now in (NOON, THE_DAY):
        house.clock.at = now
        assert house.owes(*({A} & {charter})) == ((), ())


def test_beside_an_announced_revision_none_is_published(house: House) -> None:
    house.publish("1")
    house.publish("2", due_from=THE_DAY)
    for due_from in (None, THE_DAY):
        with pytest.raises(RevisionAnnounced) as caught:
            house.publish("3", due_from=due_from)
        assert caught.value.announced.revision == "2"
    house.publish("1", A)
    house.clock.at = THE_DAY
    house.publish("3")
    assert house.charters.current().revision == "3"


def test_a_charter_of_which_all_is_announced_is_in_force_for_nobody(house: House) -> None:
    house.publish("1", due_from=THE_DAY)
    with pytest.raises(NoCharterPublished):
        house.charters.current()
    assert house.standings.of(ALICE, ()).unpublished == HOUSE


def test_putting_off_is_kept_with_the_account_and_makes_no_change_of_it_stale(
    house: House, database: Engine
) -> None:
    house.charters.put_off(ALICE, NOON)
    accounts = SqlAccounts(database)
    account = accounts.get(ALICE)
    assert (account.charter_put_off_at, account.version) == (NOON, 0)
    accounts.save(replace(account, locale="en"))
    assert accounts.get(ALICE).charter_put_off_at == NOON


# Withdrawn.


@pytest.fixture
def office(house: House, database: Engine) -> SqlCharterOffice:
    return SqlCharterOffice(database, house.clock)


def test_an_announced_revision_that_is_withdrawn_is_gone_for_everybody(
    house: House, office: SqlCharterOffice
) -> None:
    house.publish("1")
    house.accept("1")
    house.publish("2", due_from=THE_DAY)
    assert office.withdraw(HOUSE, "2", "").restored == ""
    for now in (NOON, THE_DAY):
        house.clock.at = now
        assert (house.owes(), house.charters.newest().revision) == (((), ()), "1")
    house.publish("3")
    assert house.owes() == ((HOUSE,), ())


def test_who_accepted_what_was_announced_falls_back_to_what_they_accepted_before(
    house: House, office: SqlCharterOffice
) -> None:
    house.publish("1")
    house.accept("1")
    house.publish("2", due_from=THE_DAY)
    house.accept("2")
    office.withdraw(HOUSE, "2", "")
    assert house.owes() == ((), ())


def test_who_accepted_only_what_was_withdrawn_is_asked_for_the_one_in_force(
    house: House, office: SqlCharterOffice, database: Engine
) -> None:
    house.publish("1")
    house.publish("2", due_from=THE_DAY)
    house.accept("2")
    office.withdraw(HOUSE, "2", "")
    assert (house.owes(), house.charters.newest().revision) == (((HOUSE,), ()), "1")
    house.accept("1")
    assert house.owes() == ((), ())
    assert SqlAccounts(database).get(ALICE).charter_revision == "1"


@pytest.mark.parametrize("charter", [HOUSE, A])
def test_the_revision_before_comes_back_as_a_new_one_and_who_accepted_its_text_is_not_asked_again(
    house: House, office: SqlCharterOffice, charter: str
) -> None:
    house.publish("0")
    house.accept("0")
    house.publish("1", charter)
    house.accept("1", charter)
    house.publish("2", charter)
    house.accept("2", charter)
    assert office.withdraw(charter, "2", "").restored == "1-again"
    back = house.charters.current(charter)
    assert (back.texts, back.text_of, back.changes) == (a_revision("1").texts, "1", {})
    assert house.owes(charter) == ((), ())
    # Its evidence is of what they read: nothing was added.
    named = [one.revision for one in house.charters.evidence_of(ALICE) if one.charter == charter]
    assert [name for name in named if name != "0"] == ["1", "2"]
    # They count with each revision that has this text.
    listed = {one.revision.revision: one.accepted for one in office.revisions(charter)}
    assert {name: listed[name] for name in ("1", "2", "1-again")} == {"1": 1, "2": 1, "1-again": 1}
    house.publish("3", charter)
    assert office.withdraw(charter, "3", "").restored == "1-again2"
    assert house.owes(charter) == ((), ())


def test_who_accepted_only_the_withdrawn_one_is_asked_for_the_one_that_came_back(
    house: House, office: SqlCharterOffice
) -> None:
    house.publish("1")
    house.publish("2")
    house.accept("2")
    office.withdraw(HOUSE, "2", "1 bis")
    assert house.owes() == ((HOUSE,), ())
    house.accept("1 bis")
    assert house.owes() == ((), ())
    assert house.charters.news_for(ALICE, house.charters.current()).notes == ()


def test_what_was_withdrawn_is_no_news(house: House, office: SqlCharterOffice) -> None:
    house.publish("1")
    house.accept("1")
    house.charters.publish(replace(a_revision("2"), changes={"fr": "Erreur"}))
    office.withdraw(HOUSE, "2", "")
    house.charters.publish(replace(a_revision("3"), changes={"fr": "Trois"}))
    assert house.charters.news_for(ALICE, house.charters.current()) == CharterNews(True, ({"fr": "Trois"},))


def test_what_cannot_be_withdrawn_is_told(house: House, office: SqlCharterOffice) -> None:
    def told(revision: str) -> str:
        with pytest.raises(NotWithdrawn) as caught:
            office.withdraw(HOUSE, revision, "")
        return str(caught.value)

    assert "there is no revision 1" in told("1")
    house.publish("1")
    assert "none before 1 to bring back" in told("1")
    house.publish("2")
    assert "1 is not in force: 2 took its place" in told("1")
    with pytest.raises(RevisionExists):
        office.withdraw(HOUSE, "2", "1")
    assert house.charters.current().revision == "2"
    house.publish("3", due_from=THE_DAY)
    with pytest.raises(RevisionAnnounced):
        office.withdraw(HOUSE, "2", "")
    office.withdraw(HOUSE, "3", "")
    office.withdraw(HOUSE, "2", "")
    assert "2 was withdrawn on 2026-" in told("2")


# Counted.


def test_people_are_counted_as_they_are_asked(
    house: House, office: SqlCharterOffice, database: Engine
) -> None:
    accounts = SqlAccounts(database)
    for number in (2, 3, 4):
        accounts.add(an_account(number, enabled=number != 4))
    house.publish("1")
    house.publish("1", A)
    assert office.concerned(HOUSE) == Concerned(people=3, left=3, due=3)
    for number in (1, 2, 4):
        house.charters.accept(an_acceptance("1", account_id=AccountId(f"account-{number}")))
    assert office.concerned(HOUSE) == Concerned(people=3, left=1, due=1)
    assert office.concerned(A) == Concerned(people=0, left=0, due=0)
    house.accept("1", A)
    house.publish("2", due_from=THE_DAY)
    house.publish("2", A)
    assert office.concerned(HOUSE) == Concerned(people=3, left=3, due=1)
    assert office.concerned(A) == Concerned(people=1, left=1, due=1)
    house.accept("2")
    assert office.concerned(HOUSE) == Concerned(people=3, left=2, due=1)
    house.clock.at = THE_DAY
    assert office.concerned(HOUSE) == Concerned(people=3, left=2, due=2)
    listed = [(one.revision.revision, one.accepted) for one in office.revisions(HOUSE)]
    assert (office.charters(), listed) == ([HOUSE, A], [("1", 3), ("2", 1)])
