"""The professional context each person chose for each application. Instants are whole microseconds since 1970, UTC."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "professional_contexts",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("practice_key", sa.Text, nullable=False),
        sa.Column("chosen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client_id", name="pk_professional_contexts"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_professional_contexts_account_id"),
    )
