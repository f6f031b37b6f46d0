"""The committed examples of `idp conformity`: a hospital, a region, the demo, each from settings that stand somewhere.

`python -m tests.conformity.examples` writes docs/conformity/*.md anew; a test keeps them equal.
"""

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from idp.clients.operator_rules import registered
from idp.conformity.installation import Installation
from idp.conformity.markdown import markdown
from idp.conformity.report import Report, report_of
from idp.conformity.rule_book import rule_book
from idp.settings import Settings, read_settings
from idp.wiring.conformity import opened_doors
from sandbox.demo.places import Places
from sandbox.demo.ports import DEFAULT_BASE, Ports
from sandbox.demo.settings import provider_settings, write_files
from tests.configured import changed
from tests.house.reading import ROOT

FOLDER = ROOT / "docs" / "conformity"
#: The day that they are of.
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
#: What stands in no file of the repository: secrets, and where this machine has the others.
_SECRETS = {
    "CADUCEE_APPLICATION_KEY": "k" * 43,
    "CADUCEE_PASSWORD_PEPPER": "p" * 43,
    "CADUCEE_PSC_CLIENT_SECRET": "s",
}


def of_file(path: Path, **places: Path) -> Settings:
    lines = (
        line.partition("=") for line in path.read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    )
    given = {name: value for name, _, value in lines}
    return read_settings({**_SECRETS, **given, **{f"CADUCEE_{name}": str(at) for name, at in places.items()}})


def hospital() -> Report:
    return _report(
        of_file(
            FOLDER / "hospital.conf",
            CLIENTS_FILE=FOLDER / "hospital.clients.yaml",
            CONFORMITY_RULES_FILE=FOLDER / "hospital.rules.yaml",
        )
    )


def region() -> Report:
    deployed = ROOT / "deploy" / "kubernetes" / "region"
    return _report(of_file(deployed / "caducee.conf", CLIENTS_FILE=deployed / "clients.yaml"))


def demo() -> Report:
    with tempfile.TemporaryDirectory() as state:
        ports, places = Ports(DEFAULT_BASE), Places(Path(state))
        places.more_clients.mkdir()
        settings = provider_settings(ports, places, redis="", profile="default")
        write_files(ports, places, settings, None)
        return _report(read_settings(settings))


def _report(settings: Settings) -> Report:
    # The authorities of cards are files of a running place; each of the three has them.
    opened = {**opened_doors(_without_files(settings)), "cps": True}
    book = rule_book(settings.conformity.rules_file)
    return report_of(
        book, Installation(settings=settings, clients=registered(settings), opened=opened, at=AT)
    )


def _without_files(settings: Settings) -> Settings:
    return changed(settings, card_root_files=(), card_issuing_files=(), card_trust_directory=FOLDER)


EXAMPLES: Mapping[str, Callable[[], Report]] = {"hospital": hospital, "region": region, "demo": demo}


def page_of(name: str) -> str:
    return markdown(EXAMPLES[name](), "fr")


if __name__ == "__main__":
    for name in EXAMPLES:
        (FOLDER / f"{name}.md").write_text(page_of(name), "utf-8")
