"""Several writes as one PostgreSQL statement, which is one transaction in one round trip.

Contains which of them may run so, and the text. Not here: running it (`postgresql_driver`).
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from idp.adapters.sql.statement import Compiled

_PARAMETER = re.compile(r"\$([0-9]+)")


def are_apart(statements: Sequence[tuple[Compiled, Mapping[str, Any]]]) -> bool:
    """Whether their order cannot matter: none changes what another one changes or looks at.

    Parts of one statement all see what was there before it, and of two that change one row only one would.
    """
    to_compare = _on_one_table(tuple(compiled for compiled, _ in statements))
    return to_compare is not None and all(
        _row(*statements[one]) != _row(*statements[other]) for one, other in to_compare
    )


@lru_cache(maxsize=256)
def combined(statements: tuple[Compiled, ...], required: tuple[bool, ...]) -> str:
    """Returns one statement that runs them all, and fails whole (division by zero, SQLSTATE 22012) if a required one
    changes no row. Its parameters are theirs, one after the other.
    """
    parts, tests, before = [], [], 0
    for number, (compiled, is_required) in enumerate(zip(statements, required, strict=True)):
        text = _PARAMETER.sub(lambda found, offset=before: f"${int(found[1]) + offset}", compiled.text)  # type: ignore[misc]
        parts.append(f"w{number} AS ({text}{'' if compiled.gives_rows else ' RETURNING 1'})")
        if is_required:
            tests.append(f"1 / (SELECT least(count(*), 1) FROM w{number})")  # noqa: S608
        before += len(compiled.names)
    return " ".join(("WITH", ", ".join(parts), "SELECT", ", ".join(tests) or "1"))


@lru_cache(maxsize=256)
def _on_one_table(statements: tuple[Compiled, ...]) -> tuple[tuple[int, int], ...] | None:
    """Returns the pairs of which the values tell whether they meet; None when some may meet whatever the values."""
    # PostgreSQL: WITH clauses that write stand at the top of a statement only.
    if any(one.text.startswith("WITH ") for one in statements):
        return None
    to_compare = []
    for (number, one), (other_number, other) in itertools.combinations(enumerate(statements), 2):
        if one.writes in other.reads or other.writes in one.reads:
            return None
        # A row that comes after the other, under a number of its own: the other could not have met it.
        comes_after = other.only_adds and other.is_numbered
        if one.writes != other.writes or comes_after or (one.only_adds and other.only_adds):
            continue
        if not one.row_names or not other.row_names:
            return None
        to_compare.append((number, other_number))
    return tuple(to_compare)


def _row(compiled: Compiled, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(values[name] for name in compiled.row_names)
