"""`Standings` on SQL: one SELECT for an account with its grant, its refresh token, the names of charters, and what Pro
Santé Connect said.

Not here: texts of charters; which revision is in force (`charter_order`). Whether one is due is a comparison of names,
made by the database.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import HOUSE
from idp.accounts.repository import AccountNotFound
from idp.accounts.standing import Granted, Standing, Told
from idp.adapters.sql.account_rows import ACCOUNT, COLUMNS
from idp.adapters.sql.accounts import is_storable
from idp.adapters.sql.charter_order import IS_ANNOUNCED, IS_IN_FORCE, has_accepted, latest
from idp.adapters.sql.grants import read_grant
from idp.adapters.sql.refresh_tokens import read_token
from idp.adapters.sql.schema import (
    accounts,
    charter_revisions,
    ended_sessions,
    grants,
    professional_contexts,
    refresh_tokens,
    upstream_links,
)
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.adapters.unit import remember, remembered
from idp.core.clock import Clock, SystemClock
from idp.core.replacing import replace

_GRANT, _TOKEN = "grant_", "token_"
_GRANTS, _TOKENS = slice(len(grants.c)), slice(len(grants.c), len(grants.c) + len(refresh_tokens.c))
_ISSUER, _TOLD_TO = "issuer", "told_to"
#: Columns of each charter, in the order of `_Asked`; with its number behind.
_ASKED = ("in_force", "announced", "is_accepted", "is_ahead")


@dataclass(frozen=True, slots=True)
class SqlStandings:
    """`upstream_issuer`: of Pro Santé Connect; empty without it."""

    database: Engine
    upstream_issuer: str = ""
    clock: Clock = field(default_factory=SystemClock)

    def of(self, account_id: AccountId, demanded: tuple[str, ...], *, told_to: str | None = None) -> Standing:
        place = (self.database, "standing", account_id, demanded, told_to)
        known: Standing | None = remembered(place)
        if known is not None:
            return known
        row = self._row(_of_account, account_id, demanded, told_to)
        if row is None:
            raise AccountNotFound
        found = _standing(row, demanded, is_told=told_to is not None)
        remember(place, found)
        return found

    def of_grant(
        self, grant_id: str, demanded: tuple[str, ...], *, told_to: str | None = None
    ) -> Granted | None:
        row = self._row(_of_grant, grant_id, demanded, told_to)
        return None if row is None else _granted(row, demanded, is_told=told_to is not None)

    def of_refresh_token(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        row = self._row(_of_refresh_token, grant_id, demanded, None)
        if row is None:
            return None
        return replace(_granted(row, demanded), refresh_token=read_token(_token_part(row[_TOKENS])))

    def _row(
        self,
        statement: Callable[[int, bool], Statement],
        key: str,
        demanded: tuple[str, ...],
        told_to: str | None,
    ) -> Any:
        if not is_storable(key):
            return None
        charters = enumerate((HOUSE, *demanded))
        values: dict[str, object] = {_named(number): name for number, name in charters}
        values["now"] = self.clock.now()
        if told_to is not None:
            values |= {_ISSUER: self.upstream_issuer, _TOLD_TO: told_to}
        rows = fetch(self.database, statement(len(demanded), told_to is not None), id=key, **values)
        return rows[0] if rows else None


class _Asked(NamedTuple):
    """Of one charter. `in_force`, `announced`: which revision; None: there is none. `is_accepted`: the one in force;
    `is_ahead`: the announced one."""

    in_force: str | None
    announced: str | None
    is_accepted: bool
    is_ahead: bool


def _part_of(table: sa.Table) -> Callable[[Sequence[Any]], Any]:
    """Returns what makes a row of this table of its columns in a row that has those of several."""
    make: Callable[[Sequence[Any]], Any] = getattr(namedtuple("Part", table.c.keys()), "_make")  # noqa: B009
    return make


_grant_part, _token_part = _part_of(grants), _part_of(refresh_tokens)


def _granted(row: Any, demanded: Sequence[str], *, is_told: bool = False) -> Granted:
    return Granted(
        grant=read_grant(_grant_part(row[_GRANTS])), standing=_standing(row, demanded, is_told=is_told)
    )


def _standing(row: Any, demanded: Sequence[str], *, is_told: bool) -> Standing:
    due, announced, unpublished = [], [], []
    for number, name in enumerate((HOUSE, *demanded)):
        asked = _Asked(*(getattr(row, f"{column}_{number}") for column in _ASKED))
        if asked.in_force is None:
            unpublished.append(name)
        elif not (asked.is_accepted or asked.is_ahead):
            due.append(name)
        elif asked.announced is not None and not asked.is_ahead:
            announced.append(name)
    return Standing(
        account=row.account,
        due=tuple(due),
        announced=tuple(announced),
        unpublished=unpublished[0] if unpublished else None,
        told=Told(row.told_claims, row.told_key) if is_told and row.told_claims is not None else None,
    )


@cache
def _of_account(demanded: int, is_told: bool) -> Statement:
    by_id = accounts.c.id == sa.bindparam("id")
    return Statement(
        lambda _: _standings((), accounts, demanded, is_told=is_told).where(by_id), gather=ACCOUNT
    )


@cache
def _of_grant(demanded: int, is_told: bool) -> Statement:
    granted = accounts.join(grants, accounts.c.id == grants.c.account_id)
    by_id = grants.c.id == sa.bindparam("id")
    columns = _grant_columns()
    return Statement(
        lambda _: _standings(columns, granted, demanded, is_told=is_told).where(by_id), gather=ACCOUNT
    )


@cache
def _of_refresh_token(demanded: int, is_told: bool) -> Statement:
    granted = accounts.join(grants, accounts.c.id == grants.c.account_id)
    refreshed = granted.join(refresh_tokens, grants.c.id == refresh_tokens.c.grant_id)
    by_id = grants.c.id == sa.bindparam("id")
    columns = [*_grant_columns(), *_labelled(refresh_tokens, _TOKEN)]
    return Statement(
        lambda _: _standings(columns, refreshed, demanded, is_told=is_told).where(by_id), gather=ACCOUNT
    )


def _standings(
    columns: "Sequence[sa.Label[Any]]", tables: sa.FromClause, demanded: int, *, is_told: bool
) -> "sa.Select[Any]":
    """Returns the SELECT of these columns and of where each account of these tables stands."""
    if not is_told:
        return sa.select(*columns, *COLUMNS, *_charters(demanded)).select_from(tables)
    link, chosen = upstream_links.c, professional_contexts.c
    told = tables.outerjoin(
        upstream_links,
        sa.and_(link.account_id == accounts.c.id, link.issuer == sa.bindparam(_ISSUER)),
    ).outerjoin(
        professional_contexts,
        sa.and_(chosen.account_id == accounts.c.id, chosen.client_id == sa.bindparam(_TOLD_TO)),
    )
    said = (link.claims.label("told_claims"), chosen.practice_key.label("told_key"))
    return sa.select(*columns, *said, *COLUMNS, *_charters(demanded)).select_from(told)


def _grant_columns() -> "list[sa.Label[Any]]":
    """A grant counts as revoked from the end of its session on.

    That end revokes the grants that it sees; one that was added and redeemed while it was being committed it did not.
    """
    ended_at = (
        sa.select(ended_sessions.c.ended_at).where(ended_sessions.c.sid == grants.c.sid).scalar_subquery()
    )
    revoked_at = sa.func.coalesce(grants.c.revoked_at, ended_at, type_=grants.c.revoked_at.type)
    columns = (revoked_at if one is grants.c.revoked_at else one for one in grants.c)
    return [column.label(_GRANT + name) for name, column in zip(grants.c.keys(), columns, strict=True)]


def _labelled(table: sa.Table, prefix: str) -> list[sa.Label[Any]]:
    return [column.label(prefix + column.name) for column in table.c]


def _charters(demanded: int) -> list[sa.Label[Any]]:
    """What `_Asked` has of this service's charter and of each one demanded."""
    return [column for number in range(demanded + 1) for column in _charter(number)]


def _charter(number: int) -> "Iterator[sa.Label[Any]]":
    charter: sa.ColumnElement[str] = sa.bindparam(_named(number), type_=sa.Text)
    name, announced = charter_revisions.c.revision, latest(IS_ANNOUNCED, charter)
    is_accepted: sa.ColumnElement[bool] = has_accepted(accounts.c.id, charter, latest(IS_IN_FORCE, charter))
    if number == 0:
        # The account row says it of the house's: no evidence is looked at for most.
        held = accounts.c.charter_revision == latest(IS_IN_FORCE, charter, name)
        is_accepted = sa.case((held, sa.true()), else_=is_accepted)
    is_ahead = sa.case(
        (announced.is_(None), sa.false()), else_=has_accepted(accounts.c.id, charter, announced)
    )
    columns = (latest(IS_IN_FORCE, charter, name), announced, is_accepted, is_ahead)
    for column, value, kind in zip(_ASKED, columns, (sa.Text, sa.Text, sa.Boolean, sa.Boolean), strict=True):
        yield sa.type_coerce(value, kind).label(f"{column}_{number}")


def _named(number: int) -> str:
    return f"charter_{number}"
