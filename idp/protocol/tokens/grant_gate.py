"""Contains the gate as tokens pass it: /token, /userinfo and /introspect ask here alone. Not here: their answers."""

from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.standing import Granted, Standings
from idp.clients.registry import Client
from idp.interaction.authenticator import Acr
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue

_ACRS = frozenset(Acr)


@dataclass(frozen=True, slots=True)
class GrantGate:
    standings: Standings
    gate: Gate

    def find(self, grant_id: str, client: Client) -> Granted | None:
        """Returns the grant and its account, from their rows of this moment; None when there is no such grant.

        `client`: whose charters count.
        """
        return self.standings.of_grant(grant_id, client.charters)

    def find_refreshable(self, grant_id: str, client: Client) -> Granted | None:
        """Returns the same with its refresh token; None when it has none."""
        return self.standings.of_refresh_token(grant_id, client.charters)

    def admit(self, client: Client, granted: Granted, acr: str | None) -> Account:
        """Returns the account of this grant (facts/security T33). Raises IssueRefused.

        `acr`: of the sign-in behind the grant. Not checked here: whether the grant itself is revoked.
        """
        # A token of an earlier version names none, and lives for minutes.
        if acr not in _ACRS:
            raise IssueRefused(MayNotIssue.ACR_TOO_LOW)
        self.gate.may_issue(granted.standing, client, acr=Acr(acr), generation=granted.grant.generation)
        return granted.standing.account
