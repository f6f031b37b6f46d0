"""Contains the refresh_token grant, ours but for the ID Token, which the engine writes. Not here: storing tokens.

RFC 6749 §6, RFC 9700 §4.14: bound to its client; rotated for public clients, where a second use revokes the family,
unless the first answer may have been lost on the way (docs/adr/0054); kept for confidential clients, whose
authentication binds it. It ends with the session, or earlier if it is not used.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.accounts.account import Account
from idp.accounts.grants import Grant, GrantRepository
from idp.accounts.refresh import (
    RefreshToken,
    RefreshTokens,
    Rotation,
    TokenReplayed,
    digest,
    grant_of,
    new_value,
)
from idp.accounts.standing import Granted
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.errors import RuleBroken
from idp.core.origin import found_in_session
from idp.core.replacing import replace
from idp.core.unit_of_work import UnitOfWork
from idp.protocol.claims.account_claims import id_token_names, named_claims
from idp.protocol.claims.subject import Subjects
from idp.protocol.client_auth.possession import Binding, holds, token_type
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import GrantStore, IssuedCode, session_state
from idp.protocol.rules import token_rules as rules
from idp.protocol.tokens.grant_gate import GrantGate

#: The gate: (client, grant with its account, authentication claims). Returns the account. Raises ClientError.
Admit = Callable[[Client, Granted, Mapping[str, Any]], Account]

#: Of one token, all within its grace: each time another one was answered first.
_MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Shown:
    """A refresh request of a client that proved itself, with the keys that it showed."""

    client: Client
    form: Mapping[str, str]
    binding: Binding

    @property
    def value(self) -> str:
        return self.form["refresh_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    work: UnitOfWork
    engine: Engine
    gate: GrantGate
    subjects: Subjects
    tokens: RefreshTokens
    grants: GrantRepository
    grant_store: GrantStore
    audit: Audit
    #: For clients without an idle time of their own.
    idle: timedelta
    #: For clients without a grace of their own.
    grace: timedelta
    session_life: timedelta

    def first(self, client: Client, code: IssuedCode, binding: Binding, now: datetime) -> str | None:
        """Returns the refresh token for a code just redeemed; None for a client that did not register for any."""
        if "refresh_token" not in client.grant_types:
            return None
        authenticated = datetime.fromtimestamp(code.authentication["auth_time"], UTC)
        # facts/security TK6: it never outlives the session that it came from.
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
                # RFC 9449 §5, RFC 8705 §4: that of a confidential client is bound by its authentication already.
                binding=binding if client.is_public else {},
                asked=code.asked,
            )
        )
        return value

    def redeem(
        self, client: Client, form: Mapping[str, str], binding: Binding, admit: Admit, now: datetime
    ) -> dict[str, Any]:
        """Returns the token response (Core §12.2), its access token bound to the caller's keys. Raises ClientError."""
        value = form.get("refresh_token", "")
        if not value:
            raise RuleBroken(rules.REFRESH_TOKEN_MISSING)
        for _ in range(_MOST_AT_ONCE):
            token, granted = self._verified(client, value, binding, now)
            with suppress(TokenReplayed):
                return self._redeemed(_Shown(client, form, binding), token, granted, admit, now)
        # RFC 9700 §4.14.2: of so many uses at once one may be a thief's: no answer may stay good.
        self._revoke(granted.grant, now)
        raise RuleBroken(rules.REFRESH_REUSED)

    def _redeemed(
        self, shown: "_Shown", token: RefreshToken, granted: Granted, admit: Admit, now: datetime
    ) -> dict[str, Any]:
        """Raises TokenReplayed: another use of this token was first; ClientError."""
        client = shown.client
        # facts/security AZ14: a scope removed from the client since is not granted any more.
        kept = " ".join(scope for scope in token.scope.split() if scope in client.scopes)
        scope = _narrowed(kept, shown.form.get("scope"))
        # facts/security TK6: the gate reads the account row of this moment: disabled, charter, password, acr.
        account = admit(client, granted, token.claims)
        found_in_session(granted.grant.sid)
        is_repeated = token.token_sha256 != digest(shown.value)
        # If a store or the signer fails, the token shown is still good for another try.
        with self.work.together():
            answer = self._answer(client, account, granted.grant, token, scope, shown.binding)
            following = self._rotate(client, shown.value, token, now)
            self.audit.record(
                AuditEvent.REFRESH_REPEATED if is_repeated else AuditEvent.TOKEN_REFRESHED,
                account_id=account.id,
                client_id=client.client_id,
            )
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
        """Returns the response.

        What `claims` asked for holds for the whole grant (Core §12.2), cut to the client's now.
        """
        subject = self.subjects.of(account, client)
        access_token, seconds = self.grant_store.issue_access_token(
            client,
            grant,
            subject,
            scope,
            token.asked.get("userinfo", ()),
            acr=token.claims["acr"],
            binding=binding,
        )
        names = id_token_names(client, scope, token.asked.get("id_token", ()))
        asked = named_claims(account, names)
        id_token = self.engine.id_token(client, subject, {**asked, **token.claims}, access_token=access_token)
        return {
            "access_token": access_token,
            "token_type": token_type(binding),
            "expires_in": seconds,
            "scope": scope,
            "id_token": id_token,
            **session_state(client, grant),
        }

    def _verified(
        self, client: Client, value: str, binding: Binding, now: datetime
    ) -> tuple[RefreshToken, Granted]:
        """Returns the living token in force and its grant, for it or for the one before it within the grace.

        Raises ClientError, and revokes the family of any other older token.
        """
        granted = self.gate.find_refreshable(grant_of(value), client)
        token, grant = (granted.refresh_token, granted.grant) if granted else (None, None)
        # RFC 6749 §6, facts/security TK4: first, so that another client which shows it does not end the family.
        if granted is None or token is None or grant is None:
            raise RuleBroken(rules.REFRESH_UNKNOWN)
        if grant.client_id != client.client_id:
            raise RuleBroken(rules.REFRESH_OF_OTHER_CLIENT)
        is_holder, shown = holds(binding, token.binding), digest(value)
        grace = self.grace if client.refresh_grace is None else client.refresh_grace
        if token.token_sha256 != shown and not (is_holder and token.took_place_of(shown, now, grace)):
            # RFC 9700 §4.14.2, facts/security TK5: an older token of the family came back, so there is a copy of it.
            self._revoke(grant, now)
            raise RuleBroken(rules.REFRESH_REUSED)
        # After the reuse above: that a copy came back is audited also when the family has ended.
        if grant.revoked_at is not None or not token.is_alive(now):
            raise RuleBroken(rules.REFRESH_ENDED)
        # RFC 6749 §5.2: the grant was removed from the registration since. It is the client's own token, so we say so.
        if "refresh_token" not in client.grant_types:
            raise RuleBroken(rules.GRANT_NOT_REGISTERED)
        if not is_holder:
            # RFC 9449 §5. A thief without the key cannot end the family: nothing is revoked.
            raise RuleBroken(rules.REFRESH_OF_OTHER_KEY)
        return token, granted

    def _rotate(self, client: Client, value: str, token: RefreshToken, now: datetime) -> str | None:
        """Returns the next token of a public client; None: a confidential one keeps its token, with a new idle time.

        Of a token that is shown again, the successor that nobody used is replaced: never do two of a family live.
        Raises TokenReplayed, on leaving the unit of work: the token in force was used at the same time.
        """
        following = new_value(token.grant_id) if client.is_public else value
        is_first = token.token_sha256 == digest(value)
        renewed = replace(
            token,
            token_sha256=digest(following),
            idle_until=self._idle_until(client, now, token.ends_at),
            rotation=Rotation(token.token_sha256, now) if client.is_public and is_first else token.rotation,
        )
        # facts/security TK5: compared and swapped in one statement. In two, both of two calls at once would pass.
        self.tokens.swap(token.token_sha256, renewed)
        return following if client.is_public else None

    def _idle_until(self, client: Client, now: datetime, ends_at: datetime) -> datetime:
        # facts/security TK6: using a token does not move the absolute end.
        return min(now + (client.refresh_token_idle or self.idle), ends_at)

    def _revoke(self, grant: Grant, now: datetime) -> None:
        with self.work.together():
            self.grants.revoke(grant.id, now)
            self.audit.record(
                AuditEvent.REFRESH_REUSED, account_id=grant.account_id, client_id=grant.client_id
            )


def _narrowed(granted: str, asked: str | None) -> str:
    """Returns the scope asked for, which may only be less (RFC 6749 §6). Raises ClientError."""
    if asked is None:
        return granted
    if not set(asked.split()) <= set(granted.split()) or "openid" not in asked.split():
        raise RuleBroken(rules.SCOPE_NOT_GRANTED)
    return " ".join(scope for scope in granted.split() if scope in asked.split())
