"""Real keys, made once."""

from pathlib import Path

import pytest

from idp.adapters.software_signer import generate_keys, load_key_ring
from idp.signing.key_ring import KeyRing


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    generate_keys(directory, "20260101")
    generate_keys(directory, "20261101")
    return directory


@pytest.fixture(scope="session")
def ring(keys_directory: Path) -> KeyRing:
    return load_key_ring(keys_directory)
