"""Contains how many accounts accepted a charter. It looks at every account: for who keeps the answer
(`core/kept_figures`), and for so long at most. Not here: charters (`charters`)."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.charter import HOUSE
from idp.adapters.sql.bounded import reading_for
from idp.adapters.sql.charter_order import has_accepted
from idp.adapters.sql.schema import accounts, charter_revisions

_SECONDS = 2


def acceptance(database: Engine, revision: str) -> Mapping[str, int]:
    """Returns how many accounts that may sign in accepted this revision of the service's own charter, its text under
    another name or one published since (`accepted`), and how many have yet to (`left`). Raises StoreUnavailable,
    TookTooLong."""
    c, house = accounts.c, sa.literal(HOUSE)
    this, since = charter_revisions.alias("this").c, charter_revisions.alias("since").c
    is_this = sa.and_(this.charter == HOUSE, this.revision == revision)
    text = sa.select(sa.func.coalesce(this.text_of, this.revision)).where(is_this).scalar_subquery()
    newer = sa.select(since.revision).where(
        since.charter == HOUSE,
        since.withdrawn_at.is_(None),
        since.position > sa.select(this.position).where(is_this).scalar_subquery(),
    )
    is_accepted = sa.or_(
        sa.func.coalesce(c.charter_revision == revision, sa.false()),
        sa.func.coalesce(c.charter_revision.in_(newer), sa.false()),
        has_accepted(c.id, house, text),
    )
    counted = sa.select(sa.func.count(), sa.func.sum(sa.case((is_accepted, 1), else_=0))).where(
        c.enabled, c.closing_at.is_(None)
    )
    with reading_for(database, _SECONDS) as connection:
        everybody, accepted = connection.execute(counted).one()
    return {"accepted": int(accepted or 0), "left": everybody - int(accepted or 0)}
