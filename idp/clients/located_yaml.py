"""YAML with places: every value knows its file, line and column, so that a fault is reported at its place.

Contains parsing without constructors, so that no tag can run code; anchors and aliases are refused. Not here: what the
file means.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from idp.clients.shown import nearest, shown
from idp.core.texts import is_encodable
from idp.settings.files import NotText, read_words

#: Some thousands of clients.
_MOST_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """`line`, `column`: counted from 1."""

    path: Path
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class BadYaml(Exception):
    """A fault at its place, and those found `beside` it. As text: `file:line:column: what was expected`.

    `found`: what stands there, never a secret. `meant`: what was probably meant. `is_outside`: the value names a file
    or a variable, and the fault is there. `client`, `member`: which it is of, where that is known.
    """

    def __init__(self, place: Place, expected: str, found: str = "", meant: str | None = None) -> None:
        super().__init__(place, expected)
        self.place = place
        self.expected = expected
        self.found = found
        self.meant = meant
        self.is_outside = False
        self.client = ""
        self.member = ""
        self.beside: tuple[BadYaml, ...] = ()

    def __str__(self) -> str:
        more = f" (and {len(self.beside)} more: `idp clients check` tells each)" if self.beside else ""
        return f"{self.place}: {self.expected}{self._question()}{more}"

    def _question(self) -> str:
        return f"; did you mean `{self.meant}`?" if self.meant else ""

    def told(self) -> str:
        """Returns this fault alone, in a line, with all that is known of it."""
        owner = " of ".join(f"`{name}`" for name in (self.member, self.client) if name)
        there = f"; {self.found} stands there" if self.found else ""
        return f"{self.place}: {self.expected}{there}{self._question()}" + (f" ({owner})" if owner else "")


class Noted:
    """Faults noted so that reading goes on: all of a file are told at once."""

    def __init__(self) -> None:
        self.faults: list[BadYaml] = []

    @contextmanager
    def going_on(self, member: str = "") -> Iterator[None]:
        """`member`: whose value is read."""
        try:
            yield
        except BadYaml as fault:
            each, fault.beside = (fault, *fault.beside), ()
            for one in each:
                one.member = one.member or member
            self.faults += each

    def raise_all(self) -> None:
        """Raises BadYaml: the first one, with the others beside it."""
        if self.faults:
            first, *rest = self.faults
            first.beside = tuple(rest)
            raise first


class At:
    """A YAML node and its file, so that every reader can report the place of a fault."""

    def __init__(self, node: yaml.Node, path: Path) -> None:
        self.node = node
        self.path = path

    @property
    def place(self) -> Place:
        return _place(self.path, self.node.start_mark)

    def fail(self, expected: str, *, among: Iterable[str] = (), meant: str | None = None) -> BadYaml:
        """`among`: the values that would do; the nearest one was probably meant."""
        if isinstance(self.node, yaml.ScalarNode) and meant is None:
            meant = nearest(self.node.value, among)
        return BadYaml(self.place, expected, shown(self.node), meant)

    def fail_outside(self, expected: str) -> BadYaml:
        """Returns a fault of the file or variable that stands here by its name."""
        fault = self.fail(expected)
        fault.is_outside = True
        return fault

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != "tag:yaml.org,2002:str":
            raise self.fail("expected a text (put quotes around numbers, yes, no and dates)")
        text = str(self.node.value)
        # `"\ud800"`: YAML can write half of a surrogate pair; no page, no address and no database can hold it.
        if not is_encodable(text):
            raise self.fail("expected a text that UTF-8 can hold")
        return text

    def scalar(self) -> str:
        """Returns what stands there, of whatever type; "" for a list or pairs."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""

    def flag(self) -> bool:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.value not in ("true", "false"):
            raise self.fail("expected true or false", among=("true", "false"))
        return bool(self.node.value == "true")

    def number(self) -> int:
        """Returns a whole number, written in decimal digits."""
        if not isinstance(self.node, yaml.ScalarNode) or not re.fullmatch(r"[0-9]{1,9}", self.node.value):
            raise self.fail("expected a whole number")
        return int(self.node.value)

    def plain(self) -> object:
        """Returns texts, lists and mappings as Python values. Raises BadYaml for anything else."""
        if isinstance(self.node, yaml.SequenceNode):
            return [item.plain() for item in self.items()]
        if isinstance(self.node, yaml.MappingNode):
            return {name: member.plain() for name, member in self.members().items()}
        # A day needs no quotes.
        return self.scalar() if self.node.tag == "tag:yaml.org,2002:timestamp" else self.text()

    def items(self) -> list["At"]:
        if not isinstance(self.node, yaml.SequenceNode) or self.node.tag != "tag:yaml.org,2002:seq":
            raise self.fail("expected a list")
        return [At(child, self.path) for child in self.node.value]

    def members(self) -> dict[str, "At"]:
        noted = Noted()
        found = self.members_noting(noted)
        noted.raise_all()
        return found

    def members_noting(self, noted: Noted) -> dict[str, "At"]:
        """Returns the members that can be read. Raises BadYaml when it has none at all: it is no mapping."""
        if not isinstance(self.node, yaml.MappingNode) or self.node.tag != "tag:yaml.org,2002:map":
            raise self.fail("expected `name: value` pairs")
        found: dict[str, At] = {}
        for key_node, value_node in self.node.value:
            key = At(key_node, self.path)
            with noted.going_on():
                if key.text() in found:
                    raise key.fail(f"`{key.text()}` is given twice")
                found[key.text()] = At(value_node, self.path)
        return found


def _place(path: Path, mark: Any) -> Place:
    """Returns the beginning when the parser does not say where."""
    return Place(path) if mark is None else Place(path, mark.line + 1, mark.column + 1)


def compose(path: Path) -> At:
    """Returns the node tree. No constructor, so no tag, runs; anchors and aliases are refused (alias bombs)."""
    try:
        text = read_words(path, _MOST_BYTES)
    except NotText as error:
        raise BadYaml(Place(path), "expected YAML in UTF-8, not nested without end") from error
    found = compose_text(text, path)
    if found is None:
        raise BadYaml(Place(path), "expected `clients:` with a list", "nothing")
    return found


def compose_text(text: str, path: Path) -> At | None:
    """Returns the node tree of a text that begins where the file does; None when it says nothing. Raises BadYaml."""
    try:
        _refuse_anchors(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        # Only the problem: the whole message quotes the line, which may hold a secret.
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        place = _place(path, getattr(error, "problem_mark", None))
        raise BadYaml(place, f"expected YAML: {problem}") from error
    except RecursionError as error:
        raise BadYaml(Place(path), "expected YAML, not nested without end") from error
    return None if node is None else At(node, path)


def _refuse_anchors(text: str, path: Path) -> None:
    """Raises BadYaml with each, YAMLError."""
    noted = Noted()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            place = _place(path, event.start_mark)
            noted.faults.append(BadYaml(place, "expected no anchor and no alias"))
    noted.raise_all()


def files_named(top: At) -> Iterator[At]:
    """Returns where the document names files as `{file: …}`; their paths are relative to its folder."""
    nodes = [top.node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            nodes.extend(value for _, value in node.value)
            for name, value in node.value:
                if name.value == "file" and isinstance(value, yaml.ScalarNode):
                    yield At(value, top.path)


def named_files(top: At) -> frozenset[Path]:
    return frozenset(top.path.parent / str(at.node.value) for at in files_named(top))
