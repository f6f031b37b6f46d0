"""Contains what a sign-out changes in the browser (docs/adr/0029). Not here: what it ends (`interaction/sign_out`)."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import AccountId
from idp.interaction.binding import Bindings
from idp.web.cookies import Cookies
from idp.web.hub import Visits


@dataclass(frozen=True, slots=True)
class Leaving:
    cookies: Cookies
    bindings: Bindings
    visits: Visits

    def sign_out(self, request: Request, response: Response, account_id: AccountId) -> None:
        """Renew what this browser is known by: a copy from before opens nothing. What the person proved in other tabs
        is forgotten; those tabs go on."""
        visit = self.visits.of(request)
        renewed = self.bindings.leave(visit, account_id)
        for interaction_id in visit.bindings:
            if interaction_id in renewed:
                self.cookies.bind(response, interaction_id, renewed[interaction_id])
            else:
                self.cookies.unbind(response, interaction_id)
        self.cookies.renew_browser(response)
        # facts/security PS10: the next person at this browser is identified anew by Pro Santé Connect.
        self.cookies.mark_signed_out(response)
