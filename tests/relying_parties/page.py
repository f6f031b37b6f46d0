"""A page of `docs/relying-parties`: what a developer copies from it.

Contains the blocks by their names and the address to open. Not here: running them.

A block is named by the words after its language: `yaml clients.d/NAME.yaml` is the registration, `sh install` and
`sh run` are commands, every other one is a file of that name.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

_BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPEN = re.compile(r"^Open <(https?://[^>]+)>(, with JavaScript)?", re.MULTILINE)
_PRINTED = "Open the address that it prints."
_VERSION = re.compile(r"^Run with: (.+)\.$", re.MULTILINE)
_NEEDS = re.compile(r"^Needs: (.+)\.$", re.MULTILINE)
_COMMANDS = frozenset({"install", "run"})


class PageFault(Exception):
    """The page lacks what a developer would copy. The message names the page and what it lacks."""


@dataclass(frozen=True, slots=True)
class Page:
    """`needs`: what it takes beyond the library's own defaults. `versions`: as the page names them.
    `opened`: None for a command that prints the address. `is_scripted`: it is for a browser with JavaScript."""

    name: str
    title: str
    versions: str
    needs: str
    opened: str | None
    is_scripted: bool
    blocks: dict[str, str]

    @property
    def origin(self) -> str:
        """The beginning of every address of the application. A command has none."""
        return "" if self.opened is None else self.opened[: self.opened.index("/", len("https://"))]

    @property
    def registration(self) -> str:
        return next(text for name, text in self.blocks.items() if name.startswith("clients.d/"))

    @property
    def client_id(self) -> str:
        return str(yaml.safe_load(self.registration)["clients"][0]["client_id"])

    @property
    def run(self) -> str:
        return self.blocks["run"]

    @property
    def files(self) -> dict[str, str]:
        """Name → text, what the developer saves."""
        left_out = _COMMANDS | {name for name in self.blocks if name.startswith("clients.d/")}
        return {name: text for name, text in self.blocks.items() if name not in left_out}


def read_page(path: Path) -> Page:
    """Raises PageFault."""
    text = path.read_text("utf-8")
    blocks = {name: body for _, name, body in _BLOCK.findall(text)}

    def found(pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.search(text)
        if match is None:
            raise PageFault(f"{path.name}: {what}")
        return match

    opened = None if _PRINTED in text else found(_OPEN, "no « Open <…> » line")
    page = Page(
        name=path.stem,
        title=text.partition("\n")[0].removeprefix("# "),
        versions=found(_VERSION, "no « Run with: … » line")[1],
        needs=found(_NEEDS, "no « Needs: … » line")[1],
        opened=opened[1] if opened else None,
        is_scripted=opened is not None and opened[2] is not None,
        blocks=blocks,
    )
    for wanted in ("install", "run"):
        if wanted not in blocks:
            raise PageFault(f"{path.name}: no block « sh {wanted} »")
    if not any(name.startswith("clients.d/") for name in blocks):
        raise PageFault(f"{path.name}: no block of clients.d")
    return page
