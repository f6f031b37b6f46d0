"""The account was made elsewhere while this enrolment was under way: in another tab, at another workstation.

Contains going on with that account. Not here: making an account (`flows/email_otp`), the page that says so
(`flows/already_enrolled`).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from werkzeug.wrappers import Response

from idp.accounts.account import Account
from idp.accounts.email_otp import masked_email
from idp.accounts.repository import AccountRepository
from idp.accounts.upstream_link import SubjectOfAnother
from idp.accounts.upstream_linking import UpstreamLinking
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.flows.shared.conflict import alarm, refuse_enrolment
from idp.flows.shared.desk import Desk
from idp.flows.shared.proved import Admission
from idp.flows.shared.replies import reply_by_get
from idp.interaction.record import Interaction
from idp.interaction.reply import Reply

Written = TypeVar("Written")
#: The last part of the address of its page.
PAGE = "already_enrolled"
#: What was typed is the address of the account.
SAME_EMAIL = "same_email"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyEnrolled:
    desk: Desk
    accounts: AccountRepository
    admission: Admission
    linking: UpstreamLinking
    clock: Clock

    def answer(self, interaction: Interaction, typed_email: str = "") -> Response | None:
        """Returns the way on, by what the person is told, once the account exists; None while it does not.

        Raises PageError (disabled).
        """
        identity = interaction.identity
        account = None if identity is None else self.accounts.find_by_rpps(identity.rpps)
        if identity is None or account is None:
            return None
        is_made_here = _is_made_here(interaction, account)

        def write(link: Callable[[], None]) -> Interaction:
            def also(proved: Interaction) -> None:
                link()
                if not is_made_here:
                    self.desk.audit_event(AuditEvent.ENROLMENT_REFUSED, proved, reason="already_enrolled")

            return self.admission.admit(interaction, interaction.events[-1], identity, also)

        try:
            self.linking.verify_enrolment(identity, self.accounts)
            proved = self.with_link(interaction, account, write)
        except SubjectOfAnother:
            return refuse_enrolment(self.desk, interaction)
        # The generation is older than the account (docs/adr/0031).
        proved = dataclasses.replace(
            proved, generation=interaction.generation, upstream_id_token=interaction.upstream_id_token
        )
        if is_made_here:
            # As the first click does (docs/adr/0029).
            return self.desk.prove(proved)
        self.desk.record(proved)
        told = _told(account, typed_email or interaction.enrolment_draft.get("email", ""))
        return reply_by_get(self.desk, interaction, told)

    def with_link(
        self, interaction: Interaction, account: Account, write: Callable[[Callable[[], None]], Written]
    ) -> Written:
        """Returns what `write` returns, called with what links the account to the `sub` that was proved before it: in
        the unit of work that `write` commits.

        Raises SubjectOfAnother if that `sub` is the only proof; a person with a card goes on without the link.
        """
        proof = self.linking.kept(interaction.id, account.identity.rpps)
        if proof is None:
            return write(lambda: None)
        try:
            written = write(lambda: self.linking.link_enrolled(account, proof, self.clock.now()))
        except SubjectOfAnother:
            if interaction.identity is None or interaction.identity.source == "psc":
                raise
            written = write(lambda: alarm(self.desk, interaction))
        self.linking.forget(interaction.id)
        return written


def _is_made_here(interaction: Interaction, account: Account) -> bool:
    """Whether the account is what was typed here: a double click. Nothing is lost, so nothing is said."""
    pending = interaction.enrolment
    return pending is not None and (pending.email, pending.password_hash, pending.address) == (
        account.email,
        account.password_hash,
        account.address,
    )


def _told(account: Account, typed_email: str) -> Reply:
    is_same = typed_email.casefold() == account.email.casefold()
    return Reply(
        at=PAGE,
        message=SAME_EMAIL if is_same else "other_email",
        status=409,
        typed={"masked": masked_email(account.email), "email": typed_email},
    )
