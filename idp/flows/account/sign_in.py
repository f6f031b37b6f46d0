"""The sign-in that no relying party asked for: it ends in a section of « Mon compte ».

Contains how it begins, also as a fresh proof of the person signed in, and its `Finish`. Not here: its pages, which are
those of every sign-in; the session (`interaction/sign_in`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, AccountId
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.gate import OWN_PAGES, IssueRefused
from idp.interaction.hub import Done, Failed, Failure, Hub
from idp.interaction.record import OF_NO_CLIENT, Interaction
from idp.interaction.resuming import resumed
from idp.interaction.sign_in import SessionOver, SignIn, door_of
from idp.interaction.store import fingerprint, random_token
from idp.web.addresses import redirect
from idp.web.arriving import Arriving
from idp.web.cookies import Cookies
from idp.web.hub import Visits
from idp.web.locales import Locales
from idp.web.network_quota import NetworkQuota
from idp.web.page_routes import PageRoute
from idp.web.sections import PROOF_PATH, SIGN_IN_PATH, Detour, Section, section_named

#: What a fresh proof must earn: the card or Pro Santé Connect, and nothing else.
_IDENTIFYING = tuple(row.acr for row in AUTHENTICATORS.values() if row.identifies and row.acr is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSignIn:
    """One way to start a login, and its `Finish`. In its interactions `subject` is an account's id, and
    `request["to"]` the section."""

    desk: AccountDesk
    signed_in: SignedIn
    hub: Hub
    #: As at /authorize: how many may begin from one network.
    entrance: NetworkQuota
    sign_in: SignIn
    work: UnitOfWork
    audit: Audit
    visits: Visits
    cookies: Cookies
    arriving: Arriving
    locales: Locales
    interaction_life: timedelta
    name: str = "home"

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", SIGN_IN_PATH, self.start)
        yield PageRoute("GET", PROOF_PATH, self.prove)

    # Start.

    def start(self, request: Request) -> Response:
        """A person whose session is alive is in the section at once."""
        return self._begin(request, _wished(request))

    def prove(self, request: Request) -> Response:
        """A fresh proof by the person signed in. Raises Detour: nobody is, or it is fresh already, and no longer one is
        asked for (`again`)."""
        section = _wished(request)
        entered = self.desk.known(request, section)
        if entered is None:
            raise Detour(section.sign_in_path)
        if entered.is_proved and "again" not in request.args:
            raise Detour(entered.path)
        return self._begin(request, section, subject=entered.account.id)

    def restart(self, request: Request, expired: Interaction) -> Response:
        section = section_named(expired.request.get("to", ""))
        return self._begin(request, section, subject=expired.subject, restarts=expired)

    def _begin(
        self,
        request: Request,
        section: Section,
        *,
        subject: str | None = None,
        restarts: Interaction | None = None,
    ) -> Response:
        visit = self.visits.of(request)
        browser, binding = visit.browser or random_token(), random_token()
        new = Interaction(
            id=random_token(),
            client_id=OF_NO_CLIENT,
            request={"to": str(section)},
            needed=OWN_PAGES.minimum_acr,
            essential=_IDENTIFYING if subject is not None else (),
            subject=subject,
            silent=False,
            browser=fingerprint(binding),
            family=fingerprint(browser),
            locale=self.locales.of(request),
            started_at=visit.now,
            expires_at=visit.now + self.interaction_life,
            # Nothing that was proved before is the fresh proof.
            fresh_after=visit.now if subject is not None else None,
        )
        new = resumed(new, restarts) if restarts is not None else new
        outcome = self.hub.begin(new, visit, self, partial(self.entrance.share, request))
        if isinstance(outcome, Failed):
            return self.failure(request, outcome)
        if isinstance(outcome, Done):
            return self.success(request, outcome)
        response = redirect(outcome.path)
        self.cookies.begin(request, response, browser, (new.id, binding))
        return response

    # The end.

    def is_expected(self, interaction: Interaction, account: Account) -> bool:
        """Whether this is the person whose fresh proof is wanted; a sign-in is for any person."""
        return interaction.subject in (None, account.id)

    def require_ready(self, interaction: Interaction) -> None:
        """Nothing is signed: it always is."""

    def success(self, request: Request, done: Done) -> Response:
        """Returns the way to the section, signed in."""
        interaction, identity = done.interaction, done.account.identity
        if not self.is_expected(interaction, done.account):
            return self._refuse_other(interaction)
        try:
            entered = self.sign_in.enter(done, OWN_PAGES, self.visits.of(request))
        except (IssueRefused, SessionOver):
            return self.desk.done(Section.HOME, "not_signed_in")
        with self.work.together():
            self.sign_in.tell(entered, done)
        self.signed_in.confirm(request, entered.sid)
        response = redirect(section_named(interaction.request["to"]).path)
        self.arriving.sign_in(request, response, entered.cookie, rpps=identity.rpps, door=door_of(done))
        return response

    def failure(self, request: Request, failed: Failed) -> Response:
        if failed.reason is Failure.OTHER_PERSON:
            return self._refuse_other(failed.interaction)
        return self.desk.done(
            Section.HOME, "cancelled" if failed.reason is Failure.REFUSED else "not_signed_in"
        )

    def _refuse_other(self, interaction: Interaction) -> Response:
        """Another person's card: who was signed in still is, and nothing was opened."""
        expected, told, why = AccountId(interaction.subject or ""), interaction.id[:8], "other_person"
        self.audit.record(AuditEvent.PROOF_REFUSED, account_id=expected, interaction_id=told, reason=why)
        return self.desk.done(Section.HOME, why)


def _wished(request: Request) -> Section:
    return section_named(request.args.get("to", ""))
