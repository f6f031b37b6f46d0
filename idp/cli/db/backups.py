"""Contains `idp db backup|restore`: what goes into a backup beside the rows, and what an operator is told of the gap.

Not here: the archive (`adapters/backup_file`), copying (`adapters/sql/copying`), what an epoch voids (`epoch`).
"""

import argparse
import hmac
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from idp import __version__
from idp.adapters.backup_file import (
    APPLICATION_KEY,
    Backup,
    BadBackup,
    Manifest,
    Writing,
    open_backup,
    write_backup,
)
from idp.adapters.key_files.directory import KeyDirectory
from idp.adapters.key_files.kept_keys import read_sealed, require_room, write_sealed
from idp.adapters.software_signer import BadKeyFile
from idp.adapters.sql.backups import note_backup
from idp.adapters.sql.copying import copy_out, kind_of, restored
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import SchemaMismatch, read_state
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.db.epoch import begin, listeners_of, tell
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.core.sealing import Sealer, derive_key
from idp.settings import Settings
from idp.wiring.audit import build_audit
from idp.wiring.resources import open_key_directory

_KEYS, _PEPPER = "keys/", "password pepper"
_NEW_EPOCH = (
    "--new-epoch is missing: what was ended since the backup (sessions, passwords, codes) would open again; "
    "with it everything that began before is void, and people sign in anew"
)


def backup(settings: Settings, options: argparse.Namespace) -> int:
    database, clock = open_database(settings.where.database), SystemClock()
    now = clock.now()
    _require_same_schema(database)
    directory = open_key_directory(settings, clock)
    digest = write_backup(
        options.file, _seal_of(settings), partial(_fill, settings, directory, now, bool(options.with_keys))
    )
    with SqlUnitOfWork(database).together():
        with writing(database) as connection:
            note_backup(connection, now, digest)
        audit = build_audit(settings, database, clock)
        audit.record(AuditEvent.BACKUP_TAKEN, sha256=digest, keys=bool(options.with_keys))
    print(f"{options.file}: taken {now:%Y-%m-%dT%H:%M:%SZ}, schema {SCHEMA_REVISION}")
    print(f"SHA-256 {digest}")
    return 0


def _require_same_schema(database: Engine) -> None:
    """Raises SchemaMismatch: what a newer version added would be missing in the backup."""
    with reading(database) as connection:
        revision = read_state(connection).revision
    if revision != SCHEMA_REVISION:
        raise SchemaMismatch(
            f"schema {revision} is newer than this code: take the backup with the newer version"
        )


