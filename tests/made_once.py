"""What takes seconds to make and is the same for every test: made by the first worker that needs it, then copied.

Contains the test IGC, an empty database, signing keys, RSA keys, and the state of a demo before its first start:
database, signing keys, charter. No person is enrolled in it: every demo enrols its persons by the real journey. Not
here: starting a demo (`demonstration`).
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from idp.adapters.sql.database import initialise
from sandbox.demo import programs, settings
from sandbox.demo.places import ROOT, open_places
from sandbox.demo.ports import DEFAULT_BASE, Ports
from sandbox.demo.processes import Children
from sandbox.igc.__main__ import DEFAULT_BASE_URL
from sandbox.igc.directory import CardEntry, ensure_igc
from tests.commands import start_forked
from tests.key_files import write_short_pair
from tests.scratch import SHARED


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name, made by the first of all workers that asks; the others wait for it."""
    place = Path(os.environ[SHARED]) / name
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            making = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place.parent))
            make(making)
            making.rename(place)
    return place


def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of this name: making one takes a tenth of a second, and every worker imports those that ask for one."""

    return _load_key(made_once(f"rsa-{name}", lambda place: _make_key(place / "key", bits)) / "key")


@contextmanager
def keys_checked_once() -> Iterator[None]:
    """Within it, OpenSSL checks the numbers of an RSA key once for all copies of its file.

    That takes a twentieth of a second, more than the rest of assembling an application.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "load_pem_private_key", cache(serialization.load_pem_private_key))
        yield


@contextmanager
def clients_parsed_once() -> Iterator[None]:
    """Within it, YAML of the same words is parsed once: that is half of assembling an application. Nobody changes what
    was parsed."""
    parse = yaml.parse
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "compose", lru_cache(64)(yaml.compose))
        patch.setattr(yaml, "parse", lru_cache(64)(lambda text, **loader: tuple(parse(text, **loader))))
        yield


def stock_of_keys(*, backwards: bool = False) -> Callable[[], rsa.RSAPrivateKey]:
    """What gives a key of 2048 bits at each call: each is another, and all are the same for every caller.

    `backwards`: the last first, for authorities that are not those of the same names.
    """
    files = sorted(made_once("stock-of-keys", _make_stock).iterdir(), reverse=backwards)
    return map(_load_key, files).__next__


def place_database(file: Path) -> str:
    """An empty database with our tables in this file. Returns its URL."""
    made = made_once("database", lambda place: initialise(f"sqlite:///{place / 'db.sqlite'}"))
    shutil.copy(made / "db.sqlite", file)
    return f"sqlite:///{file}"


def place_keys(directory: Path) -> None:
    """A keys directory as an earlier version left it (`key_files`), with a short RSA key."""
    shutil.copytree(made_once("keys", _make_keys), directory)


def place_igc(directory: Path) -> list[CardEntry]:
    """The test IGC in this directory, as if it had been made there today."""
    made = made_once("igc", _make_igc)
    shutil.copytree(made, directory, dirs_exist_ok=True)
    was = json.loads((made / "igc.json").read_text())["directory"]
    for file in (directory / "igc.json", directory / "cards.json"):
        file.write_text(file.read_text().replace(was, str(directory.resolve())))
    return ensure_igc(directory, datetime.now(UTC), DEFAULT_BASE_URL)


def place_demo_state(state: Path) -> None:
    """What a first start makes before it starts the provider; the demo finds it made and keeps it."""
    place_igc(state / "igc")
    shutil.copytree(made_once("demo", _prepare), state, dirs_exist_ok=True)


def _prepare(place: Path) -> None:
    """By the demo's own programs. Its secrets and logs stay out: they are each demo's own."""
    with tempfile.TemporaryDirectory(dir=place.parent) as aside:
        places, lock = open_places(Path(aside))
        told = settings.provider_settings(Ports(DEFAULT_BASE), places, redis="", profile="default")
        children = Children(ROOT, settings.child_environment(told), places.log, start_forked)
        programs.prepare(children, places)
        os.close(lock)
        for name in (places.keys, places.database, places.prepared):
            name.rename(place / name.name)


def _make_key(file: Path, bits: int = 2048) -> None:
    key = rsa.generate_private_key(65537, bits)
    file.write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _load_key(file: Path) -> rsa.RSAPrivateKey:
    found = load_der_private_key(file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def _make_stock(place: Path) -> None:
    """A few more than a test IGC needs."""
    for number in range(64):
        _make_key(place / f"{number:02}")


def _make_keys(place: Path) -> None:
    write_short_pair(place, "20260101")
    place.chmod(0o700)


def _make_igc(place: Path) -> None:
    ensure_igc(place, datetime.now(UTC), DEFAULT_BASE_URL, stock_of_keys())
