"""What the card and Pro Santé Connect share once they proved somebody: the account, refreshed, or an enrolment."""

from typing import NoReturn

from idp.accounts.account import ProvedIdentity
from idp.accounts.throttle import PasswordThrottle
from idp.core.audit import AuditEvent
from idp.core.errors import PageError, Problem
from idp.flows.shared.desk import Desk
from idp.interaction.record import AuthenticationEvent, Interaction, with_event, with_identity

_REFUSED = {"cps": AuditEvent.CARD_LOGIN_REFUSED, "psc": AuditEvent.PSC_LOGIN_REFUSED}


def with_proof(
    desk: Desk,
    throttle: PasswordThrottle,
    interaction: Interaction,
    event: AuthenticationEvent,
    identity: ProvedIdentity,
) -> Interaction:
    """The interaction of that person: one account per RPPS, whatever proved it. Raises PageError (disabled)."""
    account = desk.accounts.find_by_rpps(identity.rpps)
    if account is None:
        return with_identity(interaction, event, identity)
    if not account.may_sign_in:
        refuse_disabled(desk, with_event(interaction, event, account.id), identity)
    desk.identities.apply(account, identity)
    throttle.reopen(identity.rpps)
    return with_event(interaction, event, account.id)


def refuse_disabled(desk: Desk, proved: Interaction, identity: ProvedIdentity) -> NoReturn:
    """A strong proof does not pass a local decision (facts/psc §9): the trail shows the attempt.

    Raises PageError.
    """
    desk.witness(_REFUSED[identity.source], proved, reason="account_disabled")
    raise PageError(Problem.ACCOUNT_DISABLED, client_id=proved.client_id)
