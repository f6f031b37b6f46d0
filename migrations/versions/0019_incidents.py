"""By which doors and from which network a session was proved: what an incident is told by (`idp incident end`).

A session of before is found by its last door alone, and by no network.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for name in ("doors", "address"):
        op.add_column("sessions", sa.Column(name, sa.Text, nullable=False, server_default=""))
