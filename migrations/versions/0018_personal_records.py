"""What a person finds and decides of the own account: what changed in a charter, when the account ends, and why.

Revisions of before have no note. The last sign-in of before is not known: it counts from the migration on.
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("charter_revisions", sa.Column("changes", sa.JSON, nullable=False, server_default="{}"))
    for name in ("closing_at", "signed_in_at", "unused_told_at"):
        op.add_column("accounts", sa.Column(name, sa.BigInteger))
    op.add_column("accounts", sa.Column("disabled_motive", sa.Text, nullable=False, server_default=""))
    op.execute(sa.text("UPDATE accounts SET signed_in_at = :now").bindparams(now=time.time_ns() // 1000))
    op.create_index("ix_accounts_closing_at", "accounts", ["closing_at"])
    enabled = sa.text("enabled")
    op.create_index(
        "ix_accounts_unused", "accounts", ["signed_in_at"], sqlite_where=enabled, postgresql_where=enabled
    )
    op.create_table(
        "kept_acceptances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True),
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("charter", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("authenticator", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("erased_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_acceptances"),
        sqlite_autoincrement=True,
    )
    for name in ("pseudonym", "erased_at"):
        op.create_index(f"ix_kept_acceptances_{name}", "kept_acceptances", [name])
