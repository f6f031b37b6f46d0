"""Contains each setting as an operator is shown it: its value, where it comes from, its fault. No secret is in it.

Not here: how a setting is read (`environment`), the table and the JSON of it (`cli/install`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from idp.settings.environment import given_in, read_settings, values_in
from idp.settings.faults import PREFIX, BadSetting
from idp.settings.groups import Place, catalogue
from idp.settings.settings_file import SettingsFile

DEFAULT = "default"
_ENVIRONMENT = "environment"
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`name`: with prefix. `value`: as a variable would have it, a secret as `***`; "" with a fault, as the value is
    not told then. `origin`: `default`, `environment`, or a file with its line. `is_changed`: not the default."""

    name: str
    value: str
    origin: str
    is_changed: bool
    fault: str = ""


def settings_in_force(environment: Mapping[str, str], file: SettingsFile | None) -> Iterator[Shown]:
    """Returns every setting, then the variables that are none. `file`: where part of the environment was read."""
    given, values, faults = given_in(environment), values_in(environment), _faults(environment)
    for place in catalogue().values():
        variables = [name for name in (place.name, f"{place.name}_FILE") if name in given]
        value = values.get(place.name, place.default)
        is_unknown = place.must_be_set and place.name not in values
        told = [faults[name] for name in (place.name, *variables) if name in faults]
        yield Shown(
            name=PREFIX + place.name,
            value="" if told or is_unknown else _text(place, value),
            origin=" and ".join(_origin(name, environment, file, is_bad=bool(told)) for name in variables)
            or DEFAULT,
            is_changed=bool(told) or (not is_unknown and value != place.default),
            fault=told[0] if told else "",
        )
    for name in given.keys() - catalogue().keys():
        if name in faults and name.removesuffix("_FILE") not in catalogue():
            yield Shown(
                name=PREFIX + name.encode("unicode_escape").decode("ascii"),
                value="",
                origin=_origin(name, environment, file, is_bad=True),
                is_changed=True,
                fault=faults[name],
            )


def _faults(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Returns what is told of each variable, without prefix."""
    try:
        read_settings(environment)
    except BadSetting as broken:
        return {name: fault.told for fault in reversed(broken.faults) for name in fault.names}
    return {}


def _origin(variable: str, environment: Mapping[str, str], file: SettingsFile | None, *, is_bad: bool) -> str:
    """`variable`: without prefix. The environment wins over the file, and may say the same."""
    name = PREFIX + variable
    is_of_file = file is not None and file.values.get(name) == environment[name]
    where = f"{file.path}:{file.lines[name]}" if file is not None and is_of_file else _ENVIRONMENT
    if variable in catalogue():
        return where
    # By mistake it may be the secret itself; one that was read is a path.
    return f"{where}, {name}" if is_bad else f"{where}, file {environment[name]}"


def _text(place: Place, value: Any) -> str:
    if place.declared.is_secret:
        return _masked(place, str(value)) if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        separator = ":" if "Path" in str(place.kind) else " "
        return separator.join(map(str, value))
    return "" if value is None else str(value)


def _masked(place: Place, value: str) -> str:
    """Returns an address without its password and its options, where it is one; of any other secret nothing."""
    if place.name not in ("DATABASE", "REDIS"):
        return _HIDDEN
    try:
        url = urlsplit(value)
    except ValueError:  # A password may have a bracket.
        return _HIDDEN
    user, at, host = url.netloc.rpartition("@")
    options = f"?{_HIDDEN}" if url.query else ""
    return f"{url.scheme}://{_HIDDEN if user else ''}{at}{host}{url.path}{options}"
