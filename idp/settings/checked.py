"""Contains the settings that break no rule. Not here: one group and its rules, the environment (`environment`)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.settings import (
    audit,
    bounds,
    card,
    card_host,
    closing,
    crowd,
    email_address,
    house,
    keys,
    mail,
    mail_code,
    operations,
    operations_page,
    outbound,
    password,
    proxy,
    psc_rules,
    stations,
    where,
)
from idp.settings.declared import Declared
from idp.settings.faults import BadSetting, Fault, Rule
from idp.settings.groups import Groups, Place, catalogue, expected_of, group_types
from idp.settings.together import TOGETHER

_RULES: Mapping[str, tuple[Rule[Any], ...]] = {
    "where": where.RULES,
    "house": house.RULES,
    "announcements": (),
    "proxy": proxy.RULES,
    "outbound": outbound.RULES,
    "psc": psc_rules.RULES,
    "stations": stations.RULES,
    "card": card.RULES,
    "revocation": card.REVOCATION_RULES,
    "card_host": card_host.RULES,
    "mail": mail.RULES,
    "mail_code": mail_code.RULES,
    "email": email_address.RULES,
    "password": password.RULES,
    "spread": (),
    "refusals": (),
    "client_guesses": (),
    "passkey": (),
    "lives": (),
    "clock": (),
    "audit": audit.RULES,
    "closing": closing.RULES,
    "charter": (),
    "keys": keys.RULES,
    "hsm": keys.HSM_RULES,
    "bounds": bounds.RULES,
    "crowd": crowd.RULES,
    "operations": operations.RULES,
    "conformity": (),
    "operations_page": operations_page.RULES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Groups):
    """Building it raises BadSetting with every fault."""

    def __post_init__(self) -> None:
        found = tuple(_faults(self, ()))
        if found:
            raise BadSetting(*found)

    @property
    def help_line(self) -> str:
        """Returns how a mail says where the help desk is; "" for nothing."""
        return self.where.help_desk or ", ".join(filter(None, (self.house.telephone, self.house.address)))


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Returns the settings with these `values`, by name in the environment, else the default. Raises BadSetting."""
    return Settings(**_groups(values))


def faults_beside(values: Mapping[str, Any], unread: Iterable[str]) -> Iterator[Fault]:
    """Returns the faults of these `values` that do not follow from others, which could not be read."""
    stand_in = {name: "" for name, place in catalogue().items() if place.must_be_set}
    return _faults(Groups(**_groups({**stand_in, **values})), unread)


def _groups(values: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, dict[str, Any]] = {group: {} for group in group_types()}
    for name, value in values.items():
        place = catalogue()[name]
        given[place.group][place.field] = value
    return {group: kind(**given[group]) for group, kind in group_types().items()}


def value_of(settings: Groups, name: str) -> Any:
    """Returns the value of a setting, by its name in the environment."""
    place = catalogue()[name]
    return getattr(getattr(settings, place.group), place.field)


def rules_of(group: str) -> tuple[Rule[Any], ...]:
    return _RULES[group]


def _faults(settings: Groups, unread: Iterable[str]) -> Iterator[Fault]:
    """Returns the first rule that each variable breaks, without those that may follow from the fault of another."""
    told: dict[str, Collection[str]] = dict.fromkeys(unread, ())
    for fault in _broken(settings):
        if not fault.follows(told):
            told.update(dict.fromkeys(fault.names, fault.leaves))
            yield fault


def _broken(settings: Groups) -> Iterator[Fault]:
    for place in catalogue().values():
        yield from _beyond(place, value_of(settings, place.name))
    for group in group_types():
        values = getattr(settings, group)
        yield from (rule.fault(values) for rule in rules_of(group) if rule.is_broken(values))
    yield from (rule.fault(settings) for rule in TOGETHER if rule.is_broken(settings))


def _beyond(place: Place, value: Any) -> Iterator[Fault]:
    declared = place.declared
    if declared.choices and value not in declared.choices:
        yield Fault(
            names=(place.name,), told=f"{expected_of(place)}; it is something else", leaves=("presence",)
        )
    elif declared.least is not None and (kind := _kind_beyond(declared, value)):
        yield Fault(names=(place.name,), told=f"{expected_of(place)}; it is {kind}")


def _kind_beyond(declared: Declared, value: Any) -> str:
    nothing = type(value)()
    # Durations in the environment are whole seconds; a test may use a shorter one.
    is_less = (
        value <= nothing
        if isinstance(value, timedelta) and declared.least > nothing
        else value < declared.least
    )
    if value < nothing:
        return "negative"
    if is_less:
        return "zero" if value == nothing else "less"
    return "more" if value > declared.most else ""
