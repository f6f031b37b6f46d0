"""What a sign-in by Pro Santé Connect that signs nobody in is worth, in one table: whose fault, page, log, reference.

Contains the table, and the answer to one refusal. Not here: what each error of Pro Santé Connect means
(`adapters/psc/errors`), the words (catalogue, `psc.<reason>`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog
from werkzeug.wrappers import Request, Response

from idp.accounts.upstream_link import UpstreamLinks
from idp.core.audit import AuditEvent
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.replacing import replace
from idp.flows.shared.desk import Desk
from idp.flows.shared.replies import is_told, reply_by_get, take_reply
from idp.interaction.record import Interaction, begun_again
from idp.interaction.reference import reference_of
from idp.interaction.reply import Reply
from idp.interaction.upstream import NOBODY, About
from idp.pages.sign_in import PscPage
from idp.web.agents import is_android

log = structlog.get_logger()

#: Two refusals further apart are no row.
_ROW = timedelta(hours=1)
_PAGE = "psc"


class Whose(StrEnum):
    """Whose fault a refusal is, or that it is nobody's."""

    OURS = "ours"
    THEIRS = "theirs"
    PERSON = "person"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    whose: Whose
    status: int
    #: Of `logging`: an error is for the operator to mend, a warning to look at, the rest happens every day.
    level: int
    #: Another try may help, once: the second in a row from one browser is `refused_again`.
    is_once: bool = False


_INFO, _WARNING, _ERROR = logging.INFO, logging.WARNING, logging.ERROR

#: By reason: `UpstreamRefusal`, and what this flow finds in a verified answer.
REFUSALS: Mapping[str, Meaning] = {
    "cancelled": Meaning(whose=Whose.PERSON, status=200, level=_INFO),
    "refused": Meaning(whose=Whose.THEIRS, status=403, level=_WARNING, is_once=True),
    "refused_again": Meaning(whose=Whose.THEIRS, status=403, level=_WARNING),
    "expired": Meaning(whose=Whose.AGAIN, status=403, level=_INFO, is_once=True),
    "unavailable": Meaning(whose=Whose.THEIRS, status=503, level=_WARNING),
    "misconfigured": Meaning(whose=Whose.OURS, status=503, level=_ERROR),
    "no_rpps": Meaning(whose=Whose.PERSON, status=403, level=_INFO),
    "two_rpps": Meaning(whose=Whose.THEIRS, status=403, level=_WARNING),
    "stale": Meaning(whose=Whose.AGAIN, status=403, level=_INFO),
    "not_fresh": Meaning(whose=Whose.THEIRS, status=403, level=_WARNING),
    "no_auth_time": Meaning(whose=Whose.THEIRS, status=403, level=_ERROR),
    "conflict": Meaning(whose=Whose.THEIRS, status=403, level=_ERROR),
}


class PscRefused(Exception):
    """The answer of Pro Santé Connect signs nobody in. `detail`: for the log. `leave`: a way out of the session there
    (`psc_leaving`). `about`: whom it names."""

    def __init__(self, reason: str, detail: str, *, leave: str | None = None, about: About = NOBODY) -> None:
        super().__init__(detail)
        self.reason, self.leave, self.about = reason, leave, about


@dataclass(frozen=True, slots=True)
class PscRefusals:
    desk: Desk
    store: EphemeralStore
    links: UpstreamLinks

    def answer(self, request: Request, interaction: Interaction, refused: PscRefused) -> Response:
        """Returns the page of this reason, to a form the way to it; the log and the audit trail have it too."""
        reason = self.note(interaction, refused)
        if request.method == "POST":
            told = Reply(at=_PAGE, message=reason, status=REFUSALS[reason].status)
            return reply_by_get(self.desk, interaction, told)
        return self.page(request, interaction, reason)

    def note(self, interaction: Interaction, refused: PscRefused) -> str:
        """Write it to the log and the audit trail. Returns the reason of its page."""
        reason = self._in_a_row(interaction, refused.reason)
        meaning, reference = REFUSALS[reason], reference_of(interaction.id)
        log.log(
            meaning.level,
            "psc_refused",
            interaction_id=interaction.id[:8],
            reason=reason,
            whose=str(meaning.whose),
            detail=str(refused),
            incident=reference,
        )
        self._audit(interaction, refused.about, reason=reason, incident=reference)
        return reason

    def told(self, request: Request, interaction_id: str) -> Response | None:
        """Returns the page that says why a form led nowhere, once; None where nothing is to be said. Raises
        InteractionRefused."""
        if not is_told(request):
            return None
        interaction = self.desk.open(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, _PAGE)
        return self.page(request, interaction, reply.message) if reply.message else None

    def page(
        self, request: Request, interaction: Interaction, reason: str, leave: str | None = None
    ) -> Response:
        on_android = is_android(request.headers)
        page = PscPage(reason=reason, doors=self.desk.doors(interaction), leave=leave, on_android=on_android)
        return self.desk.show(request, interaction, "psc.html", page, REFUSALS[reason].status)

    def _audit(self, interaction: Interaction, about: About, **facts: str) -> None:
        """Audit to the account of this sign-in, else to the person named, else to the account that last came with this
        `sub`."""
        is_named = interaction.account_id is not None or about.rpps
        if not is_named and about.subject and (owner := self.links.owner(about.subject)) is not None:
            interaction = replace(interaction, account_id=owner)
        self.desk.audit_event(AuditEvent.PSC_LOGIN_REFUSED, interaction, about.rpps, **facts)

    def is_begun_again(self, interaction: Interaction, detail: str) -> bool:
        """Whether the person is to be sent there again without a word: once, which is noted. Raises NotDue."""
        # Twice, and two servers that send the person to each other would do so for ever.
        if interaction.upstream_begun_again:
            return False
        self.desk.record(begun_again(interaction))
        log.info("psc_begun_again", interaction_id=interaction.id[:8], detail=detail)
        return True

    def accepted(self, interaction: Interaction) -> None:
        """The row of refusals from this browser is over."""
        self.store.take(Kind.UPSTREAM_REFUSALS_IN_A_ROW, _browser(interaction))

    def _in_a_row(self, interaction: Interaction, reason: str) -> str:
        if not REFUSALS[reason].is_once:
            return reason
        # Of the browser, not of the interaction: the person may have begun again from the application.
        count = self.store.count(Kind.UPSTREAM_REFUSALS_IN_A_ROW, _browser(interaction), _ROW)
        return reason if count == 1 else "refused_again"


def _browser(interaction: Interaction) -> str:
    """Returns the same for all its tabs, until a proof ends the row; `family` is empty in records of before."""
    return interaction.family or interaction.browser
