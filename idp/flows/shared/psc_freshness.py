"""Whether Pro Santé Connect identified this person, and not the previous colleague (facts/security PS10).

Contains when it must identify anew, and whether it did. Not here: asking it (`adapters/psc`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request, Response

from idp.interaction.record import Interaction
from idp.interaction.upstream import UpstreamLogin
from idp.web.cookies import SIGNED_OUT_COOKIE, Cookies
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    cookies: Cookies
    stations: SharedStations
    #: A local session ends at the latest this long after the `auth_time` of Pro Santé Connect.
    session_life: timedelta
    #: How far the clock of Pro Santé Connect may be from ours.
    skew: timedelta

    def is_needed(self, request: Request, interaction: Interaction, form: Mapping[str, str]) -> bool:
        """Whether it must identify anew: after a sign-out, on a shared station, on « Changer de compte », or if the
        relying party wishes it (facts/security PS10)."""
        has_signed_out = self.cookies.get(request, SIGNED_OUT_COOKIE) is not None
        is_wished = form.get("fresh") == "1" or interaction.fresh_after is not None
        return is_wished or has_signed_out or self.stations.holds(request)

    def identified(self, response: Response) -> None:
        """Clear the mark of a sign-out: Pro Santé Connect has identified the person since."""
        self.cookies.clear(response, SIGNED_OUT_COOKIE)

    def fault(self, login: UpstreamLogin, fresh_since: str | None, now: datetime) -> str | None:
        """Returns why this `auth_time` signs no person in ("stale", "not_fresh"), or None."""
        if now - login.auth_time >= self.session_life:
            return "stale"
        # OpenID Connect Core §3.1.2.1: `prompt=login` is a wish, and its answer is checked.
        if not fresh_since:
            return None
        is_older = login.auth_time < datetime.fromisoformat(fresh_since) - self.skew
        return "not_fresh" if is_older or not login.is_auth_time_told else None

    def moment(self, interaction: Interaction, login: UpstreamLogin, now: datetime) -> datetime:
        """Returns when Pro Santé Connect identified the person, which may be hours before this visit (facts/psc §2.1).

        A clock behind ours, or whole seconds, must not date an answer before the request it answers.
        """
        at = min(login.auth_time, now)
        since = interaction.fresh_after
        return since if since is not None and since - self.skew <= at < since else at
