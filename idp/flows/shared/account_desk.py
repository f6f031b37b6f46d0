"""What every section of « Mon compte » does: know who is signed in, demand a fresh proof, read its form, show its page,
and lose nothing that was typed in it when it came too late.

Not here: signing in, and the proof itself (`flows/account/sign_in`); what is kept of a form (`typed_in_sections`).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.core.origin import found_in_session
from idp.flows.shared.entered import Entered
from idp.flows.shared.replies import is_told, told_at
from idp.flows.shared.section_deadlines import SectionDeadlines
from idp.flows.shared.signed_in import SignedIn
from idp.flows.shared.typed_in_sections import KEPT, TypedInSections
from idp.interaction.replies import Replies
from idp.interaction.reply import Reply
from idp.pages.frame import Deadline
from idp.web.addresses import redirect
from idp.web.forms import FormOvertaken, Forms
from idp.web.rendering import Rendering
from idp.web.sections import Detour, Section

#: What is typed in them counts within a fresh proof only.
_FOR_PROVED = frozenset({Section.EMAIL, Section.PASSWORD, Section.PASSKEYS})
_TYPED_BEFORE = "typed_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDesk:
    signed_in: SignedIn
    deadlines: SectionDeadlines
    typed: TypedInSections
    replies: Replies
    forms: Forms
    rendering: Rendering
    clock: Clock

    @property
    def minutes(self) -> int:
        """Returns how long a proof by card or Pro Santé Connect is fresh, for the words of a page."""
        return self.deadlines.minutes

    def enter(self, request: Request, section: Section) -> Entered:
        """Returns who is signed in, and at a shared station said so. Raises Detour: nobody is, or did; after the
        sign-in, or the question, they are in the section, with what they typed in it."""
        entered = self.known(request, section)
        if entered is None or not self.signed_in.is_confirmed(request, entered.session):
            raise Detour(section.sign_in_path, keeps=self.typed.keep_late(request, section))
        return entered

    def known(self, request: Request, section: Section) -> Entered | None:
        """Returns whose session it is, whoever is in front of the browser."""
        found = self.signed_in.find(request)
        if found is None:
            return None
        (session, account), now = found, self.clock.now()
        found_in_session(session.sid)
        until = self.deadlines.proved_until(session)
        is_proved = until is not None and now <= until
        entered = Entered(section=section, session=session, account=account, is_proved=is_proved, at=now)
        return dataclasses.replace(entered, typed=self._typed(request, entered))

    def require_proof(self, entered: Entered, form: Mapping[str, str] | None = None) -> None:
        """Raises Detour: no proof is fresh; after one, by the same person, they are in the section, with what they
        typed in this form."""
        if not entered.is_proved:
            raise Detour(
                entered.section.proof_path,
                keeps=self.typed.keep(entered.account.id, entered.section, form or {}),
            )

    def prolong(self, request: Request, entered: Entered, form: Mapping[str, str]) -> Never:
        """Raises Detour: to the section, whose visit was enough, or by way of who the person is; they find there what
        they typed in this form."""
        section = entered.section
        path = section.sign_in_path if self.signed_in.is_station_shared(request) else section.path
        if self.deadlines.is_by_proof(request, entered.session, for_proof=_counts_for_proved(entered)):
            path = section.another_proof_path
        raise Detour(path, keeps=self.typed.keep(entered.account.id, section, form))

    def came_in(self, request: Request, entered: Entered) -> None:
        """The form of this section did: what was kept of it is over."""
        self.typed.forget(request, entered.account.id, entered.section)

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
        identity, told = entered.account.identity, self.rendering.told(request, frame).said
        typed = self.rendering.words(f"said.{_TYPED_BEFORE}", frame.locale) if entered.typed else None
        deadline = self._deadline(request, entered, frame.locale)
        shown = dataclasses.replace(
            frame, session=entered.sid, whose=identity.full_name, said=told or typed, deadline=deadline
        )
        response = self.rendering.page(template, shown, page, status)
        if self._is_shown(request, entered) and not entered.typed:
            self.typed.end(response)
        return response

    def done(self, section: Section, said: str) -> Response:
        """Returns the way to a section after a form, and tells `said.<said>` of the catalogue there, once."""
        response = redirect(section.path)
        self.rendering.tell(response, said)
        return response

    def reply(self, entered: Entered, reply: Reply) -> Response:
        """Returns the way to the section, which says once what was wrong with the form just posted."""
        self.replies.leave(entered.sid, reply)
        return redirect(told_at(entered.path))

    def refuse(self, entered: Entered, message: str, status: int, wait_seconds: int = 0) -> Response:
        """Returns the same, of what is one key of the catalogue."""
        at = str(entered.section)
        return self.reply(entered, Reply(at=at, message=message, status=status, wait_seconds=wait_seconds))

    def taken(self, request: Request, entered: Entered) -> Reply:
        """Returns what the section is to say: once, and nothing when it is loaded again."""
        at = str(entered.section)
        said = self.replies.take(entered.sid, at) if is_told(request) else None
        return said or Reply(at=at)

    def _typed(self, request: Request, entered: Entered) -> Mapping[str, str]:
        if not self._is_shown(request, entered):
            return {}
        return self.typed.of(entered.account.id, entered.section)

    def _is_shown(self, request: Request, entered: Entered) -> bool:
        """Whether the form is shown anew in which something was typed, as far as this browser knows."""
        is_open = entered.is_proved or entered.section not in _FOR_PROVED
        is_shown = request.method == "GET" and is_open and not is_told(request)
        return is_shown and self.typed.is_kept(request, entered.section)

    def _deadline(self, request: Request, entered: Entered, locale: str) -> Deadline | None:
        if entered.section not in KEPT:
            return None
        is_for_proof = _counts_for_proved(entered)
        return self.deadlines.of(request, entered.session, locale, for_proof=is_for_proof)


def _counts_for_proved(entered: Entered) -> bool:
    """Whether what is typed on the page is refused once the proof is fresh no more."""
    return entered.is_proved and entered.section in _FOR_PROVED
