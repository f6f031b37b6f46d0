"""The wheel of this working copy, and an environment of its own with nothing else of ours in it.

Contains how both are made, once for all tests, without a network: what the wheel depends on is that of the tests. Not
here: what is asked of them (`cli/install/test_wheel`, `cli/install/test_install`).
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
    built = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", built, place],
        cwd=sources,
        capture_output=True,
        timeout=within(120),
        check=True,
    )
    shutil.rmtree(sources)


def lend_packages(venv: Path) -> None:
    """Let this environment, made without pip, use the packages of the tests, pip among them: they are looked for after
    its own."""
    own = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    (own / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (venv / "bin" / "pip").write_text(f'#!/bin/sh\nexec {venv}/bin/python -m pip "$@"\n')
    (venv / "bin" / "pip").chmod(0o700)
