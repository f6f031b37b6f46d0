"""Contains the way back from a sign-out at Pro Santé Connect, which returns to one address only (facts/psc §2).

Not here: the sign-out that began here (`end_session`), the button in the middle of a sign-in (`flows/psc_leave`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import EphemeralStore, Kind
from idp.interaction.store import hub_path
from idp.web.addresses import redirect
from idp.web.cookies import SIGNED_OUT_COOKIE, Cookies


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamReturn:
    store: EphemeralStore
    cookies: Cookies
    #: Answers every other return.
    signed_out: Callable[[Request], Response]

    def __call__(self, request: Request) -> Response:
        left = self.store.take(Kind.UPSTREAM_LEAVING, request.args.get("state", ""))
        if left is None:
            return self.signed_out(request)
        response = redirect(hub_path(left["interaction_id"]))
        # facts/security PS10: the session there that the mark warns of is over, so the next identification is new.
        self.cookies.clear(response, SIGNED_OUT_COOKIE)
        return response
