"""The import contracts of `pyproject.toml` are kept, and each of them can be broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.reading import ROOT

_LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in _LINTER["contracts"]}
#: For each contract, an import that breaks it: where it would be added, and what it imports.
BREACHES = {
    "rooms": ("idp/cards/rpps.py", "from idp.accounts import account", "idp.accounts.account"),
    "technology": ("idp/interaction/gate.py", "import flask", "flask"),
    "cryptography": ("idp/accounts/account.py", "import cryptography", "cryptography"),
    "engine": ("idp/protocol/tokens/token.py", "from pyop import exceptions", "pyop"),
    "ports": (
        "idp/protocol/tokens/token.py",
        "from idp.adapters import redis_store",
        "idp.adapters.redis_store",
    ),
    "flows": ("idp/flows/choice.py", "from idp.flows import charter", "idp.flows.charter"),
    "sections": (
        "idp/flows/account/password.py",
        "from idp.flows.account import home",
        "idp.flows.account.home",
    ),
    "frameworks": ("idp/adapters/redis_store.py", "import werkzeug", "werkzeug"),
    "sandbox": ("sandbox/serving.py", "from idp.core import clock", "idp.core.clock"),
    "style_guide": ("sandbox/serving.py", "from sandbox.style_guide import cast", "sandbox.style_guide.cast"),
}


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert f"{len(BREACHES)} kept, 0 broken" in linted.stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy with every breach in it."""
    directory = tmp_path_factory.mktemp("copy")
    for package in ("idp", "sandbox"):
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", directory)
    for file, line, _ in BREACHES.values():
        with (directory / file).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    linted = lint(directory)
    assert linted.returncode == 1, linted.stdout
    assert f"0 kept, {len(BREACHES)} broken" in linted.stdout
    return linted.stdout.partition("Broken contracts")[2]


@pytest.mark.parametrize("contract", BREACHES)
def test_an_import_against_a_contract_breaks_it(contract: str, told: str) -> None:
    """Each by its own: what is told below its name, to the name of the next."""
    file, _, imported = BREACHES[contract]
    importing = file.removesuffix(".py").replace("/", ".")
    below = told.partition(f"\n{NAMES[contract]}\n---")[2].partition("\n---")[0]
    assert f" {importing} -> {imported} (l." in below, told
