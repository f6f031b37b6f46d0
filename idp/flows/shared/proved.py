"""Contains what a proof by card or Pro Santé Connect leads to: an account, an enrolment. Not here: the proof."""

from dataclasses import dataclass
from typing import NoReturn

from idp.accounts.account import ProvedIdentity
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.repository import AccountRepository
from idp.accounts.waits import Waits
from idp.core.audit import AuditEvent
from idp.core.errors import PageError, Problem
from idp.flows.shared.desk import Desk
from idp.interaction.record import AuthenticationEvent, Interaction, with_event, with_identity

_REFUSED = {"cps": AuditEvent.CARD_LOGIN_REFUSED, "psc": AuditEvent.PSC_LOGIN_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    desk: Desk
    accounts: AccountRepository
    identities: IdentityUpdates
    waits: Waits

    def admit(
        self, interaction: Interaction, event: AuthenticationEvent, identity: ProvedIdentity
    ) -> Interaction:
        """Returns the interaction of that person: one account per RPPS, whatever proved it.

        Raises PageError (disabled).
        """
        account = self.accounts.find_by_rpps(identity.rpps)
        if account is not None and not account.may_sign_in:
            self.refuse_disabled(with_event(interaction, event, account), identity)
        # Also before an enrolment: what strangers tried on this RPPS does not close the password chosen there.
        self.waits.end(identity.rpps)
        if account is None:
            return with_identity(interaction, event, identity)
        self.identities.apply(account, identity)
        return with_event(interaction, event, account)

    def refuse_disabled(self, proved: Interaction, identity: ProvedIdentity) -> NoReturn:
        """A strong proof does not overrule a local decision (facts/psc §9); the attempt is audited.

        Raises PageError.
        """
        self.desk.audit_event(_REFUSED[identity.source], proved, reason="account_disabled")
        raise PageError(Problem.ACCOUNT_DISABLED, client_id=proved.client_id)
