"""Contains a file that a command makes: readable by its owner alone, never in place of another, whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Raises FileExistsError and other OSErrors, in words that name the way on."""
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileExistsError(f"{path} is there already, and is left as it is: choose another name") from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path.parent} is no directory: make it first, or choose another") from None
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
