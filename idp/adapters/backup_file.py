"""The file of a backup: a ZIP archive with a manifest of every member, sealed under the application key.

Contains writing one whole or not at all, and reading one that is proved first. Not here: what is in a database.
"""

import contextlib
import hashlib
import hmac
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

_FORMAT = "caducee-backup/1"
_MANIFEST, _SEAL = "manifest.json", "manifest.seal"
_CHUNK = 1 << 20
_LONGEST_MANIFEST = 1 << 22


class BadBackup(Exception):
    """The file is no backup, is not whole, or cannot be restored here; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`tables`: rows of each, in the order in which they can be written. `columns`: of each, where rows stand alone.
    `secrets`: fingerprints of what the rows were written under. `keys`: the key IDs of the signing keys then, which are
    fingerprints (RFC 7638). `members`: SHA-256 of each, in hex."""

    taken_at: datetime
    version: str
    schema: str
    database: str
    tables: Mapping[str, int]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    secrets: Mapping[str, str]
    keys: tuple[str, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Writing:
    """An archive that is being written."""

    archive: zipfile.ZipFile
    members: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, chunks: Iterator[bytes]) -> None:
        digest = hashlib.sha256()
        with self.archive.open(name, "w", force_zip64=True) as member:
            for chunk in chunks:
                digest.update(chunk)
                member.write(chunk)
        self.members[name] = digest.hexdigest()


def write_backup(path: Path, key: bytes, fill: Callable[[Writing], Manifest]) -> str:
    """Write the file, for its owner alone, and only where there is none. Returns its SHA-256. Raises OSError.

    `key`: what the manifest is sealed with. `fill`: adds the members.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                written = Writing(archive)
                manifest = fill(written)
                told = _text_of(manifest, written.members)
                archive.writestr(_MANIFEST, told)
                archive.writestr(_SEAL, _seal(key, told))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a renaming it fails where there is a file: no backup takes the place of another.
        os.link(temporary, path)
    finally:
        os.unlink(temporary)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive that is open; its manifest is what we wrote."""

    archive: zipfile.ZipFile
    manifest: Manifest

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.archive.open(name) as member:
            yield from _chunks_of(member)

    def named(self, folder: str) -> list[str]:
        return [name for name in self.manifest.members if name.startswith(folder)]

    def require_whole(self) -> None:
        """Read every member. Raises BadBackup: one is missing, or is not what was written."""
        members = self.manifest.members
        for name, expected in members.items():
            digest = hashlib.sha256()
            with _told_as_bad(name):
                for chunk in self.chunks(name):
                    digest.update(chunk)
            if not hmac.compare_digest(digest.hexdigest(), expected):
                raise BadBackup(f"{name} is not what was written: take another copy of the file")


@contextlib.contextmanager
def open_backup(path: Path, keys: Mapping[str, bytes]) -> Iterator[Backup]:
    """Yields the backup. Raises BadBackup, OSError.

    `keys`: by the fingerprint of the application key that they come from, what manifests are sealed with.
    """
    with contextlib.ExitStack() as stack:
        with _told_as_bad(path.name):
            archive = stack.enter_context(zipfile.ZipFile(path))
            if archive.getinfo(_MANIFEST).file_size > _LONGEST_MANIFEST:
                raise BadBackup(f"{path}: its manifest is longer than any of ours")
            told, seal = archive.read(_MANIFEST), archive.read(_SEAL)
            manifest = _manifest_of(told)
        key = keys.get(manifest.secrets.get(APPLICATION_KEY, ""))
        if key is None:
            raise BadBackup(
                f"{path}: made under another application key: set APPLICATION_KEY to that of then"
            )
        if not hmac.compare_digest(seal, _seal(key, told)):
            raise BadBackup(f"{path}: its manifest was changed since it was written")
        yield Backup(archive, manifest)


#: Its name among `Manifest.secrets`.
APPLICATION_KEY = "application key"


def _chunks_of(member: IO[bytes]) -> Iterator[bytes]:
    while chunk := member.read(_CHUNK):
        yield chunk


def chunks_of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _chunks_of(file)


@contextlib.contextmanager
def _told_as_bad(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, zlib.error) as error:
        raise BadBackup(f"{name}: no backup of ours, or not whole") from error


def _seal(key: bytes, told: bytes) -> bytes:
    return hmac.new(key, told, "sha256").hexdigest().encode()


def _text_of(manifest: Manifest, members: Mapping[str, str]) -> bytes:
    value: dict[str, Any] = {
        "format": _FORMAT,
        "taken_at": manifest.taken_at.isoformat(),
        "version": manifest.version,
        "schema": manifest.schema,
        "database": manifest.database,
        "tables": dict(manifest.tables),
        "columns": {name: list(columns) for name, columns in manifest.columns.items()},
        "secrets": dict(manifest.secrets),
        "keys": list(manifest.keys),
        "members": dict(members),
    }
    return json.dumps(value, indent=2).encode()


def _manifest_of(told: bytes) -> Manifest:
    """Raises ValueError, KeyError."""
    value = json.loads(told)
    if not isinstance(value, dict) or value["format"] != _FORMAT:
        raise ValueError
    return Manifest(
        taken_at=datetime.fromisoformat(value["taken_at"]),
        version=value["version"],
        schema=value["schema"],
        database=value["database"],
        tables=value["tables"],
        columns=value["columns"],
        secrets=value["secrets"],
        keys=tuple(value["keys"]),
        members=value["members"],
    )
