"""`Standings` on SQL: one SELECT for an account with its grant, its refresh token, and the names of charters.

Not here: texts of charters. Whether one is due is a comparison of names, made by the database.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import HOUSE
from idp.accounts.repository import AccountNotFound
from idp.accounts.standing import Granted, Standing
from idp.adapters.sql.accounts import is_storable, read_account
from idp.adapters.sql.grants import read_grant
from idp.adapters.sql.refresh_tokens import read_token
from idp.adapters.sql.schema import accounts, charter_acceptances, charter_revisions, grants, refresh_tokens
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.adapters.unit import remember, remembered

_GRANT, _TOKEN = "grant_", "token_"
_GRANTS, _TOKENS = slice(len(grants.c)), slice(len(grants.c), len(grants.c) + len(refresh_tokens.c))
_HOUSE_IN_FORCE = "house_in_force"


@dataclass(frozen=True, slots=True)
class SqlStandings:
    database: Engine

    def of(self, account_id: AccountId, demanded: tuple[str, ...]) -> Standing:
        place = (self.database, "standing", account_id, demanded)
        known: Standing | None = remembered(place)
        if known is not None:
            return known
        row = self._row(_of_account, account_id, demanded)
        if row is None:
            raise AccountNotFound
        found = _standing(row, demanded)
        remember(place, found)
        return found

    def of_grant(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        row = self._row(_of_grant, grant_id, demanded)
        return None if row is None else _granted(row, demanded)

    def of_refresh_token(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        row = self._row(_of_refresh_token, grant_id, demanded)
        return None if row is None else _granted(row, demanded, has_token=True)

    def _row(self, statement: Any, key: str, demanded: tuple[str, ...]) -> Any:
        if not is_storable(key):
            return None
        names = {_named(number): name for number, name in enumerate(demanded)}
        rows = fetch(self.database, statement(len(demanded)), id=key, **names)
        return rows[0] if rows else None


def _part_of(table: sa.Table) -> Callable[[Sequence[Any]], Any]:
    """Returns what makes a row of this table of its columns in a row that has those of several."""
    make: Callable[[Sequence[Any]], Any] = getattr(namedtuple("Part", table.c.keys()), "_make")  # noqa: B009
    return make


_grant_part, _token_part = _part_of(grants), _part_of(refresh_tokens)


def _granted(row: Any, demanded: Sequence[str], *, has_token: bool = False) -> Granted:
    return Granted(
        grant=read_grant(_grant_part(row[_GRANTS])),
        standing=_standing(row, demanded),
        refresh_token=read_token(_token_part(row[_TOKENS])) if has_token else None,
    )


def _standing(row: Any, demanded: Sequence[str]) -> Standing:
    in_force = getattr(row, _HOUSE_IN_FORCE)
    due = [] if row.charter_revision == in_force else [HOUSE]
    unpublished = [] if in_force is not None else [HOUSE]
    for number, name in enumerate(demanded):
        if getattr(row, f"in_force_{number}") is None:
            unpublished.append(name)
        elif not getattr(row, f"accepted_{number}"):
            due.append(name)
    return Standing(
        account=read_account(row), due=tuple(due), unpublished=unpublished[0] if unpublished else None
    )


@cache
def _of_account(demanded: int) -> Statement:
    by_id = accounts.c.id == sa.bindparam("id")
    return Statement(lambda _: sa.select(accounts, *_charters(demanded)).where(by_id))


@cache
def _of_grant(demanded: int) -> Statement:
    columns = (*_labelled(grants, _GRANT), *accounts.c, *_charters(demanded))
    return Statement(
        lambda _: (
            sa.select(*columns)
            .join_from(grants, accounts, accounts.c.id == grants.c.account_id)
            .where(grants.c.id == sa.bindparam("id"))
        )
    )


@cache
def _of_refresh_token(demanded: int) -> Statement:
    columns = (
        *_labelled(grants, _GRANT),
        *_labelled(refresh_tokens, _TOKEN),
        *accounts.c,
        *_charters(demanded),
    )
    return Statement(
        lambda _: (
            sa.select(*columns)
            .select_from(refresh_tokens)
            .join(grants, grants.c.id == refresh_tokens.c.grant_id)
            .join(accounts, accounts.c.id == grants.c.account_id)
            .where(grants.c.id == sa.bindparam("id"))
        )
    )


def _labelled(table: sa.Table, prefix: str) -> list[sa.Label[Any]]:
    return [column.label(prefix + column.name) for column in table.c]


def _charters(demanded: int) -> list[sa.Label[Any]]:
    """The name of this service's revision in force; of each one demanded also whether it was accepted."""
    columns: list[sa.Label[Any]] = [_in_force(sa.literal(HOUSE)).label(_HOUSE_IN_FORCE)]
    acceptances = charter_acceptances.c
    for number in range(demanded):
        name = sa.bindparam(_named(number), type_=sa.Text)
        is_accepted = sa.exists().where(
            acceptances.account_id == accounts.c.id,
            acceptances.charter == name,
            acceptances.revision == _in_force(name),
        )
        columns += [
            _in_force(name).label(f"in_force_{number}"),
            sa.type_coerce(is_accepted, sa.Boolean).label(f"accepted_{number}"),
        ]
    return columns


def _in_force(charter: "sa.ColumnElement[str]") -> "sa.ScalarSelect[str]":
    # By position, the order of publication: two revisions may be published at the same instant.
    revisions = charter_revisions.c
    return (
        sa.select(revisions.revision)
        .where(revisions.charter == charter)
        .order_by(revisions.position.desc())
        .limit(1)
        .scalar_subquery()
    )


def _named(number: int) -> str:
    return f"charter_{number}"
