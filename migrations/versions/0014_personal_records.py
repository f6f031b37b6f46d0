"""What changed in a revision of a charter, told by the operator. Revisions of before have no note."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("charter_revisions", sa.Column("changes", sa.JSON, nullable=False, server_default="{}"))
