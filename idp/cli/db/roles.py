"""Contains `idp db roles`: what each role of PostgreSQL may do with each table, as SQL. Not here: `idp audit`."""

import argparse
from collections.abc import Iterator

from idp.adapters.sql.columns import metadata
from idp.adapters.sql.schema import audit_events, audit_seals

_HEAD = """\
-- What the provider and the worker of Caducée may do (PostgreSQL). Run it as the owner of the tables, who is neither of
-- the two and alone runs `idp db init`, `idp db upgrade` and `idp db restore`; again after each `idp db upgrade`.
--   {provider}: `idp serve`, `idp card-host`, the commands of an operator. It adds to the audit trail, and changes
--   nothing of it.
--   {worker}: `idp worker`. It seals the trail, and deletes what is too old."""


def roles(options: argparse.Namespace) -> int:
    print("\n".join(_statements(options.provider, options.worker, options.schema)))
    return 0


def _functions(schema: str) -> str:
    """Returns those that make and drop the months of the trail, for the owner of its tables (docs/adr/0052)."""
    return ", ".join(f"{schema}.audit_events_{name}(bigint)" for name in ("add_month", "drop_before"))


def _statements(provider: str, worker: str, schema: str) -> Iterator[str]:
    both, audit = f"{provider}, {worker}", (audit_events, audit_seals)
    others = sorted(table.name for table in metadata.tables.values() if table not in audit)

    def on(*names: str) -> str:
        return ", ".join(f"{schema}.{name}" for name in names)

    trail, seals = on(audit_events.name), on(audit_seals.name)
    yield _HEAD.format(provider=provider, worker=worker)
    yield "BEGIN;"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {both};"
    yield f"GRANT SELECT ON {on('alembic_version')} TO {both};"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {on(*others)} TO {both};"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {both};"
    yield f"REVOKE ALL ON {trail}, {seals} FROM PUBLIC, {both};"
    yield f"GRANT SELECT, INSERT ON {trail} TO {both};"
    yield f"GRANT SELECT ON {seals} TO {both};"
    yield f"GRANT DELETE, UPDATE (network, network_salt) ON {trail} TO {worker};"
    yield f"GRANT EXECUTE ON FUNCTION {_functions(schema)} TO {worker};"
    yield f"GRANT INSERT, UPDATE (has_no_address) ON {seals} TO {worker};"
    yield "COMMIT;"
