"""Contains `idp db init|check|partition|upgrade`. Not here: copies of the database (`backups`), epochs (`epoch`)."""

import argparse

from idp.adapters.sql.audit_months import divide
from idp.adapters.sql.backends import parse_url
from idp.adapters.sql.database import initialise, migrate, open_database, reading
from idp.adapters.sql.integrity import faults_in
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import faults_told, read_state
from idp.cli.visible import json_text
from idp.core.clock import SystemClock
from idp.settings import Settings


def init(settings: Settings, options: argparse.Namespace) -> int:
    before = initialise(settings.where.database)
    place = parse_url(settings.where.database).render_as_string(hide_password=True)
    print(f"{place}: {_told(before)}")
    return 0


def upgrade(settings: Settings, options: argparse.Namespace) -> int:
    print(_told(migrate(settings.where.database)))
    return 0


def _told(before: str | None) -> str:
    """`before`: the schema that was there; None: the database was empty."""
    if before is None:
        return f"made, schema {SCHEMA_REVISION}"
    if before == SCHEMA_REVISION:
        return f"schema {before}: nothing to do"
    if before > SCHEMA_REVISION:
        return f"schema {before}: newer than this code ({SCHEMA_REVISION}), which may work on it"
    return f"schema {before} -> {SCHEMA_REVISION}"


def partition(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 2 on SQLite, which has no partitions."""
    database = open_database(settings.where.database)
    if database.dialect.name != "postgresql":
        print("SQLite has no partitions: its audit trail is one table")
        return 2
    try:
        with faults_told(parse_url(settings.where.database)):
            is_new = divide(database, SystemClock().now())
    finally:
        database.dispose()
    print("the audit trail is divided by months" + ("" if is_new else " already"))
    return 0


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 1 when it is not whole. On SQLite every page is read; PostgreSQL looks after its own."""
    database = open_database(settings.where.database)
    faults = faults_in(database)
    with reading(database) as connection:
        state = read_state(connection)
    if options.json:
        told = {"kind": database.dialect.name, "schema": state.revision, "tables": sorted(state.tables)}
        print(json_text({**told, "faults": [str(fault) for fault in faults]}))
        return 1 if faults else 0
    for fault in faults:
        print(f"FAULT {fault}")
    if faults:
        print("restore a backup: docs/backup.md")
        return 1
    print(f"{database.dialect.name}, schema {state.revision}, {len(state.tables)} tables: no fault")
    return 0
