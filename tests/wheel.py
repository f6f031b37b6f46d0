"""The wheel of this working copy, and an environment of its own with nothing else of ours in it.

Contains how both are made, once for all tests, without a network: what the wheel depends on is that of the tests. Not
here: what is asked of them (`cli/test_wheel`, `cli/test_install`).
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.commands import ROOT
from tests.limits import within
from tests.made_once import made_once

#: What `pip wheel` reads of a checkout.
_SOURCES = ("idp", "migrations", "charters", "deploy", "docs", "pyproject.toml", "setup.py", "README.md")


def wheel() -> Path:
    """The file, built of a copy: a build leaves its own beside the sources, and takes what an older one left."""
    (found,) = made_once("wheel", _build).glob("*.whl")
    return found


def _build(place: Path) -> None:
    sources = place / "sources"
    sources.mkdir()
    for name in _SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, sources / name)
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        place,
        sources,
    )
    shutil.rmtree(sources)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What it says. Raises CalledProcessError."""
    ended = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=within(120),
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
    return ended.stdout


def lend_dependencies(venv: Path) -> None:
    """Let this environment use the packages of the tests: they are looked for after its own."""
    own = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    (own / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
