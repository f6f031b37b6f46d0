"""`ProfessionalContexts` on SQL: one row per person and application."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.practice import ChosenPractice
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import professional_contexts
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch

_c = professional_contexts.c
_ALL_CHOSEN = Statement(
    lambda _: sa.select(_c.client_id, _c.practice_key, _c.chosen_at).where(
        _c.account_id == sa.bindparam("account_id")
    )
)


@dataclass(frozen=True, slots=True)
class SqlProfessionalContexts:
    database: Engine

    def chosen(self, account_id: AccountId, client_id: str) -> ChosenPractice | None:
        mine = sa.select(_c.practice_key, _c.chosen_at).where(
            _c.account_id == account_id, _c.client_id == client_id
        )
        with reading(self.database) as connection:
            row = connection.execute(mine).one_or_none()
        return None if row is None else ChosenPractice(row.practice_key, row.chosen_at)

    def all_chosen(self, account_id: AccountId) -> Mapping[str, ChosenPractice]:
        rows = fetch(self.database, _ALL_CHOSEN, account_id=account_id)
        return {row.client_id: ChosenPractice(row.practice_key, row.chosen_at) for row in rows}

    def forget(self, account_id: AccountId, client_id: str) -> None:
        with writing(self.database) as connection:
            connection.execute(
                sa.delete(professional_contexts).where(_c.account_id == account_id, _c.client_id == client_id)
            )

    def choose(self, account_id: AccountId, client_id: str, chosen: ChosenPractice) -> None:
        newest = {"practice_key": chosen.key, "chosen_at": chosen.chosen_at}
        with writing(self.database) as connection:
            connection.execute(
                insert_into(connection, professional_contexts)
                .values(account_id=account_id, client_id=client_id, **newest)
                .on_conflict_do_update(index_elements=[_c.account_id, _c.client_id], set_=newest)
            )
