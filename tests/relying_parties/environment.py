"""What a page's application runs in: an environment of its own, installed from a lock with hashes.

Contains the two kinds, Python's and npm's, told apart by their lock. Not here: which version a page names (`page`).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.demonstration import ROOT

LOCKS = Path(__file__).parent / "locks"
MADE = ROOT / "var" / "relying-parties"
NODE = Path(sys.executable).with_name("node")
_INSTALL_SECONDS = 900


def prepare(name: str, directory: Path) -> dict[str, str]:
    """Install what the page of this name needs; npm's modules into the directory.

    Returns variables for the application.

    Raises FileNotFoundError for a page without a lock, CalledProcessError when an installation fails.
    """
    variables = {"PATH": f"{NODE.parent}:{os.environ['PATH']}"}
    lock = LOCKS / f"{name}.txt"
    if lock.exists():
        variables["PATH"] = f"{_python(lock) / 'bin'}:{variables['PATH']}"
    modules = LOCKS / name
    if modules.is_dir():
        shutil.copytree(_modules(modules), directory, symlinks=True, dirs_exist_ok=True)
        variables["PATH"] = f"{directory / 'node_modules' / '.bin'}:{variables['PATH']}"
    return variables


def _python(lock: Path) -> Path:
    place = MADE / f"{lock.stem}-{_digest(lock)}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([ROOT / ".ci" / "venv", place, lock], cwd=ROOT, check=True, timeout=_INSTALL_SECONDS)
        (place / "installed").touch()
    return place


def _modules(folder: Path) -> Path:
    place = MADE / f"{folder.name}-{_digest(folder / 'package-lock.json')}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
        npm = [NODE.with_name("npm"), "ci", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(npm, cwd=place, check=True, timeout=_INSTALL_SECONDS)
        (place / "installed").touch()
    return place


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
