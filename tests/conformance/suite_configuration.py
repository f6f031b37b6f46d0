"""A configuration that the demo wrote for the suite, read as the suite reads it: a module takes its own part over the
common one. Nothing is judged here.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.demo.driver import Browser
from tests.conformance.scripted_browser import ScriptedBrowser
from tests.conformance.suite import Suite

Json = dict[str, Any]


@dataclass(frozen=True)
class SuiteConfiguration:
    """`told`: the plan in the ready file."""

    suite: Suite
    told: Json

    @property
    def path(self) -> Path:
        return Path(self.told["configuration"])

    @property
    def name(self) -> str:
        return str(self.told["plan"].partition("[")[0])

    @property
    def content(self) -> Json:
        return dict(json.loads(self.path.read_text("utf-8")))

    def entries(self, module: str = "") -> list[Json]:
        return list(self.content["override"].get(module, self.content)["browser"])

    def browser(self, window: Browser, module: str = "") -> ScriptedBrowser:
        return ScriptedBrowser(window, self.suite.address, self.entries(module))


def configurations(suite: Suite) -> dict[str, SuiteConfiguration]:
    """By the name of the file."""
    return {Path(told["configuration"]).stem: SuiteConfiguration(suite, told) for told in suite.told["plans"]}
