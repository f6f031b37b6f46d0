"""Contains the settings that are left of an environment with faults, for a look at all else. Not here: serving with
them, which nobody does."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from idp.settings.checked import Settings
from idp.settings.environment import present_environment, read_settings
from idp.settings.faults import PREFIX, BadSetting, Fault
from idp.settings.groups import catalogue

_FILE = "_FILE"
#: A value that is taken away may have been the reason of another's fault: then once more.
_ROUNDS = 5
_SECRET = secrets.token_urlsafe(32)
#: What must be set, and is not, or not so that it can be used.
_STAND_INS = {"ISSUER": "http://localhost", "CARD_HOST": "https://carte.localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """`faults`: all of them; empty: nothing was taken away. `without`: the variables whose value is not the operator's,
    without prefix. `settings`: None when too little is left."""

    settings: Settings | None
    faults: tuple[Fault, ...] = ()
    without: frozenset[str] = frozenset()


def usable_settings(environment: Mapping[str, str]) -> Usable:
    """Returns what can be used of `CADUCEE_*`, defaults in place of the rest."""
    given = {name.removeprefix(PREFIX): text for name, text in environment.items() if name.startswith(PREFIX)}
    faults: tuple[Fault, ...] = ()
    without: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        try:
            settings = read_settings({f"{PREFIX}{name}": text for name, text in given.items()})
        except BadSetting as broken:
            faults = faults or broken.faults
            without |= {name for fault in broken.faults for name in _variables(fault)}
            given = _rest(given, without)
        else:
            return Usable(settings=settings, faults=faults, without=without)
    return Usable(settings=None, faults=faults, without=without)


def usable_from_environment() -> Usable:
    return usable_settings(present_environment())


def _variables(fault: Fault) -> set[str]:
    named = {*fault.names, *(one.partition(":")[0] for one in fault.depends_on)}
    return {name if name in catalogue() else name.removesuffix(_FILE) for name in named}


def _rest(given: Mapping[str, str], without: frozenset[str]) -> dict[str, str]:
    known = catalogue()
    lost = without | {f"{name}{_FILE}" for name in without}
    kept = {
        name: text
        for name, text in given.items()
        if name not in lost and (name in known or name.removesuffix(_FILE) in known)
    }
    stand_in = {name: _STAND_INS.get(name, _SECRET) for name, place in known.items() if place.must_be_set}
    return {name: text for name, text in stand_in.items() if name in without} | kept
