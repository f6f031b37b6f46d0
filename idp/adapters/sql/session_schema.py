"""The table of SSO sessions as their person sees them (`accounts/open_sessions`).

Not here: the ends of sessions, of which grants ask too (`schema`).
"""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

_IS_UNTOLD = sa.text("tell_at IS NOT NULL")

#: One row each, until it is over. It opens nothing. `tell_at`: of those to tell by mail. `doors`: those by which
#: something was proved in it, `door` the last; "" in rows of the version before.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("sid", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("started_at", UtcInstant, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("network", sa.Text, nullable=False),
    sa.Column("is_of_house", sa.Boolean, nullable=False),
    sa.Column("ends_at", UtcInstant, nullable=False, index=True),
    sa.Column("tell_at", UtcInstant),
    sa.Column("doors", sa.Text, nullable=False, server_default=""),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_sessions_tell_at", "tell_at", sqlite_where=_IS_UNTOLD, postgresql_where=_IS_UNTOLD),
)