def _fill(
    settings: Settings, directory: KeyDirectory, now: datetime, with_keys: bool, archive: Writing
) -> Manifest:
    rows, columns = copy_out(settings.where.database, archive)
    if with_keys:
        for name, sealed in read_sealed(settings.keys.directory, _sealer_of(settings)):
            archive.add(f"{_KEYS}{name}", iter([sealed]))
    return Manifest(
        taken_at=now,
        version=__version__,
        schema=SCHEMA_REVISION,
        database=kind_of(settings.where.database),
        tables=rows,
        columns=columns,
        secrets=_fingerprints(settings),
        keys=_kids(directory),
    )


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 1 when it is done and something of it is left to the operator, 2 without `--new-epoch`."""
    clock, url = SystemClock(), settings.where.database
    own = {_fingerprints(settings)[APPLICATION_KEY]: _seal_of(settings)}
    with open_backup(options.file, own) as found:
        manifest, now = found.manifest, clock.now()
        _require_fitting(settings, manifest, now)
        print(_told(manifest))
        if not options.new_epoch:
            print(f"idp: {_NEW_EPOCH}", file=sys.stderr)
            return 2
        found.require_whole()
        if options.with_keys:
            _require_keys(settings, found)
        listeners, status = listeners_of(settings)
        with restored(url, found) as database:
            ended = begin(build_audit(settings, database, clock), listeners, "restore")
            with SqlUnitOfWork(database).together(), writing(database) as connection:
                note_backup(connection, manifest.taken_at, "")
        print(f"restored, at schema {SCHEMA_REVISION}")
        tell(ended)
        _tell_gap(manifest.taken_at, now)
        return max(status, _restore_keys(settings, found, bool(options.with_keys)))


def _require_fitting(settings: Settings, manifest: Manifest, now: datetime) -> None:
    """Raises BadBackup."""
    kind, ours = kind_of(settings.where.database), _fingerprints(settings)
    if manifest.schema > SCHEMA_REVISION:
        raise BadBackup(
            f"of schema {manifest.schema}, newer than this code ({SCHEMA_REVISION}): install that version"
        )
    if manifest.database != kind:
        raise BadBackup(f"of {manifest.database}, and DATABASE is {kind}: restore it where it came from")
    if not hmac.compare_digest(manifest.secrets.get(_PEPPER, ""), ours[_PEPPER]):
        raise BadBackup(
            "made under another password pepper: set PASSWORD_PEPPER to that of then, or no password opens"
        )
    if manifest.taken_at > now:
        raise BadBackup(
            f"taken at {manifest.taken_at:%Y-%m-%dT%H:%M:%SZ}, which the clock here has not reached: set it"
        )


def _told(manifest: Manifest) -> str:
    rows = ", ".join(f"{manifest.tables.get(name, 0)} {words}" for name, words in _TOLD_TABLES.items())
    return (
        f"backup of {manifest.taken_at:%Y-%m-%dT%H:%M:%SZ}, version {manifest.version}, "
        f"schema {manifest.schema}, {manifest.database}: {rows}"
    )


_TOLD_TABLES = {"accounts": "accounts", "charter_acceptances": "acceptances", "audit_events": "audit events"}


def _tell_gap(taken_at: datetime, now: datetime) -> None:
    minutes = (now - taken_at).total_seconds() / 60
    print(
        f"not in it: {minutes:.0f} minutes, since {taken_at:%Y-%m-%dT%H:%M:%SZ}. Do again by hand what was decided then"
        " (docs/backup.md): accounts disabled, closed, erased; passwords, addresses, passkeys; charters; applications"
        " that sessions of then opened were not told of their end"
    )


def _require_keys(settings: Settings, found: Backup) -> None:
    """Before anything is restored. Raises BadBackup, BadKeyFile."""
    if not found.named(_KEYS):
        raise BadBackup("it holds no keys: it was taken without --with-keys")
    require_room(settings.keys.directory)


def _restore_keys(settings: Settings, found: Backup, is_asked: bool) -> int:
    """Returns 1 when a signing key of then is not here."""
    names = found.named(_KEYS)
    if is_asked:
        sealed = {name.removeprefix(_KEYS): b"".join(found.chunks(name)) for name in names}
        write_sealed(settings.keys.directory, sealed, _sealer_of(settings))
        print(f"{len(sealed)} files of keys restored to {settings.keys.directory}")
    missing = sorted(set(found.manifest.keys) - set(_kids(open_key_directory(settings, SystemClock()))))
    for kid in missing:
        print(f"idp: signing key {kid} is not here: what it signed fails until it is", file=sys.stderr)
    return 1 if missing else 0


def _kids(directory: KeyDirectory) -> tuple[str, ...]:
    """Returns none where there are no keys: a backup must not fail of it."""
    try:
        return tuple(record.kid for record in directory.schedule().records)
    except BadKeyFile:
        return ()


def _fingerprints(settings: Settings) -> Mapping[str, str]:
    """Returns what tells whether two keys are one, and nothing of either."""
    named = {APPLICATION_KEY: settings.keys.application, _PEPPER: settings.password.pepper}
    return {name: derive_key(key, "fingerprint").hex()[:16] for name, key in named.items()}


def _seal_of(settings: Settings) -> bytes:
    return derive_key(settings.keys.application, "backup")


def _sealer_of(settings: Settings) -> Sealer:
    return Sealer(derive_key(settings.keys.application, "backup_keys"))
