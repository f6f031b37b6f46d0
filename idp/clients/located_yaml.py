"""YAML with places: every value knows its file, line and column, so that a fault is reported at its place.

Contains parsing without constructors, so that no tag can run code; anchors and aliases are refused. Not here: what the
file means.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from idp.core.texts import is_encodable
from idp.settings.files import NotText, read_words

#: Some thousands of clients.
_MOST_BYTES = 2 * 1024 * 1024


class BadYaml(Exception):
    """`file:line:column: what was found; what was expected`."""


class At:
    """A YAML node and its file, so that every reader can report the place of a fault."""

    def __init__(self, node: yaml.Node, path: Path) -> None:
        self.node = node
        self.path = path

    def fail(self, expected: str) -> BadYaml:
        return BadYaml(f"{self.path}:{_place(self.node.start_mark)}: {expected}")

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
            raise self.fail("expected true or false")
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
        if not isinstance(self.node, yaml.MappingNode) or self.node.tag != "tag:yaml.org,2002:map":
            raise self.fail("expected `name: value` pairs")
        found: dict[str, At] = {}
        for key_node, value_node in self.node.value:
            key = At(key_node, self.path)
            if key.text() in found:
                raise key.fail(f"`{key.text()}` is given twice")
            found[key.text()] = At(value_node, self.path)
        return found


def _place(mark: Any) -> str:
    """Returns `line:column` counted from 1, or the beginning when the parser does not say it."""
    return "1:1" if mark is None else f"{mark.line + 1}:{mark.column + 1}"


def compose(path: Path) -> At:
    """Returns the node tree. No constructor, so no tag, runs; anchors and aliases are refused (alias bombs)."""
    try:
        text = read_words(path, _MOST_BYTES)
    except NotText as error:
        raise BadYaml(f"{path}:1:1: expected YAML in UTF-8, not nested without end") from error
    found = compose_text(text, path)
    if found is None:
        raise BadYaml(f"{path}:1:1: expected `clients:` with a list")
    return found


def compose_text(text: str, path: Path) -> At | None:
    """Returns the node tree of a text that begins where the file does; None when it says nothing. Raises BadYaml."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise BadYaml(f"{path}:{_place(event.start_mark)}: expected no anchor and no alias")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        # Only the problem: the whole message quotes the line, which may hold a secret.
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise BadYaml(
            f"{path}:{_place(getattr(error, 'problem_mark', None))}: expected YAML: {problem}"
        ) from error
    except RecursionError as error:
        raise BadYaml(f"{path}:1:1: expected YAML, not nested without end") from error
    return None if node is None else At(node, path)


def named_files(top: At) -> frozenset[Path]:
    """Returns the files that the document names as `{file: …}`, wherever; their paths are relative to its folder."""
    found: set[Path] = set()
    nodes = [top.node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            nodes.extend(value for _, value in node.value)
            found.update(
                top.path.parent / value.value
                for name, value in node.value
                if name.value == "file" and isinstance(value, yaml.ScalarNode)
            )
    return frozenset(found)
