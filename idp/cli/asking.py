"""Contains asking an operator back before what cannot be taken back, the same way for each command. Not here: what it
asks."""

import sys
from typing import Any, Protocol

_FAILED, _WRONG_USE = 1, 2


class _Options(Protocol):
    """A parser, or a group of one."""

    def add_argument(self, *names: str, **how: Any) -> object: ...


class NotWanted(Exception):
    """`status`: of the command. As text: that it was not done, and the way on."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def add_yes(parser: _Options) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def require_wish(question: str, undone: str, *, is_said: bool) -> None:
    """`undone`: what is told when it is not wanted. `is_said`: by `--yes`. Raises NotWanted: the answer is another than
    yes, or nobody is there to ask, and a script may not be taken for one who answered."""
    if is_said:
        return
    if not sys.stdin.isatty():
        raise NotWanted(
            _WRONG_USE, f"{undone}: there is no terminal to ask; say --yes if that is what you want"
        )
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        print()
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise NotWanted(_FAILED, undone)
