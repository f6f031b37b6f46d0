"""What was typed in a form of « Mon compte », kept while the person is asked once more who they are.

Contains which fields, and their record, which is the account's: whoever else signs in at this browser finds none. Not
here: when a form comes too late (`account_desk`), a form of a sign-in (`typed_form`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.account import AccountId
from idp.accounts.enrolment import ADDRESS_FIELDS
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import PageError
from idp.flows.shared.signed_in import SignedIn
from idp.web.cookies import TYPED_COOKIE, Cookies
from idp.web.forms import Forms
from idp.web.sections import Section

#: The sections in whose forms something is typed, and what of it is kept: never a password, never a code.
KEPT: Mapping[Section, tuple[str, ...]] = {
    Section.EMAIL: ("email",),
    Section.ADDRESS: ADDRESS_FIELDS,
    Section.PASSWORD: (),
    Section.PASSKEYS: ("passkey", "name"),
}
#: Says of what the form is.
_NOT_TYPED = frozenset({"passkey"})
#: Of each field. What is longer is refused, and none of it is worth keeping.
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedInSections:
    store: EphemeralStore
    signed_in: SignedIn
    forms: Forms
    cookies: Cookies
    life: timedelta

    def keep(self, account_id: AccountId, section: Section, form: Mapping[str, str]) -> Section | None:
        """Returns the section, for the cookie that leads here, if anything was typed there that is kept."""
        typed = {name: form[name][:_LONGEST] for name in KEPT.get(section, ()) if name in form}
        if not any(value for name, value in typed.items() if name not in _NOT_TYPED):
            return None
        self.store.put(Kind.TYPED_IN_SECTION, _place(account_id, section), typed, self.life)
        return section

    def keep_late(self, request: Request, section: Section) -> Section | None:
        """Keep as `keep` does what is posted with a session of this browser that expired, for its person alone."""
        session = self.signed_in.lately(request) if request.method == "POST" else None
        if session is None:
            return None
        try:
            form = self.forms.read(request, section.path)
        except PageError:
            return None
        return self.keep(session.account_id, section, form) if form.get("session") == session.sid else None

    def is_kept(self, request: Request, section: Section) -> bool:
        """Whether this browser says so: only then the store is asked."""
        return self.cookies.get(request, TYPED_COOKIE) == section

    def of(self, account_id: AccountId, section: Section) -> Mapping[str, str]:
        """Returns what this person typed there; empty for nothing, and for another's."""
        kept = self.store.get(Kind.TYPED_IN_SECTION, _place(account_id, section))
        return {} if kept is None else {name: str(value) for name, value in kept.value.items()}

    def forget(self, request: Request, account_id: AccountId, section: Section) -> None:
        if self.is_kept(request, section):
            self.store.clear([(Kind.TYPED_IN_SECTION, _place(account_id, section))])

    def end(self, response: Response) -> None:
        """Nothing is kept any more."""
        self.cookies.clear(response, TYPED_COOKIE)


def _place(account_id: AccountId, section: Section) -> str:
    return f"{account_id} {section}"
