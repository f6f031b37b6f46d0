"""The contract of `ProfessionalContexts`, on SQLite and PostgreSQL."""

from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.practice import ChosenPractice
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.professional_contexts import SqlProfessionalContexts
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, an_account


def test_newest_choice_of_each_application_stands(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    contexts = SqlProfessionalContexts(database)
    assert contexts.chosen(ALICE, "via") is None
    contexts.choose(ALICE, "via", ChosenPractice("a", NOON))
    contexts.choose(ALICE, "via", ChosenPractice("b", LATER))
    contexts.choose(ALICE, "other", ChosenPractice("c", NOON))
    assert contexts.chosen(ALICE, "via") == ChosenPractice("b", LATER)
    assert contexts.chosen(ALICE, "other") == ChosenPractice("c", NOON)
    assert contexts.chosen(AccountId("account-2"), "via") is None


def test_choices_of_a_person_are_listed_and_forgotten_one_by_one(database: Engine) -> None:
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    contexts = SqlProfessionalContexts(database)
    a, b = ChosenPractice("a", NOON), ChosenPractice("b", LATER)
    contexts.choose(ALICE, "via", a)
    contexts.choose(ALICE, "other", b)
    contexts.choose(AccountId("account-2"), "via", b)
    assert contexts.all_chosen(ALICE) == {"via": a, "other": b}
    contexts.forget(ALICE, "via")
    contexts.forget(ALICE, "via")
    assert contexts.all_chosen(ALICE) == {"other": b}
    assert contexts.all_chosen(AccountId("account-2")) == {"via": b}


def choose(database: Engine) -> str:
    SqlProfessionalContexts(database).choose(ALICE, "via", ChosenPractice("a", NOON))
    return "chosen"


def test_many_tabs_choosing_at_once_leave_one_choice(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    assert race(choose, open_database, database_url) == {"chosen": CALLERS}
    assert SqlProfessionalContexts(database).chosen(ALICE, "via") == ChosenPractice("a", NOON)
