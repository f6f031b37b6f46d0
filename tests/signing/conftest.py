"""Real keys, made once."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.adapters.key_files.ring_file import ring_text
from idp.adapters.owned_file import write_whole
from idp.adapters.software_signer import SoftwareSigner, generate_signer
from idp.signing.key_ring import KeyRing
from tests.fakes import NOON, FixedClock
from tests.key_files import key_directory, write_key, write_pair


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
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_key(path / "sign-20260101-rsa.pem", SoftwareSigner(short))
    write_key(path / "sign-20260101-p256.pem", generate_signer("ES256"))
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
    ring = ring_text(legacy.schedule().records).encode()
    write_whole(legacy.path / RING, ring, like=legacy.path)
    return legacy
