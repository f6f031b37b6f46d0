"""Real keys, made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.adapters.key_files.directory import KeyDirectory
from idp.signing.key_ring import KeyRing
from tests.fakes import NOON, FixedClock
from tests.key_files import key_directory, write_pair, write_ring, write_short_pair
from tests.made_once import keys_checked_once


@pytest.fixture(scope="package", autouse=True)
def checked_once() -> Iterator[None]:
    with keys_checked_once():
        yield


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generations of an earlier version; the second began to sign on the day of NOON."""
    directory = tmp_path_factory.mktemp("keys")
    write_pair(directory, "20260101")
    write_pair(directory, f"{NOON:%Y%m%d}")
    return directory


@pytest.fixture(scope="session")
def ring(keys_directory: Path) -> KeyRing:
    directory = key_directory(keys_directory, FixedClock())
    return KeyRing([directory.load(record) for record in directory.schedule().published(NOON)])


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def small_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key of each algorithm as an earlier version left it; a short RSA key, since reading a long one takes time."""
    path = tmp_path_factory.mktemp("pair")
    write_short_pair(path, "20260101")
    return path


@pytest.fixture
def legacy(tmp_path: Path, small_pair: Path, clock: FixedClock) -> KeyDirectory:
    """A keys directory of an earlier version: files, and no ring."""
    path = tmp_path / "keys"
    path.mkdir(mode=0o700)
    for file in small_pair.glob("sign-*.pem"):
        shutil.copy(file, path)
    return key_directory(path, clock)


@pytest.fixture
def directory(legacy: KeyDirectory) -> KeyDirectory:
    """The same after its first change: the ring names its keys."""
    write_ring(legacy)
    return legacy
