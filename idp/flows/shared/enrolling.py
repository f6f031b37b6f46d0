"""The end of an enrolment, once its mailbox is proved: the account, or why there is none.

Contains its one commit, and each refusal. Not here: the code (`flows/email_otp`), the form (`flows/enrolment`).
"""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.enrolment import new_account
from idp.accounts.epochs import Epochs
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.repository import AccountRepository, EmailTaken, RppsTaken
from idp.accounts.upstream_link import SubjectOfAnother
from idp.accounts.upstream_linking import UpstreamLinking
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.conflict import refuse_enrolment
from idp.flows.shared.desk import Desk
from idp.flows.shared.mailbox_sharing import MailboxSharing
from idp.flows.shared.replies import reply_by_get
from idp.interaction.record import Interaction, of_nobody, with_event
from idp.interaction.refusal import NotDue
from idp.interaction.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolling:
    desk: Desk
    work: UnitOfWork
    accounts: AccountRepository
    identities: IdentityUpdates
    linking: UpstreamLinking
    already: AlreadyEnrolled
    sharing: MailboxSharing
    epochs: Epochs
    clock: Clock

    def finish(self, request: Request, interaction: Interaction, accept: Callable[[], None]) -> Response:
        """Create the account, committed before the answer. `accept`: writes that the code was accepted, whatever comes
        of it."""
        if interaction.generation < self.epochs.present():
            return self._refuse_void(interaction, accept)
        try:
            account = self._enrolled(request, interaction, accept)
        except EmailTaken:
            return self._refuse_email(interaction, accept)
        except RppsTaken:
            self._accept_alone(accept)
            return self.already.answer(interaction) or self.desk.back(interaction)
        except SubjectOfAnother:
            self._accept_alone(accept)
            return refuse_enrolment(self.desk, interaction)
        proved = with_event(interaction, interaction.events[-1], account)
        # Older than the account (docs/adr/0031).
        proved = dataclasses.replace(proved, generation=interaction.generation)
        return self.desk.prove(dataclasses.replace(proved, upstream_id_token=interaction.upstream_id_token))

    def _enrolled(self, request: Request, interaction: Interaction, accept: Callable[[], None]) -> Account:
        """Returns the new account. Raises EmailTaken, RppsTaken (another tab just made it, T6), SubjectOfAnother:
        nothing was written."""
        identity, pending = interaction.identity, interaction.enrolment
        if identity is None or pending is None:
            raise NotDue(interaction.id)
        self.linking.verify_enrolment(identity, self.accounts)
        account = new_account(
            identity,
            email=pending.email,
            password_hash=pending.password_hash,
            address=pending.address,
            locale=self.desk.locale(request, interaction),
            now=self.clock.now(),
        )

        def write(link: Callable[[], None]) -> Account:
            with self.work.together():
                self.accounts.add(account)
                self.identities.enrolled(account)
                accept()
                enrolled = dataclasses.replace(interaction, account_id=account.id)
                self.desk.audit_event(AuditEvent.ENROLMENT_COMPLETED, enrolled, source=identity.source)
                link()
                self.sharing.came(account)
            return account

        return self.already.with_link(interaction, account, write)

    def _refuse_email(self, interaction: Interaction, accept: Callable[[], None]) -> Response:
        """Only the owner of the mailbox is told. The form shows again what was typed, without the password."""
        with self.work.together():
            accept()
            self.desk.audit_event(AuditEvent.ENROLMENT_REFUSED, interaction, reason="email_taken")
        reply = Reply(at="enrolment", faults={"email": "enrolment.email_taken"})
        with suppress(NotDue):
            self.desk.record(dataclasses.replace(interaction, enrolment=None))
        return reply_by_get(self.desk, interaction, reply)

    def _refuse_void(self, interaction: Interaction, accept: Callable[[], None]) -> Response:
        """The operator voided what began before (docs/adr/0046), this proof too: the doors are due."""
        with self.work.together():
            accept()
            self.desk.audit_event(AuditEvent.ENROLMENT_REFUSED, interaction, reason="epoch_ended")
        self.desk.record(of_nobody(interaction))
        return self.desk.back(interaction)

    def _accept_alone(self, accept: Callable[[], None]) -> None:
        with self.work.together():
            accept()
