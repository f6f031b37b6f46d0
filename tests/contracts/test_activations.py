"""The contract of `Activations`, on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from idp.accounts.activation import ActivationSpent, new_activation
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.database import open_database
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import LATER, NOON, an_account

LIFE = LATER - NOON + timedelta(hours=1)
#: The same in every process of a race.
KEPT = replace(new_activation(an_account(), NOON, LIFE)[1], code_sha256="0" * 64)


def test_a_code_is_found_used_once_and_replaced_by_the_next(database: Engine) -> None:
    account, activations = an_account(), SqlActivations(database)
    SqlAccounts(database).add(account)
    code, first = new_activation(account, NOON, LIFE)
    activations.put(first)
    assert activations.find(code.lower()) == first
    assert activations.find("0" * 20) is activations.find("\ud800") is None
    activations.use(first, LATER)
    used = activations.find(code)
    assert used is not None
    assert used.used_at == LATER
    with pytest.raises(ActivationSpent):
        activations.use(first, LATER)
    other, second = new_activation(account, LATER, LIFE)
    activations.put(second)
    assert (activations.find(code), activations.find(other)) == (None, second)
    with pytest.raises(ActivationSpent):
        activations.use(second, second.ends_at)
    activations.purge(second.ends_at)
    assert activations.find(other) == second
    activations.purge(second.ends_at + timedelta(seconds=1))
    assert activations.find(other) is None


def use(database: Engine) -> str:
    try:
        SqlActivations(database).use(KEPT, LATER)
    except ActivationSpent:
        return "spent"
    return "used"


def test_of_many_at_once_one_uses_it(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    SqlActivations(database).put(KEPT)
    assert race(use, open_database, database_url) == {"used": 1, "spent": CALLERS - 1}
