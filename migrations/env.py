"""Alembic's entry: runs the versions in the transaction that `idp/adapters/sql/database.py` opened.

There is no alembic.ini and no way in from Alembic's own command: `idp db init` and `idp db upgrade` hold the lock.
"""

from alembic import context

from idp.adapters.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo its DDL; saying so keeps every version inside the caller's one transaction.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
