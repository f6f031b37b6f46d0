"""What may decide a rule: a setting compared with a value, or a fact that has a name here.

Contains the two tables, of comparisons and of facts. Not here: which rule asks for which.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from idp.conformity.installation import Installation, Words
from idp.settings import Settings
from idp.settings.checked import value_of
from idp.settings.groups import catalogue
from idp.settings.psc_presets import PRESETS

_EMERGENCY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`settings`: what it reads, by name in the environment. `wanted`: of them, as a reader understands it."""

    settings: tuple[str, ...]
    wanted: Words
    is_true_of: Callable[[Installation], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    wanted: Words
    compare: Callable[[Any, Any], bool]
    of_numbers_only: bool = True


COMPARISONS: Mapping[str, Comparison] = MappingProxyType(
    {
        "at_most": Comparison(wanted=Words("au plus", "at most"), compare=operator.le),
        "at_least": Comparison(wanted=Words("au moins", "at least"), compare=operator.ge),
        "is": Comparison(wanted=Words("attendu", "expected"), compare=operator.eq, of_numbers_only=False),
    }
)


def compared(name: str, comparison: Comparison, value: Any) -> Condition:
    """Returns the condition that the setting of this name compares so with the value, which is of its type."""
    text = written(name, value)
    return Condition(
        settings=(name,),
        wanted=Words(f"{comparison.wanted.fr} {text.fr}", f"{comparison.wanted.en} {text.en}"),
        is_true_of=lambda installation: comparison.compare(value_of(installation.settings, name), value),
    )


def is_number(name: str) -> bool:
    return catalogue()[name].kind in (int, timedelta)


_NOTHING, _SECRET = Words("vide", "empty"), Words("défini, secret", "set, secret")


def written(name: str, value: Any) -> Words:
    """Returns the value as its variable has it; of a secret only whether there is one."""
    if value in ("", None, ()):
        return _NOTHING
    if catalogue()[name].declared.is_secret:
        return _SECRET
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, timedelta):
        text = f"{int(value.total_seconds())} s"
    elif isinstance(value, tuple):
        text = (":" if isinstance(value[0], Path) else " ").join(map(str, value))
    else:
        text = value.isoformat() if isinstance(value, datetime) else str(value)
    return Words(text, text)


def value_in_force(installation: Installation, name: str) -> Words:
    return written(name, value_of(installation.settings, name))


def _psc_is_production(installation: Installation) -> bool:
    psc, preset = installation.settings.psc, PRESETS["production"]
    hosts = {urlsplit(url).netloc for url in preset.endpoints.values()}
    # Addresses that the operator set win over what is published (`settings/psc`).
    return psc.issuer == preset.issuer and all(
        urlsplit(url).netloc in hosts for url in psc.endpoints.values()
    )


def _psc_is_everywhere(installation: Installation) -> bool:
    clients = installation.clients.values()
    return installation.opened["psc"] and all("psc" in client.authenticators for client in clients)


def _has_door_beside_psc(installation: Installation) -> bool:
    return any(is_open for door, is_open in installation.opened.items() if door != "psc")


def _passkey_follows_password(installation: Installation) -> bool:
    settings = installation.settings
    return settings.passkey.is_demanded_at(settings.where.issuer)


def _bypass_until(settings: Settings) -> datetime | None:
    return settings.revocation.bypass_until


def _no_bypass(installation: Installation) -> bool:
    until = _bypass_until(installation.settings)
    return until is None or until <= installation.at


def _bypass_is_short(installation: Installation) -> bool:
    until = _bypass_until(installation.settings)
    return until is None or until <= installation.at + _EMERGENCY


FACTS: Mapping[str, Condition] = MappingProxyType(
    {
        "psc_is_production": Condition(
            settings=("PSC_ENVIRONMENT", "PSC_ISSUER"),
            wanted=Words("l'environnement de production de l'ANS", "the production environment of ANS"),
            is_true_of=_psc_is_production,
        ),
        "psc_is_offered_everywhere": Condition(
            settings=("PSC_ENVIRONMENT", "PSC_ISSUER"),
            wanted=Words(
                "Pro Santé Connect ouvert, et à chaque application",
                "Pro Santé Connect open, and to each application",
            ),
            is_true_of=_psc_is_everywhere,
        ),
        "a_door_beside_psc_is_open": Condition(
            settings=("PASSWORD_DOOR", "PASSKEYS"),
            wanted=Words("un moyen au moins à côté", "one means at least beside it"),
            is_true_of=_has_door_beside_psc,
        ),
        "a_passkey_follows_the_password": Condition(
            settings=("PASSKEYS",),
            wanted=Words(
                "demand, avec un émetteur qui n'est pas une adresse IP",
                "demand, with an issuer that is no IP address",
            ),
            is_true_of=_passkey_follows_password,
        ),
        "no_bypass_is_under_way": Condition(
            settings=("CARD_REVOCATION_BYPASS_UNTIL",),
            wanted=Words("vide, ou passé", "empty, or over"),
            is_true_of=_no_bypass,
        ),
        "the_bypass_lasts_a_day_at_most": Condition(
            settings=("CARD_REVOCATION_BYPASS_UNTIL",),
            wanted=Words("vide, ou 24 h au plus", "empty, or 24 h at most"),
            is_true_of=_bypass_is_short,
        ),
    }
)
