"""Contains the gate as tokens pass it: /token, /userinfo and /introspect ask here alone. Not here: their answers."""

from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.grants import Grant
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.registry import Client
from idp.interaction.authenticator import Acr
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue

_ACRS = frozenset(Acr)


@dataclass(frozen=True, slots=True)
class GrantGate:
    accounts: AccountRepository
    gate: Gate

    def admit(self, client: Client, grant: Grant, acr: str | None) -> Account:
        """Returns the account of this grant, from its row of this moment (facts/security T33). Raises IssueRefused.

        `acr`: of the sign-in behind the grant. Not checked here: whether the grant itself is revoked.
        """
        try:
            account = self.accounts.get(grant.account_id)
        except AccountNotFound as error:
            raise IssueRefused(MayNotIssue.DISABLED) from error
        # A token of an earlier version names none, and lives for minutes.
        if acr not in _ACRS:
            raise IssueRefused(MayNotIssue.ACR_TOO_LOW)
        self.gate.may_issue(account, client, acr=Acr(acr), generation=grant.generation)
        return account
