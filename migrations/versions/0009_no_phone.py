"""No telephone number: nothing ever asked for one, so no relying party was ever given one."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_column("accounts", "phone")
