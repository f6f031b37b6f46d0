"""`Activations` on SQL: one row per account, found by the digest of its code."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.activation import Activation, ActivationSpent, digest_of
from idp.adapters.sql.activation_schema import activations
from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.database import writing
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import fetch, write
from idp.core.texts import is_encodable

_c = activations.c
_by_code = _c.code_sha256 == sa.bindparam("code_sha256")

_FIND = Statement(lambda _: sa.select(activations).where(_by_code))
_USE = Statement(
    lambda _: (
        sa.update(activations)
        .where(_by_code, _c.used_at.is_(None), _c.ends_at > sa.bindparam("now", type_=_c.ends_at.type))
        .values(parameters_of(activations, "used_at"))
    ),
    row=("code_sha256",),
)


@dataclass(frozen=True, slots=True)
class SqlActivations:
    database: Engine

    def put(self, activation: Activation) -> None:
        with writing(self.database) as connection:
            connection.execute(sa.delete(activations).where(_c.account_id == activation.account_id))
            connection.execute(sa.insert(activations).values(asdict(activation)))

    def find(self, code: str) -> Activation | None:
        rows = fetch(self.database, _FIND, code_sha256=digest_of(code)) if is_encodable(code) else ()
        if not rows:
            return None
        row = rows[0]
        return Activation(
            account_id=AccountId(row.account_id),
            code_sha256=row.code_sha256,
            issued_at=row.issued_at,
            ends_at=row.ends_at,
            generation=row.generation,
            used_at=row.used_at,
        )

    def use(self, activation: Activation, now: datetime) -> None:
        code = activation.code_sha256
        write(self.database, _USE, refusal=ActivationSpent(), code_sha256=code, used_at=now, now=now)

    def purge(self, ended_before: datetime) -> int:
        """Delete some that ended before. Returns how many: 0 when none is left."""
        return delete_some(self.database, _c.ends_at, ended_before)
