"""The charters that a person accepted, a section of « Mon compte ».

Contains their list, and a page for each with the exact text, to print. Not here: accepting one (`flows/charter`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, Acceptance, CharterEvidence, CharterRepository
from idp.clients.registry import ClientFile
from idp.flows.shared.charter_receipt import acceptance_path
from idp.flows.shared.charter_text import charter_html
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.pages.charters import AcceptanceLine, AcceptancePage, ChartersPage
from idp.pages.identity import identity_view
from idp.web.addresses import redirect
from idp.web.local_time import local_day, local_time
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering

_BASE = "/account/charters"
#: Of a number in an address: more digits are no revision, and no column holds them.
_LONGEST_NUMBER = 9
#: The text that binds, where it is not known which one was read.
_BINDING = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterAcceptancesFlow:
    signed_in: SignedIn
    charters: CharterRepository
    clients: ClientFile
    rendering: Rendering

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _BASE, self.show)
        yield PageRoute("GET", f"{_BASE}/<number>", self.show_one)

    def show(self, request: Request) -> Response:
        found = self.signed_in.find(request)
        if found is None:
            return redirect("/")
        frame = self.rendering.frame(request, client=None, base_path=_BASE)
        lines = tuple(
            self._line(one.evidence, one.number, one.published_at, frame.locale)
            for one in self.charters.accepted_by(found[1].id)
        )
        return self.rendering.page("account/charters.html", frame, ChartersPage(acceptances=lines))

    def show_one(self, request: Request, number: str) -> Response:
        """Raises NotFound: the person accepted no such revision, whether or not there is one."""
        found = self.signed_in.find(request)
        if found is None:
            return redirect("/")
        is_number = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
        accepted = self.charters.acceptance(found[1].id, int(number)) if is_number else None
        if accepted is None:
            raise NotFound
        frame = self.rendering.frame(request, client=None, base_path=_BASE)
        page = self._acceptance(found[1], accepted, frame.locale)
        return self.rendering.page("account/charter.html", frame, page)

    def _acceptance(self, account: Account, accepted: Acceptance, locale: str) -> AcceptancePage:
        evidence, revision = accepted.evidence, accepted.revision
        text_locale = accepted.locale or _BINDING
        return AcceptancePage(
            line=self._line(evidence, revision.number, revision.published_at, locale),
            identity=identity_view(account.identity),
            text_sha256=evidence.text_sha256,
            is_verified=accepted.locale is not None,
            text_locale=text_locale,
            text_html=charter_html(revision.text(text_locale)),
        )

    def _line(
        self, evidence: CharterEvidence, number: int, published_at: datetime, locale: str
    ) -> AcceptanceLine:
        application = self._name(evidence.client_id)
        return AcceptanceLine(
            address=acceptance_path(number),
            of_client="" if evidence.charter == HOUSE else application,
            revision=evidence.revision,
            published_on=local_day(published_at, locale),
            accepted_at=local_time(evidence.accepted_at, locale),
            doors=tuple(door for door in evidence.authenticator.split("+") if door in AUTHENTICATORS),
            application=application,
        )

    def _name(self, client_id: str) -> str:
        """Returns the name of an application; the id alone is left of one that the operator took away since."""
        client = self.clients.get(client_id)
        return client.name if client else client_id
