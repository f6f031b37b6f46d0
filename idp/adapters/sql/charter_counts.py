"""Contains how many accounts accepted a charter. It looks at every account: for who keeps the answer
(`core/kept_figures`), and for so long at most. Not here: charters (`charters`)."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.bounded import reading_for
from idp.adapters.sql.schema import accounts

_SECONDS = 2


def acceptance(database: Engine, revision: str) -> Mapping[str, int]:
    """Returns how many accounts that may sign in accepted this revision of the service's own charter last
    (`accepted`), and how many have yet to (`left`). Raises StoreUnavailable, TookTooLong."""
    c = accounts.c
    is_accepted = sa.func.coalesce(c.charter_revision == revision, sa.false())
    counted = sa.select(sa.func.count(), sa.func.sum(sa.case((is_accepted, 1), else_=0))).where(
        c.enabled, c.closing_at.is_(None)
    )
    with reading_for(database, _SECONDS) as connection:
        everybody, accepted = connection.execute(counted).one()
    return {"accepted": int(accepted or 0), "left": everybody - int(accepted or 0)}
