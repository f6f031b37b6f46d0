"""Signs of life of the worker, what one process at a time does, mails given up; searches that no backlog slows down."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_by", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text, nullable=False, server_default=""),
        sa.Column("waiting", sa.BigInteger),
        sa.Column("oldest_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("node", "process", "lane", name="pk_heartbeats"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "dead_mails",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("died_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dead_mails"),
        sqlite_autoincrement=True,
    )
    for name in ("recipient", "died_at"):
        op.create_index(f"ix_dead_mails_{name}", "dead_mails", [name])
    _change_indexes()


def _change_indexes() -> None:
    op.create_index("ix_outbox_recipient", "outbox", ["recipient"])
    for name, is_code in (("ix_outbox_codes_due", "IS NOT NULL"), ("ix_outbox_due", "IS NULL")):
        which = sa.text(f"topic {is_code}")
        op.create_index(
            name, "outbox", ["not_before", "id"], sqlite_where=which, postgresql_where=which
        )
    op.drop_index("ix_outbox_not_before", "outbox")
    op.create_index("ix_logout_notices_account_id", "logout_notices", ["account_id"])
    op.create_index("ix_logout_notices_due", "logout_notices", ["state", "client_id", "not_before", "id"])
    op.drop_index("ix_logout_notices_state", "logout_notices")
    for name, column, is_told in (
        ("ix_accounts_unwarned", "signed_in_at", "IS NULL"),
        ("ix_accounts_warned", "unused_told_at", "IS NOT NULL"),
    ):
        which = sa.text(f"enabled AND closing_at IS NULL AND unused_told_at {is_told}")
        op.create_index(name, "accounts", [column], sqlite_where=which, postgresql_where=which)
    op.drop_index("ix_accounts_unused", "accounts")
