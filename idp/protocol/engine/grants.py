"""Contains codes and access tokens: how they are kept, redeemed once, opened. Not here: pyop (`states`)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from idp.accounts.account import AccountId
from idp.accounts.grants import Grant, GrantRepository
from idp.accounts.standing import Granted, Standings
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import RuleBroken
from idp.protocol.claims.account_claims import released_names
from idp.protocol.claims.upstream_claims import asks_upstream
from idp.protocol.client_auth.possession import Binding
from idp.protocol.rules.token_rules import CODE_REUSED, CODE_REVOKED, CODE_UNKNOWN


def session_state(client: Client, grant: Grant) -> dict[str, str]:
    """Returns the member `session_state` of a token answer, which is the `sid`, for a client registered for it."""
    return {"session_state": grant.sid} if client.gets_session_state else {}


class CodeRefused(RuleBroken):
    """This code, shown by this client in this way, gives nothing."""


class CodeReused(CodeRefused):
    """The code was redeemed before: its grant is to be revoked."""


class AccessTokenRefused(Exception):
    """The token is unknown, expired or revoked, or its client or account may not use it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """What a code stands for."""

    grant: Grant
    subject: str
    #: The authorization request, of what pyop may see of it.
    request: Mapping[str, Any]
    #: What the ID Token says about the sign-in: `acr`, `amr`, `auth_time`, `sid`.
    authentication: Mapping[str, Any]
    #: Single claims that the parameter `claims` asked for, by place.
    asked: Mapping[str, Sequence[str]]

    @property
    def scope(self) -> str:
        """Returns the granted scopes, space-separated."""
        granted = self.request["scope"]
        return granted if isinstance(granted, str) else " ".join(granted)

    @property
    def announced_key(self) -> str | None:
        """Returns the thumbprint of the key that the client said it would prove (RFC 9449 §10)."""
        return self.request.get("dpop_jkt")

    def asked_for(self, place: str) -> Sequence[str]:
        """Returns the single claims for the ID Token ("id_token") or "userinfo"."""
        return self.asked.get(place, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedToken:
    """An access token that is alive, as its grant is."""

    value: str = field(repr=False)
    granted: Granted
    client: Client
    subject: str
    #: Of the sign-in. None: the token was issued by an earlier version.
    acr: str | None
    #: Granted scopes, space-separated.
    scope: str
    #: The claims that userinfo releases: of the scopes, and asked for one by one.
    names: Sequence[str]
    binding: Binding

    @property
    def grant(self) -> Grant:
        return self.granted.grant


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStore:
    """Where codes and tokens are kept, and for how long."""

    store: EphemeralStore
    grants: GrantRepository
    standings: Standings
    code_life: timedelta
    #: For clients without a life of their own.
    access_token_life: timedelta
    clients: ClientFile
    clock: Clock

    def issue_code(self, issued: IssuedCode) -> str:
        """Returns a new code, which is written with the present unit of work. Raises SessionEnded, on leaving it."""
        code = _token()
        # docs/adr/0034: told when both are written. A code without its grant could not be redeemed.
        self.grants.add(issued.grant)
        self.store.put(Kind.AUTHORIZATION_CODE, code, _record_of(issued), self.code_life)
        return code

    def find_code(self, code: str) -> IssuedCode:
        """Returns what the code stands for, used or not. Raises CodeRefused."""
        # Read, and left there until it expires: if it were taken out, a second use would look like an unknown code.
        stored = self.store.get(Kind.AUTHORIZATION_CODE, code)
        if stored is None:
            raise CodeRefused(CODE_UNKNOWN)
        return _code_of(stored.value)

    def redeem(self, code: IssuedCode) -> None:
        """Redeem the code with the present unit of work: once. Raises GrantSpent, on leaving the unit."""
        # facts/security TK1, D7: one conditional UPDATE of the durable grant lets one caller through, not the ephemeral
        # record: a store that comes back with an old snapshot brings no used code back.
        self.grants.redeem(code.grant.id, self.clock.now())

    def refuse_spent(self, code: IssuedCode) -> CodeRefused:
        """Returns why `redeem` refused, and revokes what a second use gave away (RFC 6749 §4.1.2, RFC 9700 §4.5)."""
        grant = self.grants.get(code.grant.id)
        if grant is None or grant.redeemed_at is None:
            # Signed out between code and token: the code was not used before, so nothing says that it was stolen.
            return CodeRefused(CODE_REVOKED)
        # RFC 6749 §10.5: two callers have this code, and we cannot tell which of them is the client.
        self.grants.revoke(grant.id, self.clock.now())
        return CodeReused(CODE_REUSED)

    def issue_access_token(
        self,
        client: Client,
        grant: Grant,
        subject: str,
        scope: str,
        asked: Sequence[str] = (),
        *,
        acr: str,
        binding: Binding,
    ) -> tuple[str, int]:
        """Returns a new opaque token of this client and its life in seconds.

        `asked`: single claims that userinfo adds to those of the scopes. `acr`: of the sign-in. `binding`: see
        `possession`.
        """
        value, now = _token(), self.clock.now()
        life = client.access_token_life or self.access_token_life
        record = {
            "grant_id": grant.id,
            "account_id": grant.account_id,
            "client_id": grant.client_id,
            "sub": subject,
            "scope": scope,
            "asked": list(asked),
            "acr": acr,
            "cnf": dict(binding),
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        self.store.put(Kind.ACCESS_TOKEN, value, record, life)
        return value, int(life.total_seconds())

    def open(self, access_token: str) -> OpenedToken:
        """Raises AccessTokenRefused. Not checked here: who holds it, and the account."""
        stored = self.store.get(Kind.ACCESS_TOKEN, access_token)
        if stored is None:
            raise AccessTokenRefused("unknown or expired token")
        client = self.clients.get(stored.value["client_id"])
        if client is None:
            raise AccessTokenRefused("the client is registered no more")
        # Revoking a grant deletes no token: each use of a token asks the durable grant.
        scopes, asked = stored.value["scope"].split(), stored.value["asked"]
        names = released_names(scopes, asked, client.releasable)
        told_to = client.client_id if asks_upstream(names) else None
        granted = self.standings.of_grant(stored.value["grant_id"], client.charters, told_to=told_to)
        if granted is None or granted.grant.revoked_at is not None:
            raise AccessTokenRefused("revoked grant")
        return OpenedToken(
            value=access_token,
            granted=granted,
            client=client,
            subject=stored.value["sub"],
            acr=stored.value.get("acr"),
            scope=stored.value["scope"],
            names=names,
            # Tokens issued by the previous version have no `cnf`.
            binding=dict(stored.value.get("cnf", {})),
        )


def _token() -> str:
    """Returns 256 random bits in base64url (facts/security TK11)."""
    return secrets.token_urlsafe(32)


def _record_of(issued: IssuedCode) -> dict[str, Any]:
    grant = issued.grant
    return {
        "grant_id": grant.id,
        "account_id": grant.account_id,
        "client_id": grant.client_id,
        "sid": grant.sid,
        "granted_at": grant.granted_at.isoformat(),
        "generation": grant.generation,
        "sub": issued.subject,
        "request": dict(issued.request),
        "extra": dict(issued.authentication),
        "asked": {place: list(names) for place, names in issued.asked.items()},
    }


def _code_of(record: Mapping[str, Any]) -> IssuedCode:
    grant = Grant(
        id=record["grant_id"],
        account_id=AccountId(record["account_id"]),
        client_id=record["client_id"],
        sid=record["sid"],
        granted_at=datetime.fromisoformat(record["granted_at"]),
        # Codes issued by the previous version have none.
        generation=record.get("generation", 0),
    )
    return IssuedCode(
        grant=grant,
        subject=record["sub"],
        request=record["request"],
        authentication=record["extra"],
        asked=record["asked"],
    )
