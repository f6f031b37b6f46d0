"""Charters beside the one of the house: a revision, and each acceptance of it, belongs to a charter by name.

What was published and accepted before is the house's. SQLite cannot change a key in place: there the two tables are
written anew, children first to go, so that no reference ever dangles. Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    {"sqlite": _rewrite, "postgresql": _alter}[op.get_bind().dialect.name]()


def _alter() -> None:
    for table in ("charter_revisions", "charter_acceptances"):
        op.add_column(table, sa.Column("charter", sa.Text, nullable=False, server_default="house"))
        op.alter_column(table, "charter", server_default=None)
    op.drop_constraint("fk_charter_acceptances_revision", "charter_acceptances", type_="foreignkey")
    op.drop_constraint("pk_charter_acceptances", "charter_acceptances", type_="primary")
    op.drop_constraint("uq_charter_revisions_revision", "charter_revisions", type_="unique")
    op.create_unique_constraint("uq_charter_revisions_charter", "charter_revisions", ["charter", "revision"])
    op.create_primary_key(
        "pk_charter_acceptances", "charter_acceptances", ["account_id", "charter", "revision"]
    )
    op.create_foreign_key(
        "fk_charter_acceptances_charter",
        "charter_acceptances",
        "charter_revisions",
        ["charter", "revision"],
        ["charter", "revision"],
    )


def _rewrite() -> None:
    _create("new_charter_revisions", "new_charter_acceptances")
    op.execute(
        "INSERT INTO new_charter_revisions (position, charter, revision, published_at, texts) "
        "SELECT position, 'house', revision, published_at, texts FROM charter_revisions"
    )
    op.execute(
        "INSERT INTO new_charter_acceptances "
        "(account_id, charter, revision, text_sha256, accepted_at, authenticator, client_id) "
        "SELECT account_id, 'house', revision, text_sha256, accepted_at, authenticator, client_id "
        "FROM charter_acceptances"
    )
    op.drop_table("charter_acceptances")
    op.drop_table("charter_revisions")
    # The reference of the acceptances follows the new name of the revisions.
    op.rename_table("new_charter_revisions", "charter_revisions")
    op.rename_table("new_charter_acceptances", "charter_acceptances")


def _create(revisions: str, acceptances: str) -> None:
    op.create_table(
        revisions,
        sa.Column("position", _row_number, autoincrement=True, nullable=False),
        sa.Column("charter", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.Column("texts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_charter_revisions"),
        sa.UniqueConstraint("charter", "revision", name="uq_charter_revisions_charter"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        acceptances,
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("charter", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("authenticator", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "charter", "revision", name="pk_charter_acceptances"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_charter_acceptances_account_id"),
        sa.ForeignKeyConstraint(
            ["charter", "revision"],
            [f"{revisions}.charter", f"{revisions}.revision"],
            name="fk_charter_acceptances_charter",
        ),
    )
