"""What proved each person: their cards and Pro Santé Connect, each with its profession and dates.

Accounts made before get theirs at the next proof. Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "account_proofs",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("profession", sa.JSON),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source", "evidence", name="pk_account_proofs"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_proofs_account_id"),
    )
