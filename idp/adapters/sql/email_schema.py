"""The table of links « ce n'était pas moi » in mails to former addresses. Not here: those of accounts (`schema`).

The addresses themselves are not kept.
"""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

email_undos = sa.Table(
    "email_undos",
    metadata,
    sa.Column("token_sha256", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("changed_at", UtcInstant, nullable=False),
    sa.Column("ends_at", UtcInstant, nullable=False, index=True),
    sa.Column("used_at", UtcInstant),
)
