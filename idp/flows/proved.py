"""What the card and Pro Santé Connect share once they proved somebody: the account, refreshed, or an enrolment."""

from idp.accounts.account import ProvedIdentity
from idp.accounts.throttle import PasswordThrottle
from idp.errors import Problem, Shown
from idp.flows.desk import Desk
from idp.interaction.record import AuthenticationEvent, Interaction, with_event, with_identity


def with_proof(
    desk: Desk,
    throttle: PasswordThrottle,
    interaction: Interaction,
    event: AuthenticationEvent,
    identity: ProvedIdentity,
) -> Interaction:
    """The interaction of that person: one account per RPPS, whatever proved it. Raises Shown (disabled)."""
    account = desk.accounts.find_by_rpps(identity.rpps)
    if account is None:
        return with_identity(interaction, event, identity)
    if not account.enabled:
        # A strong proof does not pass a local decision (facts/psc §9).
        raise Shown(Problem.ACCOUNT_DISABLED, client_id=interaction.client_id)
    desk.identities.apply(account, identity)
    throttle.reopen(identity.rpps)
    return with_event(interaction, event, account.id)
