"""Where each event of the audit trail comes from, and what binds it to the one before; the seals of the days.

Rows of before have neither. What the release before writes meanwhile has neither: the columns may be empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    texts = ("browsing", "person", "operator", "network", "network_salt", "network_digest", "chain", "digest")
    for name in texts:
        op.add_column("audit_events", sa.Column(name, sa.Text))
    op.add_column("audit_events", sa.Column("sequence", sa.Integer))
    known = sa.text("person IS NOT NULL")
    op.create_index(
        "ix_audit_events_person", "audit_events", ["person"], sqlite_where=known, postgresql_where=known
    )
    op.create_table(
        "audit_seals",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("chains", sa.JSON, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("seal", sa.Text, nullable=False),
        sa.Column("sealed_at", sa.BigInteger, nullable=False),
        sa.Column("has_no_address", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_audit_seals"),
    )
