"""The refresh_token grant: ours from end to end, but for the ID Token, which the engine writes.

RFC 6749 §6, RFC 9700 §4.14: bound to its client; rotated for public clients, where a second use revokes the family;
kept for confidential clients, whose authentication binds it. Ends with the session, and earlier when unused.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.accounts.account import Account
from idp.accounts.grants import Grant, GrantRepository
from idp.accounts.refresh import RefreshToken, RefreshTokens, digest, grant_of, new_value
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.errors import ClientError, OAuthError
from idp.protocol.claims.account_claims import released_claims
from idp.protocol.claims.subject import Subjects
from idp.protocol.client_auth.possession import Binding, holds, token_type
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import GrantStore, IssuedCode

#: The gate: (client, account id, authentication claims, when it was granted) → account. Raises ClientError.
Admit = Callable[[Client, str, Mapping[str, Any], datetime], Account]

_REFUSED = "the refresh token is unknown, expired, revoked, or belongs to another client"


def _invalid() -> ClientError:
    return ClientError(OAuthError.INVALID_GRANT, _REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    engine: Engine
    subjects: Subjects
    tokens: RefreshTokens
    grants: GrantRepository
    grant_store: GrantStore
    audit: Audit
    #: For the clients that have no idle time of their own.
    idle: timedelta
    session_life: timedelta

    def first(self, client: Client, code: IssuedCode, binding: Binding, now: datetime) -> str | None:
        """The refresh token of a code just redeemed; None for a client that did not register for any."""
        if "refresh_token" not in client.grant_types:
            return None
        authenticated = datetime.fromtimestamp(code.authentication["auth_time"], UTC)
        # facts/security TK6: never beyond the session that it came from.
        ends_at = authenticated + self.session_life
        value = new_value(code.grant.id)
        self.tokens.add(
            RefreshToken(
                grant_id=code.grant.id,
                token_sha256=digest(value),
                scope=code.scope,
                claims=code.authentication,
                idle_until=self._idle_until(client, now, ends_at),
                ends_at=ends_at,
                # RFC 9449 §5, RFC 8705 §4: a confidential client's is bound by its authentication already.
                binding=binding if client.is_public else {},
                asked=code.asked,
            )
        )
        return value

    def redeem(
        self, client: Client, form: Mapping[str, str], binding: Binding, admit: Admit, now: datetime
    ) -> dict[str, Any]:
        """The token response (Core §12.2), its access token bound to what the caller holds. Raises ClientError."""
        value = form.get("refresh_token", "")
        if not value:
            raise ClientError(OAuthError.INVALID_REQUEST, "refresh_token is required")
        token, grant = self._verified(client, value, now)
        if not holds(binding, token.binding):
            # RFC 9449 §5. A thief without the key ends nothing: the family lives on.
            raise _invalid()
        # facts/security AZ14: a scope taken from the client since is released no more.
        granted = " ".join(scope for scope in token.scope.split() if scope in client.scopes)
        scope = _narrowed(granted, form.get("scope"))
        # facts/security TK6: the account row of this moment, as for a code: disabled, charter, password, acr.
        account = admit(client, grant.account_id, token.claims, grant.granted_at)
        answer = self._answer(client, account, grant, token, scope, binding)
        # Last: whatever is down by then, the token shown is still good for a later try.
        following = self._rotate(client, value, token, now)
        self.audit.record(AuditEvent.TOKEN_REFRESHED, account_id=account.id, client_id=client.client_id)
        return answer if following is None else {**answer, "refresh_token": following}

    def _answer(
        self,
        client: Client,
        account: Account,
        grant: Grant,
        token: RefreshToken,
        scope: str,
        binding: Binding,
    ) -> dict[str, Any]:
        """What `claims` asked for holds for every token of the grant (Core §12.2), cut to the client's of today."""
        subject = self.subjects.of(account, client)
        access_token, seconds = self.grant_store.issue_access_token(
            grant, subject, scope, token.asked.get("userinfo", ()), binding=binding
        )
        asked = released_claims(account, (), token.asked.get("id_token", ()), client.releasable)
        id_token = self.engine.id_token(client, subject, {**asked, **token.claims}, access_token=access_token)
        return {
            "access_token": access_token,
            "token_type": token_type(binding),
            "expires_in": seconds,
            "scope": scope,
            "id_token": id_token,
        }

    def _verified(self, client: Client, value: str, now: datetime) -> tuple[RefreshToken, Grant]:
        token, grant = self.tokens.get(grant_of(value)), self.grants.get(grant_of(value))
        # RFC 6749 §6, facts/security TK4. Another client's: before all else, so that showing it ends nobody's family.
        if token is None or grant is None or grant.client_id != client.client_id:
            raise _invalid()
        if token.token_sha256 != digest(value):
            # RFC 9700 §4.14.2: an older token of the family came back; somebody has a copy.
            self._revoke(grant, now)
            raise _invalid()
        # After the reuse above: a copy that comes back is told to the audit even when its family has ended.
        if grant.revoked_at is not None or not token.is_alive(now):
            raise _invalid()
        # Taken from the registration since: told as it is, to the client that the token belongs to (RFC 6749 §5.2).
        if "refresh_token" not in client.grant_types:
            raise ClientError(OAuthError.UNAUTHORIZED_CLIENT, "this client may not refresh")
        return token, grant

    def _rotate(self, client: Client, value: str, token: RefreshToken, now: datetime) -> str | None:
        """The next value for a public client; a confidential one keeps its token, and its idle time begins anew."""
        following = new_value(token.grant_id) if client.is_public else value
        idle_until = self._idle_until(client, now, token.ends_at)
        renewed = dataclasses.replace(token, token_sha256=digest(following), idle_until=idle_until)
        # facts/security TK5: compare and swap in one statement. Read, compared and written apart, two would both pass.
        if not self.tokens.swap(digest(value), renewed):
            # RFC 9700 §4.14.2. Of two uses at once, one is not the client's: neither answer is worth keeping.
            grant = self.grants.get(token.grant_id)
            if grant is not None:
                self._revoke(grant, now)
            raise _invalid()
        return following if client.is_public else None

    def _idle_until(self, client: Client, now: datetime, ends_at: datetime) -> datetime:
        # Never beyond the absolute end (facts/security TK6): using a token does not make its session longer.
        return min(now + (client.refresh_token_idle or self.idle), ends_at)

    def _revoke(self, grant: Grant, now: datetime) -> None:
        self.grants.revoke(grant.id, now)
        self.audit.record(AuditEvent.REFRESH_REUSED, account_id=grant.account_id, client_id=grant.client_id)


def _narrowed(granted: str, asked: str | None) -> str:
    """RFC 6749 §6: the same scope or less."""
    if asked is None:
        return granted
    if not set(asked.split()) <= set(granted.split()) or "openid" not in asked.split():
        raise ClientError(OAuthError.INVALID_SCOPE, "scope was not granted")
    return " ".join(scope for scope in granted.split() if scope in asked.split())
