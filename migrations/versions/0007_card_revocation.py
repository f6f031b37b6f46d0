"""Card revocation: the lists of the authorities as an index of serials, and what OCSP said for good.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "card_crls",
        sa.Column("issuer_key_id", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("this_update", sa.BigInteger, nullable=False),
        sa.Column("next_update", sa.BigInteger, nullable=False),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("issuer_key_id", name="pk_card_crls"),
    )
    op.create_table(
        "card_crl_entries",
        sa.Column("issuer_key_id", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("issuer_key_id", "generation", "serial", name="pk_card_crl_entries"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "card_crl_fetches",
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("url", name="pk_card_crl_fetches"),
    )
    op.create_table(
        "card_revocations",
        sa.Column("issuer_key_id", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("issuer_key_id", "serial", name="pk_card_revocations"),
        sqlite_with_rowid=False,
    )
