"""The contract of `EmailUndos`, on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from idp.accounts.email_change import UndoSpent, digest_of, new_undo
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.email_undos import SqlEmailUndos
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, an_account

LIFE = LATER - NOON + timedelta(hours=1)
TOKEN = "t" * 43


def test_a_link_is_found_by_its_token_and_used_once(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    undos = SqlEmailUndos(database)
    token, undo = new_undo(ALICE, NOON, LIFE)
    undos.add(undo)
    assert undos.find(token) == undo
    assert undos.find(TOKEN) is None
    assert undos.find("\ud800") is None
    undos.use(token, LATER)
    used = undos.find(token)
    assert used is not None
    assert used.used_at == LATER
    with pytest.raises(UndoSpent):
        undos.use(token, LATER)


def test_a_link_that_is_over_or_unknown_is_not_used(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    undos = SqlEmailUndos(database)
    token, undo = new_undo(ALICE, NOON, LIFE)
    undos.add(undo)
    for late in (token, TOKEN):
        with pytest.raises(UndoSpent):
            undos.use(late, undo.ends_at)
    assert undos.find(token) == undo


def test_links_of_long_ago_are_purged(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    undos = SqlEmailUndos(database)
    (old, gone), (young, kept) = new_undo(ALICE, NOON, LIFE), new_undo(ALICE, LATER, LIFE)
    undos.add(gone)
    undos.add(kept)
    assert (undos.purge(kept.ends_at), undos.purge(kept.ends_at)) == (1, 0)
    assert (undos.find(old), undos.find(young)) == (None, kept)


def use(database: Engine) -> str:
    try:
        SqlEmailUndos(database).use(TOKEN, LATER)
    except UndoSpent:
        return "spent"
    return "used"


def test_of_many_clicks_at_once_one_uses_it(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    _, undo = new_undo(ALICE, NOON, LIFE)
    SqlEmailUndos(database).add(replace(undo, token_sha256=digest_of(TOKEN)))
    assert race(use, open_database, database_url) == {"used": 1, "spent": CALLERS - 1}
