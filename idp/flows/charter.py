"""The charter: a required action. Shown whole, accepted by a tick and a click, refused at will."""

import dataclasses
from dataclasses import dataclass

from flask import Blueprint
from markdown_it import MarkdownIt
from werkzeug.wrappers import Response

from idp.accounts.account import Account
from idp.accounts.charter import CharterEvidence, CharterRepository, CharterRevision, NoCharterPublished
from idp.audit import AuditEvent
from idp.errors import OAuthError, Problem, Shown
from idp.flows.desk import Desk, NotDue
from idp.interaction.assurance import assurance_of
from idp.interaction.next_stop import Stop
from idp.interaction.record import Interaction
from idp.local_time import local_day
from idp.pages import CharterPage

#: The operator's Markdown, without raw HTML nor images.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_inline", "html_block"])


def _html(text: str) -> str:
    """The page has its own `h1`: the operator's headings begin below it."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close") and token.tag == "h1":
            token.tag = "h2"
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


@dataclass(frozen=True, slots=True)
class CharterFlow:
    desk: Desk
    charters: CharterRepository

    def routes(self) -> Blueprint:
        pages = Blueprint("charter", __name__)
        pages.get("/interaction/<interaction_id>/charter")(self.show)
        pages.post("/interaction/<interaction_id>/charter")(self.receive)
        pages.post("/interaction/<interaction_id>/charter/refuse")(self.refuse)
        return pages

    def show(self, interaction_id: str) -> Response:
        interaction, account = self._due(interaction_id)
        return self._page(interaction, account, None)

    def receive(self, interaction_id: str) -> Response:
        interaction, account = self._due(interaction_id)
        form = self.desk.form(interaction)
        current = self._current()
        # The revision read is the revision accepted (facts/security T36).
        shown = form.get("text_sha256", "")
        if form.get("revision") != current.revision or not current.is_text(shown):
            return self._page(interaction, account, "charter.revision_changed", 409)
        if form.get("accepted") != "yes":
            return self._page(interaction, account, "charter.tick_needed", 422)
        self.charters.accept(self._evidence(interaction, account, current, shown))
        self.desk.witness(AuditEvent.CHARTER_ACCEPTED, interaction, revision=current.revision)
        return self.desk.back(interaction)

    def refuse(self, interaction_id: str) -> Response:
        interaction, _account = self._due(interaction_id)
        self.desk.form(interaction)
        self.desk.witness(AuditEvent.CHARTER_REFUSED, interaction, revision=self._current().revision)
        self.desk.record(dataclasses.replace(interaction, refusal=str(OAuthError.ACCESS_DENIED)))
        return self.desk.back(interaction)

    def _due(self, interaction_id: str) -> tuple[Interaction, Account]:
        interaction = self.desk.open_due(interaction_id, Stop.CHARTER)
        account = self.desk.account(interaction)
        if account is None:
            raise NotDue(interaction_id)
        return interaction, account

    def _current(self) -> CharterRevision:
        try:
            return self.charters.current()
        except NoCharterPublished as error:
            raise Shown(Problem.NO_CHARTER) from error

    def _evidence(
        self, interaction: Interaction, account: Account, current: CharterRevision, shown: str
    ) -> CharterEvidence:
        assurance = assurance_of(interaction.events)
        return CharterEvidence(
            account_id=account.id,
            revision=current.revision,
            text_sha256=shown,
            accepted_at=self.desk.clock.now(),
            authenticator="+".join(assurance.path) if assurance else "",
            client_id=interaction.client_id,
        )

    def _page(
        self, interaction: Interaction, account: Account, error: str | None, status: int = 200
    ) -> Response:
        current = self._current()
        page = CharterPage(
            text_html=_html(current.text(self.desk.locale(interaction))),
            text_sha256=current.sha256(self.desk.locale(interaction)),
            text_locale=current.shown_locale(self.desk.locale(interaction)),
            revision=current.revision,
            published_on=local_day(current.published_at, self.desk.locale(interaction)),
            is_new_revision=account.charter_revision is not None,
            error=error,
        )
        return self.desk.show(interaction, "charter.html", page, status)
