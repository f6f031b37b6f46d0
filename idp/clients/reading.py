"""Files of clients → the values of each client, and every fault at once.

Contains the only validator of clients.yaml: the server takes a file without fault, `idp clients check` tells what this
says. Not here: one value (`clients/values`), what fits together (`clients/rules`), the registry in force
(`clients/registry`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from idp.clients.located_yaml import At, BadYaml, Noted, compose
from idp.clients.members import BOUND_PROFILES, HELD_BACK, MEMBERS, PROFILE_DEFAULTS
from idp.clients.rules import FAULTS, ClientRule, Unread, broken, fault_of
from idp.clients.shown import nearest

_ENDING = ".yaml"
_TOP = "clients"


class Values(dict[str, Any]):
    """The values of a client, by the names of its members. Raises Unread for one that was not read."""

    def __missing__(self, name: str) -> NoReturn:
        raise Unread(name)


@dataclass(frozen=True, slots=True)
class Entry:
    """One client: where it stands, what is in force with defaults, and the places of what is in the file."""

    at: At
    values: Values
    given: Mapping[str, At]

    def told(self, rule: ClientRule) -> BadYaml:
        fault = fault_of(rule, self.given, self.at)
        fault.member, fault.client = rule.member, self.name
        # A rule is of several members: what one of them says explains nothing, and may be a secret.
        fault.found = ""
        return fault

    def says(self, member: str) -> str:
        """Returns where it says what the client goes by; where it leaves that out, where the client stands."""
        found = self.given.get(member)
        return f"{(found or self.at).place} {member}{'' if found else ' (left out: the default holds)'}"

    @property
    def name(self) -> str:
        """Returns its client_id as far as it can be told; "" otherwise."""
        node = self.given["client_id"].node if "client_id" in self.given else None
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


@dataclass(frozen=True, slots=True)
class Demanded:
    """A charter that a client demands, by the name that stands there."""

    entry: Entry
    at: At

    def fault(self, expected: str) -> BadYaml:
        fault = self.at.fail(expected)
        fault.client, fault.member = self.entry.name, "charters"
        return fault


@dataclass(frozen=True, slots=True)
class Reading:
    """What files say. With faults, entries may lack values."""

    entries: tuple[Entry, ...]
    faults: tuple[BadYaml, ...]

    def raise_faults(self) -> None:
        """Raises BadYaml: the first, with the others beside it."""
        noted = Noted()
        noted.faults += self.faults
        noted.raise_all()


def files_of(path: Path, directory: Path | None = None) -> list[Path]:
    """Returns the files of clients: the one, and those of the directory, `*.yaml`, by name. Raises OSError."""
    if directory is None:
        return [path]
    found = [entry for entry in directory.iterdir() if entry.suffix == _ENDING and entry.name[0] != "."]
    return [path, *sorted(found)]


def read_files(files: Sequence[Path], rules: Sequence[ClientRule] = ()) -> Reading:
    """`rules`: those of this deployment (`clients/operator_rules`). Raises OSError."""
    noted = Noted()
    return read_entries(compose_each(files, noted), noted, rules)


def compose_each(files: Sequence[Path], noted: Noted) -> list[At]:
    """Returns the documents that can be read. Raises OSError."""
    tops = []
    for file in files:
        with noted.going_on():
            tops.append(compose(file))
    return tops


def read_entries(tops: Sequence[At], noted: Noted, rules: Sequence[ClientRule] = ()) -> Reading:
    """`noted`: with the faults found already. All are told in the order of files and lines."""
    entries = [entry for top in tops for entry in _of_document(top, noted, rules)]
    _refuse_twice(entries, noted)
    _refuse_strangers(entries, noted)
    rank = {top.path: number for number, top in enumerate(tops)}
    faults = sorted(noted.faults, key=lambda f: (rank.get(f.place.path, -1), f.place.line, f.place.column))
    return Reading(tuple(entries), tuple(faults))


def _of_document(top: At, noted: Noted, rules: Sequence[ClientRule]) -> list[Entry]:
    items: list[At] = []
    entries: list[Entry] = []
    with noted.going_on():
        members = top.members_noting(noted)
        if members.keys() != {_TOP}:
            meant = next((_TOP for name in members if nearest(name, [_TOP]) and _TOP not in members), None)
            noted.faults.append(top.fail(f"expected `{_TOP}:` and nothing else at the top", meant=meant))
        if _TOP in members:
            items = members[_TOP].items()
    for item in items:
        inside = Noted()
        with inside.going_on():
            entry = _entry(item, inside)
            inside.faults += [entry.told(rule) for rule in broken((*FAULTS, *rules), entry.values)]
            entries.append(entry)
        noted.faults += inside.faults
    return entries


def _entry(at: At, noted: Noted) -> Entry:
    """Returns the values that could be read. Raises BadYaml: it is no client."""
    given = at.members_noting(noted)
    read: dict[str, Any] = {}
    for name, place in given.items():
        with noted.going_on(name):
            if name not in MEMBERS:
                raise _unknown(name, place)
            read[name] = MEMBERS[name].read(place)
    for fault in noted.faults:
        if fault.member in HELD_BACK and not fault.is_outside:
            fault.found = ""
    required = {name for name, member in MEMBERS.items() if member.default is ...}
    meant = {near for name in given if name not in MEMBERS and (near := nearest(name, MEMBERS))}
    unread = {*(given.keys() - read.keys()), *(required - given.keys()), *(meant - given.keys())}
    if missing := [name for name in MEMBERS if name in required - given.keys() - meant]:
        fault = at.fail(f"expected also {', '.join(missing)}")
        fault.found = ""
        noted.faults.append(fault)
    entry = Entry(at, _with_defaults(read, unread), given)
    for fault in noted.faults:
        fault.client = entry.name
    return entry


def _unknown(name: str, place: At) -> BadYaml:
    near = nearest(name, MEMBERS)
    expected = "" if near else f"; expected {', '.join(MEMBERS)}"
    fault = place.fail(f"`{name}` is not a member of a client{expected}", meant=near)
    fault.found = ""  # The value of what was meant may be a secret.
    return fault


def _with_defaults(read: Mapping[str, Any], unread: set[str]) -> Values:
    """Returns the values in force, without those that are not known."""
    profile = read.get("profile", "")
    values = {name: member.default for name, member in MEMBERS.items()}
    values |= {**PROFILE_DEFAULTS.get(profile, {}), **read}
    if profile in BOUND_PROFILES and not values["tls_client_certificate_bound_access_tokens"]:
        values["dpop_bound_access_tokens"] = read.get("dpop_bound_access_tokens", True)
    if "profile" in unread:
        unread = unread | {name for defaults in PROFILE_DEFAULTS.values() for name in defaults} - read.keys()
    return Values({name: value for name, value in values.items() if name not in unread})


def _refuse_twice(entries: Sequence[Entry], noted: Noted) -> None:
    first: dict[str, At] = {}
    for entry in entries:
        if not (name := entry.values.get("client_id")):
            continue
        if name in first:
            fault = entry.at.fail(f"client_id `{name}` is given twice; first at {first[name].place}")
            fault.found, fault.client = "", name
            noted.faults.append(fault)
        first.setdefault(name, entry.at)


def _refuse_strangers(entries: Sequence[Entry], noted: Noted) -> None:
    """An API is shown the tokens of clients that are there."""
    known = [entry.name for entry in entries]
    for entry in entries:
        for at in entry.given["introspects"].items() if entry.values.get("introspects") else ():
            if at.text() not in known:
                fault = at.fail("expected the client_id of a client that is registered", among=known)
                fault.client, fault.member = entry.name, "introspects"
                noted.faults.append(fault)


def demanded_charters(reading: Reading) -> list[Demanded]:
    return [
        Demanded(entry, at)
        for entry in reading.entries
        if entry.values.get("charters")
        for at in entry.given["charters"].items()
    ]
