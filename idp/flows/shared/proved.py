"""Contains what a proof by card or Pro Santé Connect leads to: an account, an enrolment. Not here: the proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from idp.accounts.account import ProvedIdentity
from idp.accounts.epochs import Epochs
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.repository import AccountRepository
from idp.accounts.waits import Waits
from idp.core.audit import AuditEvent
from idp.core.errors import PageError, Problem
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.desk import Desk
from idp.interaction.record import AuthenticationEvent, Interaction, with_event, with_identity

_REFUSED = {"cps": AuditEvent.CARD_LOGIN_REFUSED, "psc": AuditEvent.PSC_LOGIN_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    desk: Desk
    work: UnitOfWork
    accounts: AccountRepository
    identities: IdentityUpdates
    waits: Waits
    epochs: Epochs

    def admit(
        self,
        interaction: Interaction,
        event: AuthenticationEvent,
        identity: ProvedIdentity,
        also: Callable[[Interaction], None],
    ) -> Interaction:
        """Returns the interaction of that person: one account per RPPS, whatever proved it.

        What the proof changes, and what `also` writes of that interaction, is committed together. Raises PageError
        (disabled), and what `also` raises.
        """
        account = self.accounts.find_by_rpps(identity.rpps)
        if account is not None and not account.may_sign_in:
            self.refuse_disabled(with_event(interaction, event, account), identity, account.disabled_motive)
        if account is not None:
            proved = with_event(interaction, event, account)
            self.identities.apply(account, identity, lambda: self._proved(proved, identity, also))
            return proved
        proved = with_identity(interaction, event, identity, self.epochs.present())
        with self.work.as_one_step():
            self._proved(proved, identity, also)
        return proved

    def _proved(
        self, proved: Interaction, identity: ProvedIdentity, also: Callable[[Interaction], None]
    ) -> None:
        # Also before an enrolment: what strangers tried on this RPPS does not close the password chosen there.
        self.waits.end(identity.rpps)
        also(proved)

    def refuse_disabled(self, proved: Interaction, identity: ProvedIdentity, motive: str) -> NoReturn:
        """A strong proof does not overrule a local decision (facts/psc §9); the attempt is audited.

        Raises PageError.
        """
        self.desk.audit_event(_REFUSED[identity.source], proved, reason="account_disabled")
        raise PageError(
            Problem.ACCOUNT_DISABLED, client_id=proved.client_id, motive=motive, interaction_id=proved.id
        )
