"""The tables of charters: their revisions, and who accepted which. Not here: what they mean (`accounts/charter`)."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata, row_number

#: `due_from`: announced until then. `text_of`: the revision whose text it brings back. `reminded_to`: the account that
#: the reminders came to; `reminded_at`: they came to the end.
charter_revisions = sa.Table(
    "charter_revisions",
    metadata,
    sa.Column("position", row_number, primary_key=True, autoincrement=True),
    sa.Column("charter", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("published_at", UtcInstant, nullable=False),
    sa.Column("texts", sa.JSON, nullable=False),
    sa.Column("changes", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("due_from", UtcInstant),
    sa.Column("withdrawn_at", UtcInstant),
    sa.Column("text_of", sa.Text),
    sa.Column("reminded_to", sa.Text),
    sa.Column("reminded_at", UtcInstant),
    sa.UniqueConstraint("charter", "revision"),
    # All that each sign-in asks of a revision: its texts are not touched.
    sa.Index(
        "ix_charter_revisions_order",
        *("charter", "position", "withdrawn_at", "due_from", "revision", "text_of"),
    ),
    sqlite_autoincrement=True,
)

charter_acceptances = sa.Table(
    "charter_acceptances",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("charter", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, primary_key=True),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("accepted_at", UtcInstant, nullable=False),
    sa.Column("authenticator", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["charter", "revision"], [charter_revisions.c.charter, charter_revisions.c.revision]
    ),
)
