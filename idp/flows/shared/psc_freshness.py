"""When Pro Santé Connect must identify anew, and whether it did: its own session may be the previous colleague's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request, Response

from idp.flows.shared.shared_stations import SharedStations
from idp.interaction.record import Interaction
from idp.interaction.upstream import UpstreamLogin
from idp.web.cookies import SIGNED_OUT_COOKIE, Cookies


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    cookies: Cookies
    stations: SharedStations
    #: A local session lives no longer than this after Pro Santé Connect's own `auth_time`.
    session_life: timedelta
    #: Their clock may be so far from ours.
    skew: timedelta

    def is_needed(self, request: Request, interaction: Interaction, form: Mapping[str, str]) -> bool:
        """After a sign-out, on a shared station, on « Changer de compte », at the relying party's wish (PS10)."""
        has_signed_out = self.cookies.get(request, SIGNED_OUT_COOKIE) is not None
        is_wished = form.get("fresh") == "1" or interaction.fresh_after is not None
        return is_wished or has_signed_out or self.stations.holds(request)

    def identified(self, response: Response) -> None:
        """The sign-out is answered."""
        self.cookies.clear(response, SIGNED_OUT_COOKIE)

    def fault(self, login: UpstreamLogin, fresh_since: str | None, now: datetime) -> str | None:
        """Why this `auth_time` signs nobody in: "stale", "not_fresh"; None when it does."""
        if now - login.auth_time >= self.session_life:
            return "stale"
        # OpenID Connect Core §3.1.2.1: `prompt=login` is a wish, and its answer is checked.
        if not fresh_since:
            return None
        is_older = login.auth_time < datetime.fromisoformat(fresh_since) - self.skew
        return "not_fresh" if is_older or not login.is_auth_time_told else None

    def moment(self, interaction: Interaction, login: UpstreamLogin, now: datetime) -> datetime:
        """Pro Santé Connect's own moment: its session may be hours older than this visit (facts/psc §2.1).

        A clock behind ours, and whole seconds, must not make an answer older than the request it answers.
        """
        at = min(login.auth_time, now)
        since = interaction.fresh_after
        return since if since is not None and since - self.skew <= at < since else at
