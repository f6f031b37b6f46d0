"""The files of the keys directory, sealed for a backup. Not here: what they say (`directory`, `ring_file`)."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from idp.adapters.key_files.directory import RING
from idp.adapters.software_signer import BadKeyFile
from idp.core.sealing import Sealer

_FILES = ("sign-*.pem", RING)


def read_sealed(directory: Path, sealer: Sealer) -> Iterator[tuple[str, bytes]]:
    """Yields each file by its name, sealed. Raises OSError."""
    for path in _files(directory):
        yield path.name, sealer.seal(path.read_text()).encode()


def require_room(directory: Path) -> None:
    """Raises BadKeyFile: nothing is written beside keys that are there."""
    if any(_files(directory)):
        raise BadKeyFile(f"{directory}: holds keys already: restore without --with-keys")


def write_sealed(directory: Path, files: Mapping[str, bytes], sealer: Sealer) -> None:
    """Write them into a directory that has room. Raises BadKeyFile, OSError."""
    opened = {name: sealer.open(sealed.decode()) for name, sealed in files.items()}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The ring last: no process loads a key of which it does not tell.
    for name in sorted(opened, key=lambda name: name == RING):
        text = opened[name]
        if text is None or Path(name).name != name:
            raise BadKeyFile(f"{name}: sealed under another key, or no key of ours")
        descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _files(directory: Path) -> Iterator[Path]:
    for pattern in _FILES:
        yield from sorted(directory.glob(pattern))
