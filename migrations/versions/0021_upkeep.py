"""What an operator does to the whole database: epochs, the last backups, and which code the schema still serves."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "epochs",
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_epochs"),
    )
    op.create_table(
        "backups",
        sa.Column("taken_at", sa.BigInteger, autoincrement=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("taken_at", name="pk_backups"),
    )
    op.create_table(
        "schema_support",
        sa.Column("oldest_code", sa.Text),
        sa.PrimaryKeyConstraint("oldest_code", name="pk_schema_support"),
    )
    op.execute("INSERT INTO schema_support (oldest_code) VALUES ('0018')")
