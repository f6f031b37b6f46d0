"""`idp clients list` and `show`: what is in force for the relying parties. Never a secret.

Not here: faults (`check`), comparing (`plan`).
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idp.cli.visible import json_text
from idp.clients.members import MEMBERS, PROFILE_DEFAULTS, SECRET_MEMBERS
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import Entry, Reading, files_of, read_files
from idp.clients.registry import Client, registry_of
from idp.clients.shown import nearest
from idp.clients.written import reference, written
from idp.settings import Settings

#: Members whose default is a setting.
_LIVES = ("access_token_life", "id_token_life", "refresh_token_idle", "refresh_grace")
#: Members whose default follows from others.
_DERIVED: Mapping[str, Callable[[Client], Any]] = {
    "allowed_origins": lambda client: sorted(client.origins),
    "token_endpoint_auth_method": lambda client: " or ".join(client.auth_methods),
}
_COLUMNS = ("client_id", "client_name", "token_endpoint_auth_method", "minimum_acr")


@dataclass(frozen=True, slots=True)
class _InForce:
    """A value as JSON, and where it comes from; "": it stands in the file."""

    value: Any
    source: str


def list_clients(settings: Settings, options: argparse.Namespace) -> int:
    """Raises BadYaml, OSError."""
    reading = _reading(settings)
    registry = registry_of(reading)
    rows = [_row(settings, entry, registry[entry.name]) for entry in reading.entries]
    if options.json:
        print(json_text(rows))
        return 0
    if not rows:
        print(f"no client yet: {settings.where.clients_file}")
    widths = [max((len(row[name]) for row in rows), default=0) for name in _COLUMNS]
    for row in rows:
        cells = [row[name].ljust(width) for name, width in zip(_COLUMNS, widths, strict=True)]
        print("  ".join((*cells, f"{row['file']}:{row['line']}")))
    return 0


def show(settings: Settings, options: argparse.Namespace) -> int:
    """Raises BadYaml, OSError."""
    reading = _reading(settings)
    entries = {entry.name: entry for entry in reading.entries}
    if options.client not in entries:
        near = nearest(options.client, entries)
        meant = f"; did you mean `{near}`?" if near else ""
        print(f"idp: no client `{options.client}` in {settings.where.clients_file}{meant}", file=sys.stderr)
        return 1
    entry = entries[options.client]
    client = registry_of(reading)[options.client]
    members = {name: _in_force(settings, entry, client, name) for name in MEMBERS}
    released = sorted(client.releasable)
    place = entry.at.place
    if options.json:
        told = {
            "file": str(place.path),
            "line": place.line,
            "members": {name: member.value for name, member in members.items()},
            "not_in_the_file": {name: member.source for name, member in members.items() if member.source},
            "releasable_claims": released,
        }
        print(json_text(told))
        return 0
    print(f"# {place}")
    print("\n".join(_lines(members)))
    print(f"# claims that it may receive: {', '.join(released)}")
    return 0


def _reading(settings: Settings) -> Reading:
    where = settings.where
    reading = read_files(files_of(where.clients_file, where.clients_directory), operator_rules(settings))
    reading.raise_faults()
    return reading


def _row(settings: Settings, entry: Entry, client: Client) -> dict[str, Any]:
    place = entry.at.place
    members = {name: _in_force(settings, entry, client, name).value for name in _COLUMNS}
    return {**members, "file": str(place.path), "line": place.line}


def _in_force(settings: Settings, entry: Entry, client: Client, name: str) -> _InForce:
    value = entry.values[name]
    if name in SECRET_MEMBERS:
        return _InForce(reference(entry, name), "" if name in entry.given else "default")
    if name in entry.given:
        return _InForce(written(value), "")
    if name in _DERIVED and value is None:
        return _InForce(_DERIVED[name](client), "default")
    if name in _LIVES and value is None:
        return _InForce(written(getattr(settings.lives, name)), f"CADUCEE_{name.upper()}")
    profile = entry.values["profile"]
    is_profile_s = value != MEMBERS[name].default or name in PROFILE_DEFAULTS.get(profile, {})
    return _InForce(written(value), f"profile {profile}" if is_profile_s else "default")


def _lines(members: Mapping[str, _InForce]) -> Iterator[str]:
    for name, member in members.items():
        text = "none" if member.value in (None, []) else json_text(member.value, indent=None).strip('"')
        yield f"{name}: {text}" + (f"  # {member.source}" if member.source else "")
