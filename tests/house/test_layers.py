"""The import contracts of `pyproject.toml` are kept, and each of them can be broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.reading import ROOT

#: For each contract, an import that breaks it: where it would be added, and what.
BREACHES = {
    "rooms": ("idp/cards/rpps.py", "from idp.accounts import account"),
    "technology": ("idp/interaction/gate.py", "import flask"),
    "cryptography": ("idp/accounts/account.py", "import cryptography"),
    "engine": ("idp/protocol/tokens/token.py", "from pyop import exceptions"),
    "ports": ("idp/protocol/tokens/token.py", "from idp.adapters import redis_store"),
    "flows": ("idp/flows/choice.py", "from idp.flows import charter"),
    "sections": ("idp/flows/account/password.py", "from idp.flows.account import home"),
    "frameworks": ("idp/adapters/redis_store.py", "import werkzeug"),
    "sandbox": ("sandbox/serving.py", "from idp.core import clock"),
    "style_guide": ("sandbox/serving.py", "from sandbox.style_guide import cast"),
}


def lint(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", *options]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert f"{len(BREACHES)} kept, 0 broken" in linted.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("copy")
    for package in ("idp", "sandbox"):
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", directory)
    return directory


@pytest.mark.parametrize("contract", BREACHES)
def test_an_import_against_a_contract_breaks_it(contract: str, copy: Path) -> None:
    file, line = BREACHES[contract]
    kept = (copy / file).read_text("utf-8")
    (copy / file).write_text(f"{kept}\n{line}\n", "utf-8")
    linted = lint(copy, "--contract", contract)
    (copy / file).write_text(kept, "utf-8")
    assert linted.returncode == 1, linted.stdout
    assert "1 broken" in linted.stdout
