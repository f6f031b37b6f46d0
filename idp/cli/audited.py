"""Contains what every command does for the audit trail: say who gives it, send its lines. Not here: `idp audit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idp.settings import Settings


@contextmanager
def told_in_audit(settings: "Settings", operator: str | None) -> Iterator[None]:
    """`operator`: as the command line has it."""
    # Imported late: `idp serve` itself loads neither.
    calling, origin = import_module("idp.settings").calling_operator, import_module("idp.core.origin")
    origin.commanded_by(operator or settings.audit.operator or calling())
    # The standard output is the command's answer.
    has_lines = settings.audit.lines not in ("", "stdout")
    # Imported only then: that module imports the database.
    close = import_module("idp.wiring.audit").send_lines(settings) if has_lines else None
    try:
        yield
    finally:
        origin.commanded_by("")
        if close is not None:
            close()
