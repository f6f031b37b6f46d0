"""Contains all groups of settings in one tree, and its catalogue. Not here: the rules (`checked`), one group."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints

from idp.settings.announcements import AnnouncementSettings
from idp.settings.audit import AuditSettings
from idp.settings.bounds import BoundSettings
from idp.settings.card import CardSettings, RevocationSettings
from idp.settings.card_host import CardHostSettings
from idp.settings.charter import CharterSettings
from idp.settings.client_guesses import GuessSettings
from idp.settings.closing import ClosingSettings
from idp.settings.conformity import ConformitySettings
from idp.settings.crowd import CrowdSettings
from idp.settings.declared import LONGEST, Declared, declared_of
from idp.settings.email_address import EmailSettings
from idp.settings.house import HouseSettings
from idp.settings.keys import HsmSettings, KeySettings
from idp.settings.lives import ClockSettings, LifeSettings
from idp.settings.mail import MailSettings
from idp.settings.mail_code import MailCodeSettings
from idp.settings.operations import OperationsSettings
from idp.settings.operations_page import OperationsPageSettings
from idp.settings.outbound import OutboundSettings
from idp.settings.passkey import PasskeySettings
from idp.settings.password import PasswordSettings
from idp.settings.proxy import ProxySettings
from idp.settings.psc import PscSettings
from idp.settings.refusals import RefusalSettings
from idp.settings.spread import SpreadSettings
from idp.settings.stations import StationSettings
from idp.settings.where import WhereSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Every setting, each with a value of its type; no rule was checked yet."""

    where: WhereSettings
    house: HouseSettings
    announcements: AnnouncementSettings
    proxy: ProxySettings
    outbound: OutboundSettings
    psc: PscSettings
    stations: StationSettings
    card: CardSettings
    revocation: RevocationSettings
    card_host: CardHostSettings
    mail: MailSettings
    mail_code: MailCodeSettings
    email: EmailSettings
    password: PasswordSettings
    spread: SpreadSettings
    passkey: PasskeySettings
    lives: LifeSettings
    clock: ClockSettings
    audit: AuditSettings
    closing: ClosingSettings
    charter: CharterSettings
    keys: KeySettings
    hsm: HsmSettings
    bounds: BoundSettings
    crowd: CrowdSettings
    operations: OperationsSettings
    operations_page: OperationsPageSettings
    refusals: RefusalSettings
    client_guesses: GuessSettings
    conformity: ConformitySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One setting: its place in the tree, and how it is read."""

    #: Its name in the environment, without `CADUCEE_`.
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
    return get_type_hints(Groups)


@cache
def catalogue() -> Mapping[str, Place]:
    """Returns every setting by its name in the environment, in the order of the groups."""
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


def expected_of(place: Place) -> str:
    """Returns the declared limits of one setting, in words; empty when there are none."""
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
