"""`ring.json`: how key records are written, and how strictly they are read."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from idp.adapters.software_signer import BadKeyFile
from idp.settings.files import read_octets
from idp.signing.schedule import ALGS, KeyRecord

_VERSION = 1


def _matching(pattern: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {pattern}")
        return value

    return read


def _alg(value: Any) -> Any:
    if value not in ALGS:
        raise ValueError(f"expected one of {', '.join(ALGS)}")
    return value


def _instant(value: Any) -> Any:
    try:
        instant = datetime.fromisoformat(value)
    except TypeError as error:
        raise ValueError("expected a time in ISO 8601") from error
    if instant.tzinfo is None:
        raise ValueError("expected a time with its offset")
    # The schedule adds days to it.
    if not 1970 <= instant.year < 9000:
        raise ValueError("expected a time of these millennia")
    return instant


def _instant_or_none(value: Any) -> Any:
    return None if value is None else _instant(value)


def _bool(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


#: Member → (field of the record, how it is read). A file name never leads out of the directory.
_MEMBERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "kid": ("kid", _matching(r"[A-Za-z0-9_-]{43}")),
    "alg": ("alg", _alg),
    "file": ("file", _matching(r"sign-[^/]*\.pem|pkcs11:[!-~]+")),
    "created_at": ("created_at", _instant),
    "active_from": ("active_from", _instant),
    "retired_at": ("retired_at", _instant_or_none),
    "withdrawn": ("is_withdrawn", _bool),
    "compromised": ("is_compromised", _bool),
}


#: For a key in the HSM: with its public half.
_HSM_MEMBERS = {**_MEMBERS, "public_key": ("public_key", _matching(r"[A-Za-z0-9+/]{80,2000}={0,2}"))}


def _members_of(file: Any) -> Mapping[str, tuple[str, Callable[[Any], Any]]]:
    return _HSM_MEMBERS if str(file).startswith("pkcs11:") else _MEMBERS


def _record(entry: Any, place: str) -> KeyRecord:
    members = _members_of(entry.get("file")) if isinstance(entry, dict) else _MEMBERS
    if not isinstance(entry, dict) or entry.keys() != members.keys():
        raise BadKeyFile(f"{place}: expected exactly {', '.join(members)}")
    values: dict[str, Any] = {}
    for member, (field, read) in members.items():
        try:
            values[field] = read(entry[member])
        except ValueError as error:
            raise BadKeyFile(f"{place}, `{member}`: {error}") from error
    if values["retired_at"] is None and (values["is_withdrawn"] or values["is_compromised"]):
        raise BadKeyFile(f"{place}, `retired_at`: expected a time, as the key is withdrawn or compromised")
    return KeyRecord(**values)


def read_records(path: Path) -> Sequence[KeyRecord]:
    """Returns the records. Raises BadKeyFile for anything that we did not write, OSError."""
    try:
        document: Any = json.loads(read_octets(path))
    except (ValueError, RecursionError) as error:
        raise BadKeyFile(f"{path}: expected JSON") from error
    if not isinstance(document, dict) or document.keys() != {"version", "keys"}:
        raise BadKeyFile(f"{path}: expected `version` and `keys`")
    if document["version"] != _VERSION or not isinstance(document["keys"], list):
        raise BadKeyFile(f"{path}: expected version {_VERSION} and a list of keys")
    records = [_record(entry, f"{path}: key {rank}") for rank, entry in enumerate(document["keys"], 1)]
    for name in ("kid", "file"):
        if len({getattr(record, name) for record in records}) != len(records):
            raise BadKeyFile(f"{path}: a {name} is given twice")
    return records


def ring_text(records: Iterable[KeyRecord]) -> str:
    entries = [
        {member: _plain(getattr(record, field)) for member, (field, _) in _members_of(record.file).items()}
        for record in records
    ]
    return json.dumps({"version": _VERSION, "keys": entries}, indent=2) + "\n"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
