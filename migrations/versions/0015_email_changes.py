"""A changed e-mail address, the link by which its former holder disowns the change, and a password door closed by it.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for name, kind in (
        ("email_put_off_at", sa.BigInteger),
        ("password_closed_at", sa.BigInteger),
        ("password_closed_for", sa.Text),
        ("password_closure_told_at", sa.BigInteger),
    ):
        op.add_column("accounts", sa.Column(name, kind))
    op.create_table(
        "email_undos",
        sa.Column("token_sha256", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_email_undos"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_email_undos_account_id"
        ),
    )
    op.create_index("ix_email_undos_account_id", "email_undos", ["account_id"])
    op.create_index("ix_email_undos_ends_at", "email_undos", ["ends_at"])
