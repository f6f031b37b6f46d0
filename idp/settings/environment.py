"""Contains the only reader of the environment: text to values, all faults told at once.

Not here: what a value may be.
"""

import getpass
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
        name = _setting_of(variable)
        if name not in catalogue():
            self.faults.append(_unknown(variable))
            return
        try:
            value = text if name == variable else read_file(text)
            self.values[name] = read_text(catalogue()[name].kind, value)
            if variable in catalogue():
                self.values[variable] = read_text(catalogue()[variable].kind, text)
        except Unreadable as why:
            self.unread.add(name)
            self.faults.append(Fault(names=(variable,), told=str(why)))

    def refuse_twice(self, name: str) -> None:
        """Note a setting that is given by itself and as a file: neither is read, also when one is empty."""
        self.unread.add(name)
        self.faults.append(Fault(names=(name, f"{name}{_FILE}"), told="given twice; expected one of the two"))

    def require(self) -> None:
        """Note a fault for each setting that must be set and is not."""
        for name, place in catalogue().items():
            if place.must_be_set and name not in self.values and name not in self.unread:
                self.unread.add(name)
                self.faults.append(Fault(names=(name,), told=f"must be set: {place.declared.meaning}"))


def _setting_of(variable: str) -> str:
    """Returns the name of the setting that this variable gives, by itself or as a file."""
    base = variable.removesuffix(_FILE)
    return base if base in catalogue() or variable not in catalogue() else variable


def _unknown(variable: str) -> Fault:
    near = get_close_matches(variable, catalogue(), n=1, cutoff=0.7)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    # The name of a variable may contain anything, a line break for example.
    return Fault(names=(variable.encode("unicode_escape").decode("ascii"),), told=f"no such setting{hint}")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Returns the settings of `CADUCEE_*`. Raises BadSetting with every fault."""
    reading = _reading_of(environment)
    if not reading.unread:
        return _checked(reading)
    raise BadSetting(*reading.faults, *faults_beside(reading.values, reading.unread))


def _reading_of(environment: Mapping[str, str]) -> _Reading:
    reading = _Reading()
    given = given_in(environment)
    # Told once, whichever comes first: the order of an environment means nothing.
    twice = [name for name in catalogue() if given.keys() >= {name, f"{name}{_FILE}"}]
    for name in twice:
        reading.refuse_twice(name)
    unread = {variable for name in twice for variable in (name, f"{name}{_FILE}")}
    for variable, text in given.items():
        if variable not in unread:
            reading.read(variable, text)
    reading.require()
    return reading


def given_in(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Returns what it says of settings, known or not, by the variable without prefix."""
    return {name.removeprefix(PREFIX): text for name, text in environment.items() if name.startswith(PREFIX)}


def values_in(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns the values that could be read, by the name of the setting; no rule was checked."""
    return _reading_of(environment).values


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


def present_environment() -> Mapping[str, str]:
    """Returns it as it is, for `idp settings show`."""
    return os.environ


def add_to_environment(values: Mapping[str, str]) -> None:
    """Set each variable that is not set: what a file says counts where the environment says nothing. It is that of the
    processes that this one starts, too."""
    for name, value in values.items():
        os.environ.setdefault(name, value)


def calling_operator() -> str:
    """Returns who called this program, as the system says: who called sudo, else the login name; empty: nobody knows,
    as in a container."""
    if sudo := os.environ.get("SUDO_USER"):
        return sudo
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def windows_directory() -> str:
    return os.environ.get("WINDIR", "C:/Windows")


def secret_variable(name: str) -> str | None:
    """Returns a secret that clients.yaml names as `{env: NAME}`."""
    return os.environ.get(name)
