"""The charters that a person accepted, a section of « Mon compte ».

Contains their list, and a page for each with the exact text, to print or keep as a file. Not here: accepting one
(`flows/charter`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from idp.accounts.charter import HOUSE, Acceptance, CharterEvidence, CharterRepository
from idp.clients.client_file import ClientFile
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.charter_download import charter_file
from idp.flows.shared.charter_receipt import acceptance_path
from idp.flows.shared.charter_text import charter_with_contents
from idp.flows.shared.entered import Entered
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.record import OF_NO_CLIENT
from idp.pages.charters import AcceptanceLine, AcceptancePage, ChartersPage
from idp.pages.identity import identity_view
from idp.web.local_time import local_day, local_time
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering
from idp.web.sections import Section

#: Of a number in an address: more digits are no revision, and no column holds them.
_LONGEST_NUMBER = 9
#: The text that binds, where it is not known which one was read.
_BINDING = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterAcceptancesFlow:
    desk: AccountDesk
    charters: CharterRepository
    clients: ClientFile
    locales: Locales
    rendering: Rendering

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.CHARTERS.path, self.show)
        yield PageRoute("GET", f"{Section.CHARTERS.path}/<number>", self.show_one)
        yield PageRoute("GET", f"{Section.CHARTERS.path}/<number>/text", self.hand_over)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.CHARTERS)
        locale = self.locales.of(request)
        lines = tuple(
            self._line(one.evidence, one.number, one.published_at, locale)
            for one in self.charters.accepted_by(entered.account.id)
        )
        return self.desk.page(request, entered, "account/charters.html", ChartersPage(acceptances=lines))

    def show_one(self, request: Request, number: str) -> Response:
        """Raises NotFound: the person accepted no such revision, whether or not there is one."""
        entered = self.desk.enter(request, Section.CHARTERS)
        page = self._acceptance(entered, self._accepted(entered, number), self.locales.of(request))
        return self.desk.page(request, entered, "account/charter.html", page)

    def hand_over(self, request: Request, number: str) -> Response:
        """Returns its text as a file. Raises NotFound, as `show_one`."""
        accepted = self._accepted(self.desk.enter(request, Section.CHARTERS), number)
        return charter_file(accepted.revision, accepted.locale or _BINDING)

    def _accepted(self, entered: Entered, number: str) -> Acceptance:
        is_number = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
        accepted = self.charters.acceptance(entered.account.id, int(number)) if is_number else None
        if accepted is None:
            raise NotFound
        return accepted

    def _acceptance(self, entered: Entered, accepted: Acceptance, locale: str) -> AcceptancePage:
        evidence, revision = accepted.evidence, accepted.revision
        text_locale = accepted.locale or _BINDING
        text_html, contents = charter_with_contents(revision.text(text_locale))
        return AcceptancePage(
            line=self._line(evidence, revision.number, revision.published_at, locale),
            identity=identity_view(entered.account.identity),
            text_sha256=evidence.text_sha256,
            is_verified=accepted.locale is not None,
            text_locale=text_locale,
            text_html=text_html,
            contents=contents,
        )

    def _line(
        self, evidence: CharterEvidence, number: int, published_at: datetime, locale: str
    ) -> AcceptanceLine:
        application = self._name(evidence.client_id, locale)
        return AcceptanceLine(
            address=acceptance_path(number),
            of_client="" if evidence.charter == HOUSE else application,
            revision=evidence.revision,
            published_on=local_day(published_at, locale),
            accepted_at=local_time(evidence.accepted_at, locale),
            doors=tuple(door for door in evidence.authenticator.split("+") if door in AUTHENTICATORS),
            application=application,
        )

    def _name(self, client_id: str, locale: str) -> str:
        """Returns the name of an application; the id alone is left of one that the operator took away since."""
        if client_id == OF_NO_CLIENT:
            return self.rendering.words("frame.own_pages", locale)
        client = self.clients.get(client_id)
        return client.name if client else client_id
