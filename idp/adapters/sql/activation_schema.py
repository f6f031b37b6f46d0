"""The table of codes of activation (`accounts/activation`). Not here: accounts (`schema`)."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

activations = sa.Table(
    "activations",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("code_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("issued_at", UtcInstant, nullable=False),
    sa.Column("ends_at", UtcInstant, nullable=False, index=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("used_at", UtcInstant),
)
