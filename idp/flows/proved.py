"""What the card and Pro Santé Connect share once they proved somebody: the account, refreshed, or an enrolment."""

import dataclasses
from contextlib import suppress

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.repository import EmailTaken, StaleAccount
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
    _refresh(desk, account, identity)
    throttle.reopen(identity.rpps)
    return with_event(interaction, event, account.id)


def _refresh(desk: Desk, account: Account, proved: ProvedIdentity) -> None:
    """Names and profession follow the newest proof; what it does not say is kept."""
    identity = dataclasses.replace(
        proved,
        family_name=proved.family_name or account.identity.family_name,
        given_name=proved.given_name or account.identity.given_name,
        profession=proved.profession or account.identity.profession,
        specialities=proved.specialities or account.identity.specialities,
    )
    with suppress(StaleAccount, EmailTaken):  # Another login refreshed it just now.
        desk.accounts.save(dataclasses.replace(account, identity=identity))
