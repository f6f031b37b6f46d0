"""What every section of « Mon compte » does: know who is signed in, demand a fresh proof, read its form, show its page.

Not here: signing in, and the proof itself (`flows/account/sign_in`).
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.core.clock import Clock
from idp.core.origin import found_in_session
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.session import Session
from idp.web.addresses import redirect
from idp.web.forms import FormOvertaken, Forms
from idp.web.rendering import Rendering
from idp.web.sections import Detour, Section

_PROOFS = frozenset(row.id for row in AUTHENTICATORS.values() if row.identifies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A person in a section."""

    section: Section
    session: Session
    account: Account
    #: The card or Pro Santé Connect identified this person a moment ago.
    is_proved: bool
    at: datetime

    @property
    def path(self) -> str:
        return self.section.path

    @property
    def sid(self) -> str:
        return self.session.sid


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDesk:
    signed_in: SignedIn
    forms: Forms
    rendering: Rendering
    clock: Clock
    #: How long a proof by card or Pro Santé Connect is fresh.
    within: timedelta

    @property
    def minutes(self) -> int:
        """Returns the same, for the words of a page."""
        return int(self.within.total_seconds() // 60)

    def enter(self, request: Request, section: Section) -> Entered:
        """Returns who is signed in. Raises Detour: nobody is; after the sign-in they are in the section."""
        found = self.signed_in.find(request)
        if found is None:
            raise Detour(section.sign_in_path)
        (session, account), now = found, self.clock.now()
        found_in_session(session.sid)
        is_proved = _is_proved(session, now - self.within)
        return Entered(section=section, session=session, account=account, is_proved=is_proved, at=now)

    def require_proof(self, entered: Entered) -> None:
        """Raises Detour: no proof is fresh; after one, by the same person, they are in the section."""
        if not entered.is_proved:
            raise Detour(entered.section.proof_path)

    def form(self, request: Request, entered: Entered) -> dict[str, str]:
        """Returns the posted fields, with Origin and CSRF token verified, of a form of this section and session.

        Raises PageError; Detour: it was shown in another session, so what is typed in it is another person's.
        """
        try:
            form = self.forms.read(request, entered.path)
        except FormOvertaken:
            form = {}
        if form.pop("session", "") != entered.sid:
            raise Detour(entered.path, "other_session")
        return form

    def page(
        self, request: Request, entered: Entered, template: str, page: Any, status: int = 200
    ) -> Response:
        """Returns the page of the section; its forms name the session (`macros.csrf`)."""
        frame = self.rendering.frame(request, client_name=None, base_path=entered.path)
        identity = entered.account.identity
        shown = dataclasses.replace(frame, session=entered.sid, whose=identity.full_name)
        return self.rendering.page(template, self.rendering.told(request, shown), page, status)

    def done(self, section: Section, said: str) -> Response:
        """Returns the way to a section after a form, and tells `said.<said>` of the catalogue there, once."""
        response = redirect(section.path)
        self.rendering.tell(response, said)
        return response


def _is_proved(session: Session, since: datetime) -> bool:
    """Whether the person was identified since then; a proof whose moment was not told is none."""
    proofs = (event for event in session.events if event.authenticator in _PROOFS)
    return any(event.is_moment_told and event.at >= since for event in proofs)
