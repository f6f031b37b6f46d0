"""Whether Pro Santé Connect identified this person, and not the previous colleague (facts/security PS10).

Contains when it must identify anew, and whether it did. Not here: asking it (`adapters/psc`), the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.interaction.record import Interaction
from idp.interaction.upstream import UpstreamLogin
from idp.web.cookies import SIGNED_OUT_COOKIE, Cookies
from idp.web.shared_stations import SharedStations


class Demand(StrEnum):
    """Who demands that it identifies anew."""

    #: The mark of a sign-out in this browser, or the person: met also by ending the session there.
    BROWSER = "browser"
    #: A shared station, or the relying party: at each sign-in, whatever was ended before.
    ALWAYS = "always"


def demand_in(begun: Mapping[str, Any]) -> str | None:
    """Returns the demand in the record of a login under way. The version before kept only that there was one."""
    demand: str | None = begun.get("demand")
    return demand or (Demand.ALWAYS if begun["fresh_since"] else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """Why this identification signs no person in. `detail`: for the log."""

    reason: str
    detail: str
    #: Ending the session there makes the next identification serve.
    ends_with_session: bool


_STALE = NotNow(
    reason="stale", detail="auth_time: longer ago than a session may live", ends_with_session=False
)
_NOT_FRESH = NotNow(
    reason="not_fresh", detail="auth_time: before our request, prompt=login ignored", ends_with_session=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    cookies: Cookies
    stations: SharedStations
    #: A local session ends at the latest this long after the `auth_time` of Pro Santé Connect.
    session_life: timedelta
    #: How far the clock of Pro Santé Connect may be from ours.
    skew: timedelta

    def demand(self, request: Request, interaction: Interaction, form: Mapping[str, str]) -> Demand | None:
        """Returns who demands it, if it must identify anew: after a sign-out, on a shared station, on « Changer de
        compte », or if the relying party wishes it (facts/security PS10)."""
        if interaction.fresh_after is not None or self.stations.holds(request):
            return Demand.ALWAYS
        has_signed_out = self.cookies.get(request, SIGNED_OUT_COOKIE) is not None
        return Demand.BROWSER if has_signed_out or form.get("fresh") == "1" else None

    def identified(self, response: Response) -> None:
        """Clear the mark of a sign-out: Pro Santé Connect has identified the person since."""
        self.cookies.clear(response, SIGNED_OUT_COOKIE)

    def fault(
        self, login: UpstreamLogin, demand: str | None, fresh_since: str | None, now: datetime
    ) -> NotNow | None:
        """Returns why this identification signs no person in, or None."""
        if now - login.auth_time >= self.session_life:
            return _STALE
        # OpenID Connect Core §3.1.2.1: `prompt=login` is a wish, and its answer is checked.
        if not fresh_since:
            return None
        if not login.is_auth_time_told:
            return NotNow(
                reason="no_auth_time",
                detail="auth_time: none, though a new identification was asked for (PSC_FRESH_MAX_AGE)",
                ends_with_session=demand == Demand.BROWSER,
            )
        is_older = login.auth_time < datetime.fromisoformat(fresh_since) - self.skew
        return _NOT_FRESH if is_older else None

    def moment(self, interaction: Interaction, login: UpstreamLogin, now: datetime) -> datetime:
        """Returns when Pro Santé Connect identified the person, which may be hours before this visit (facts/psc §2.1).

        A clock behind ours, or whole seconds, must not date an answer before the request it answers.
        """
        at = min(login.auth_time, now)
        since = interaction.fresh_after
        return since if since is not None and since - self.skew <= at < since else at
