"""What an operator may type after `idp db` and `idp epoch`. Not here: what these commands do (`database`, `epoch`)."""

import argparse
from collections.abc import Callable
from pathlib import Path

from idp.cli.listing import add_json

GROUPS = {"db": "the database", "epoch": "what began before, of everybody"}


def add_database(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    add("db init", "db.database.init", "create the database")
    # The former names stay; `idp init` without a directory is that of the first (install_options).
    for name in ("db upgrade", "migrate"):
        add(name, "db.database.upgrade", "bring the database to the schema of this version")
    add_json(
        add("db check", "db.database.check", "look whether the database is whole, and what schema it has")
    )
    backup = add("db backup", "db.backups.backup", "copy the database into a file, while it serves")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file: it holds personal data")
    backup.add_argument("--with-keys", action="store_true", help="the signing keys in files too, sealed")
    restore = add("db restore", "db.backups.restore", "make the database of a backup, where there is none")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--new-epoch", action="store_true", help="demanded: void what began before")
    restore.add_argument(
        "--with-keys", action="store_true", help="its signing keys too, where there are none"
    )
    add(
        "db partition",
        "db.database.partition",
        "divide the audit trail by months (PostgreSQL), while it serves",
    )
    add("epoch new", "db.epoch.new", "void every session, grant, token, code and pending change of until now")
