"""A terminal at which an operator answers. Not here: what is asked."""

import io
from collections.abc import Callable

import pytest


class Terminal(io.StringIO):
    """`meanwhile`: what happens while its operator thinks."""

    def __init__(self, typed: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__(typed)
        self.meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        self.meanwhile()
        return super().readline(size)


def sit_at(
    patch: pytest.MonkeyPatch, typed: str | None, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """`typed`: at the terminal; None: there is none, and what a script sends in its place says yes."""
    patch.setattr("sys.stdin", io.StringIO("y\n") if typed is None else Terminal(typed, meanwhile))
