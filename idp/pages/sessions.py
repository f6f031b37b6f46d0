"""What the section « Sessions » shows, and in which words a session began somewhere. View-models, as in `sign_in`."""

from dataclasses import dataclass

from idp.accounts.open_sessions import Origin

#: Doors that have words of their own below "origin.door"; any other is "other".
DOORS = frozenset({"psc", "cps", "passkey", "password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginView:
    """`t("origin.agent." ~ agent, browser=…, system=…)` and `t("origin.network." ~ place, network=…)`."""

    #: "both", "browser", "system" or "none": what is known.
    agent: str
    browser: str
    system: str
    #: "named", "house", "address" or "none".
    place: str
    network: str


def origin_view(origin: Origin) -> OriginView:
    return OriginView(
        agent=_AGENTS[bool(origin.browser), bool(origin.system)],
        browser=origin.browser,
        system=origin.system,
        place=_PLACES[origin.is_of_house, bool(origin.network)],
        network=origin.network,
    )


def door_key(door: str) -> str:
    """Returns the key below "origin.door"."""
    return door if door in DOORS else "other"


_AGENTS = {(True, True): "both", (True, False): "browser", (False, True): "system", (False, False): "none"}
_PLACES = {(True, True): "named", (True, False): "house", (False, True): "address", (False, False): "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    sid: str
    #: A key below "origin.door".
    door: str
    origin: OriginView
    applications: tuple[str, ...]
    since: str
    #: When it was last used; "" for the one of this page.
    seen: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """POST …: end ("one", with sid; "others"; "all")."""

    #: The one of this page first.
    sessions: tuple[SessionView, ...]

    @property
    def has_others(self) -> bool:
        return len(self.sessions) > 1
