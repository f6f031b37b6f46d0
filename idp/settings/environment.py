"""Contains the only reader of the environment: text to values, all faults told at once.

Not here: what a value may be.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from idp.settings.checked import Settings, faults_beside, settings_of
from idp.settings.faults import PREFIX, BadSetting, Fault
from idp.settings.groups import catalogue
from idp.settings.texts import Unreadable, read_file, read_text

_FILE = "_FILE"


@dataclass(slots=True)
class _Reading:
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    #: Settings that could not be read, or are missing.
    unread: set[str] = field(default_factory=set)

    def read(self, variable: str, text: str) -> None:
        """Read one variable.

        `variable`: without prefix; with `_FILE`, the text is the path of a file with the value. Where that variable is
        a setting too, the path is kept: the file is read again later.
        """
        known = catalogue()
        name = variable
        if variable.endswith(_FILE) and (variable not in known or variable.removesuffix(_FILE) in known):
            name = variable.removesuffix(_FILE)
        if name not in known:
            self.faults.append(_unknown(variable))
            return
        try:
            if name in self.values or name in self.unread:
                raise Unreadable("given twice", f"{PREFIX}{name} or {PREFIX}{name}{_FILE}")
            self.values[name] = read_text(known[name].kind, text if name == variable else read_file(text))
            if variable in known:
                self.values[variable] = read_text(known[variable].kind, text)
        except Unreadable as why:
            self.values.pop(name, None)
            self.unread.add(name)
            self.faults.append(Fault(names=(variable,), told=str(why)))

    def require(self) -> None:
        """Note a fault for each setting that must be set and is not."""
        for name, place in catalogue().items():
            if place.must_be_set and name not in self.values and name not in self.unread:
                self.unread.add(name)
                self.faults.append(Fault(names=(name,), told=f"must be set: {place.declared.meaning}"))


def _unknown(variable: str) -> Fault:
    near = get_close_matches(variable, catalogue(), n=1, cutoff=0.7)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    # The name of a variable may contain anything, a line break for example.
    return Fault(names=(variable.encode("unicode_escape").decode("ascii"),), told=f"no such setting{hint}")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Returns the settings of `CADUCEE_*`. Raises BadSetting with every fault."""
    reading = _Reading()
    for name, text in environment.items():
        if name.startswith(PREFIX):
            reading.read(name.removeprefix(PREFIX), text)
    reading.require()
    if not reading.unread:
        return _checked(reading)
    raise BadSetting(*reading.faults, *faults_beside(reading.values, reading.unread))


def _checked(reading: _Reading) -> Settings:
    try:
        settings = settings_of(reading.values)
    except BadSetting as broken:
        raise BadSetting(*reading.faults, *broken.faults) from None
    if reading.faults:
        raise BadSetting(*reading.faults)
    return settings


def settings_from_environment() -> Settings:
    return read_settings(os.environ)


def windows_directory() -> str:
    return os.environ.get("WINDIR", "C:/Windows")


def secret_variable(name: str) -> str | None:
    """Returns a secret that clients.yaml names as `{env: NAME}`."""
    return os.environ.get(name)
