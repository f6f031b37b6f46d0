"""`EmailUndos` on SQL: one row per link, found by the digest of its token."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.email_change import EmailUndo, UndoSpent, digest_of
from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.email_schema import email_undos
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import fetch, write
from idp.core.texts import is_encodable

_c = email_undos.c
_by_token = _c.token_sha256 == sa.bindparam("token_sha256")
_ADDED = ("token_sha256", "account_id", "changed_at", "ends_at")

_ADD = Statement(
    lambda insert: insert(email_undos).values(parameters_of(email_undos, *_ADDED)), row=("token_sha256",)
)
_FIND = Statement(lambda _: sa.select(email_undos).where(_by_token))
_USE = Statement(
    lambda _: (
        sa.update(email_undos)
        .where(_by_token, _c.used_at.is_(None), _c.ends_at > sa.bindparam("now", type_=_c.ends_at.type))
        .values(parameters_of(email_undos, "used_at"))
    ),
    row=("token_sha256",),
)


@dataclass(frozen=True, slots=True)
class SqlEmailUndos:
    database: Engine

    def add(self, undo: EmailUndo) -> None:
        write(
            self.database,
            _ADD,
            token_sha256=undo.token_sha256,
            account_id=undo.account_id,
            changed_at=undo.changed_at,
            ends_at=undo.ends_at,
        )

    def find(self, token: str) -> EmailUndo | None:
        rows = fetch(self.database, _FIND, token_sha256=digest_of(token)) if is_encodable(token) else ()
        if not rows:
            return None
        row = rows[0]
        return EmailUndo(
            token_sha256=row.token_sha256,
            account_id=AccountId(row.account_id),
            changed_at=row.changed_at,
            ends_at=row.ends_at,
            used_at=row.used_at,
        )

    def use(self, token: str, now: datetime) -> None:
        write(self.database, _USE, refusal=UndoSpent(), token_sha256=digest_of(token), used_at=now, now=now)

    def purge(self, ended_before: datetime) -> int:
        """Delete some links that ended before: what their page says of one is « trop tard » until then.

        Returns how many: 0 when none is left.
        """
        return delete_some(self.database, _c.ends_at, ended_before)
