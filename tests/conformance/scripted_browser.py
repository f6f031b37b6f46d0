"""The Foundation's own browser, as far as our configurations use it: entries, tasks and commands, played on our pages.

Contains what its source says (package `net.openid.conformance.frontchannel`): which entry takes an address, which task
takes a page, what each command does. It runs no script of a page. Not here: what a module asks for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

from sandbox.demo.driver import Browser

Json = dict[str, Any]
Command = list[Any]


class ScriptFault(Exception):
    """The suite would fail the module."""


def matches(pattern: str, address: str) -> bool:
    """`*` stands for anything, also for nothing; every other sign for itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), address, re.DOTALL) is not None


@dataclass
class ScriptedBrowser:
    """Of one module. `pictures`: titles of the pages that went to the placeholder. `taken`: the tasks not skipped."""

    browser: Browser
    suite: str
    entries: list[Json]
    pictures: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    _uses: dict[int, int] = field(default_factory=dict)
    _typed: dict[str, str] = field(default_factory=dict)

    def visit(self, address: str, *, wants_picture: bool = False) -> None:
        """As the suite is told to open an address; `wants_picture`: the module has a placeholder for it.

        Raises ScriptFault.
        """
        tasks = self._entry(address)["tasks"]
        self.browser.get(address)
        for task in tasks:
            if matches(task["match"], self.browser.page.url):
                self.taken.append(task["task"])
                for command in task.get("commands", []):
                    self._do(command, wants_picture=wants_picture)
            elif not task.get("optional"):
                raise ScriptFault(f"« {task['task']} » meets {self.browser.page.url}")

    def _entry(self, address: str) -> Json:
        for number, entry in enumerate(self.entries):
            used = self._uses.get(number, 0)
            if matches(entry["match"], address) and used < entry.get("match-limit", used + 1):
                self._uses[number] = used + 1
                return entry
        raise ScriptFault(f"a hand is needed for {address}")

    def _do(self, command: Command, *, wants_picture: bool) -> None:
        name, by, target, *rest = command
        done: dict[str, Callable[[], None]] = {
            "text": lambda: self._typed.update({self._field(by, target): rest[0]}),
            "click": lambda: self._click(self._only(by, target)),
            "wait": lambda: self._wait(by, target, rest, wants_picture=wants_picture),
        }
        done[name]()

    def _only(self, by: str, target: str) -> Tag:
        """The first that the page has."""
        selector = {"css": target, "name": f"[name='{target}']", "id": f"#{target}"}[by]
        found = BeautifulSoup(self.browser.page.html, "html.parser").select_one(selector)
        if found is None:
            raise ScriptFault(f"no {selector} on {self.browser.page.title!r}")
        return found

    def _field(self, by: str, target: str) -> str:
        return str(self._only(by, target)["name"])

    def _click(self, button: Tag) -> None:
        form = button.find_parent("form")
        assert isinstance(form, Tag)
        fields = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
        typed = {name: text for name, text in self._typed.items() if name in fields}
        self._typed.clear()
        self.browser.post(urljoin(self.browser.page.url, str(form["action"])), {**fields, **typed})

    def _wait(self, by: str, target: str, rest: Command, *, wants_picture: bool) -> None:
        """No script runs: what is not there yet never comes. The suite's own pages are not here to look at."""
        address, (_seconds, *more) = self.browser.page.url, rest
        if by == "match":
            is_there = re.search(target, address) is not None
        elif address.startswith(self.suite):
            is_there = True
        else:
            is_there = re.search(more[0] if more else "", self._only(by, target).get_text()) is not None
        if not is_there:
            raise ScriptFault(f"« {target} » does not come on {self.browser.page.title!r}")
        if more[1:]:
            self._picture(more[1], wants_picture=wants_picture)

    def _picture(self, action: str, *, wants_picture: bool) -> None:
        must = {"update-image-placeholder": True, "update-image-placeholder-optional": False}[action]
        if wants_picture:
            self.pictures.append(self.browser.page.title)
        elif must:
            raise ScriptFault("no placeholder takes the picture")
