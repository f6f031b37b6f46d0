"""Contains every group of settings as one tree, which exists only when no rule is broken.

Not here: the environment (`environment`), one group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints

from idp.settings import bounds, card, card_host, keys, mail, mail_code, outbound, password, proxy, psc, where
from idp.settings.bounds import BoundSettings
from idp.settings.card import CardSettings, RevocationSettings
from idp.settings.card_host import CardHostSettings
from idp.settings.declared import LONGEST, Declared, declared_of
from idp.settings.faults import BadSetting, Fault, Rule
from idp.settings.keys import HsmSettings, KeySettings
from idp.settings.lives import ClockSettings, LifeSettings
from idp.settings.mail import MailSettings
from idp.settings.mail_code import MailCodeSettings
from idp.settings.outbound import OutboundSettings
from idp.settings.password import PasswordSettings
from idp.settings.proxy import ProxySettings
from idp.settings.psc import PscSettings
from idp.settings.together import TOGETHER
from idp.settings.where import WhereSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Raises BadSetting with every fault."""

    where: WhereSettings
    proxy: ProxySettings
    outbound: OutboundSettings
    psc: PscSettings
    card: CardSettings
    revocation: RevocationSettings
    card_host: CardHostSettings
    mail: MailSettings
    mail_code: MailCodeSettings
    password: PasswordSettings
    lives: LifeSettings
    clock: ClockSettings
    keys: KeySettings
    hsm: HsmSettings
    bounds: BoundSettings

    def __post_init__(self) -> None:
        found = tuple(_faults(self))
        if found:
            raise BadSetting(*found)


_RULES: Mapping[str, tuple[Rule[Any], ...]] = {
    "where": where.RULES,
    "proxy": proxy.RULES,
    "outbound": outbound.RULES,
    "psc": psc.RULES,
    "card": card.RULES,
    "revocation": card.REVOCATION_RULES,
    "card_host": card_host.RULES,
    "mail": mail.RULES,
    "mail_code": mail_code.RULES,
    "password": password.RULES,
    "lives": (),
    "clock": (),
    "keys": keys.RULES,
    "hsm": keys.HSM_RULES,
    "bounds": bounds.RULES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One setting: where it is in the tree, how it is read."""

    #: In the environment, without `CADUCEE_`.
    name: str
    group: str
    field: str
    kind: Any
    default: Any
    declared: Declared

    @property
    def must_be_set(self) -> bool:
        return self.default is MISSING


@cache
def group_types() -> Mapping[str, type[Any]]:
    return get_type_hints(Settings)


@cache
def catalogue() -> Mapping[str, Place]:
    """Every setting by its name in the environment, in the order of the groups."""
    return {place.name: place for group, kind in group_types().items() for place in _places(group, kind)}


def _places(group: str, kind: type[Any]) -> Iterator[Place]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        declared = declared_of(one)
        yield Place(
            name=declared.name or f"{kind.PREFIX}{one.name.upper()}",
            group=group,
            field=one.name,
            kind=hints[one.name],
            default=one.default,
            declared=declared,
        )


def settings_of(values: Mapping[str, Any]) -> Settings:
    """`values` by their name in the environment; the others have their default. Raises BadSetting."""
    given: dict[str, dict[str, Any]] = {group: {} for group in group_types()}
    for name, value in values.items():
        place = catalogue()[name]
        given[place.group][place.field] = value
    return Settings(**{group: kind(**given[group]) for group, kind in group_types().items()})


def value_of(settings: Settings, name: str) -> Any:
    """By its name in the environment."""
    place = catalogue()[name]
    return getattr(getattr(settings, place.group), place.field)


def rules_of(group: str) -> tuple[Rule[Any], ...]:
    return _RULES[group]


def expected_of(place: Place) -> str:
    """The limits that are declared of one setting, in words; empty when there are none."""
    declared = place.declared
    if declared.choices:
        return f"one of {', '.join(filter(None, declared.choices))}"
    if declared.limits or declared.least is None:
        return declared.limits
    least, most = _plain(declared.least), _plain(declared.most)
    ten_years = " (ten years)" if declared.most == LONGEST else ""
    unit = " seconds" if place.kind is timedelta else ""
    return f"{least} to {most}{unit}{ten_years}"


def _plain(number: Any) -> int:
    return int(number.total_seconds()) if isinstance(number, timedelta) else int(number)


def _faults(settings: Settings) -> Iterator[Fault]:
    """The first rule that each variable breaks: what else is wrong with it, or beside it, may only follow from that."""
    told: set[str] = set()
    for fault in _broken(settings):
        if not fault.looks_at(told):
            told.update(fault.names)
            yield fault


def _broken(settings: Settings) -> Iterator[Fault]:
    for place in catalogue().values():
        yield from _beyond(place, value_of(settings, place.name))
    for group in group_types():
        yield from (rule.fault() for rule in rules_of(group) if rule.is_broken(getattr(settings, group)))
    yield from (rule.fault() for rule in TOGETHER if rule.is_broken(settings))


def _beyond(place: Place, value: Any) -> Iterator[Fault]:
    declared = place.declared
    if declared.choices and value not in declared.choices:
        yield Fault((place.name,), f"{expected_of(place)}; it is something else")
    elif declared.least is not None and (kind := _kind_beyond(declared, value)):
        yield Fault((place.name,), f"{expected_of(place)}; it is {kind}")


def _kind_beyond(declared: Declared, value: Any) -> str:
    nothing = type(value)()
    # Durations are whole seconds in the environment; a test may want a shorter one.
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
