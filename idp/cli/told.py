"""Contains what an operator reads of a fault: a line, and the exit status. Not here: which faults these are
(`wiring/operator_errors`), the commands.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from idp.cli.asking import NotWanted

if TYPE_CHECKING:
    from idp.settings import BadSetting


def _print(line: str) -> None:
    print(f"idp: {line}", file=sys.stderr)


def tell(error: Exception, say: Callable[[str], None] = _print) -> int | None:
    """Say a fault that an operator can repair, in a line for each, or what was left undone as they wished. Returns the
    exit status, None for any other."""
    if isinstance(error, NotWanted):
        say(str(error))
        return error.status
    from idp.settings import BadSetting, BadSettingsFile, bad_setting

    if isinstance(error, BadSetting):
        return _tell_setting(error, say)
    if isinstance(error, BadSettingsFile):
        say(str(error))
        return 2
    # Imported only now: that module imports every adapter.
    faults = import_module("idp.wiring.operator_errors")
    if not isinstance(error, faults.OPERATOR_ERRORS):
        return None
    if type(error) in faults.SETTING_AT_FAULT:
        return _tell_setting(bad_setting(faults.SETTING_AT_FAULT[type(error)], str(error)), say)
    say(faults.words_of(error))
    return 1


def _tell_setting(error: "BadSetting", say: Callable[[str], None]) -> int:
    for fault in error.faults:
        say(str(fault))
    return 2
