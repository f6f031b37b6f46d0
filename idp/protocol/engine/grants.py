"""Codes and access tokens: pyop's AuthorizationState on our repositories, read and written once per request.

pyop calls several getters for one code; the first redeems it, the others read what the first read (docs/adr/0003).
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyop.access_token import AccessToken
from pyop.authz_state import AuthorizationState
from pyop.exceptions import InvalidAccessToken, InvalidAuthorizationCode
from pyop.message import AuthorizationRequest

from idp.accounts.account import Account, AccountId
from idp.accounts.grants import Grant, GrantRepository
from idp.clients.registry import ClientFile
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.protocol.claims.account_claims import named_claims
from idp.protocol.client_auth.possession import is_announced_key, token_type


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStore:
    """Where codes and tokens live, and for how long."""

    store: EphemeralStore
    grants: GrantRepository
    code_life: timedelta
    #: For the clients that have no life of their own.
    access_token_life: timedelta
    clients: ClientFile
    clock: Clock

    def issue_access_token(
        self,
        grant: Grant,
        subject: str,
        scope: str,
        asked: Sequence[str] = (),
        *,
        binding: Mapping[str, str],
    ) -> tuple[str, int]:
        """A new opaque token and its life in seconds.

        `asked`: single claims that userinfo adds to those of the scopes. `binding`: see `possession`.
        """
        value, life, now = _token(), self._life(grant.client_id), self.clock.now()
        record = {
            "grant_id": grant.id,
            "account_id": grant.account_id,
            "client_id": grant.client_id,
            "sub": subject,
            "scope": scope,
            "asked": list(asked),
            "cnf": dict(binding),
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        self.store.put(Kind.ACCESS_TOKEN, value, record, life)
        return value, int(life.total_seconds())

    def _life(self, client_id: str) -> timedelta:
        client = self.clients.get(client_id)
        return (client.access_token_life if client else None) or self.access_token_life


class CodeReused(InvalidAuthorizationCode):  # type: ignore[misc]
    """The code was redeemed before: its grant is revoked."""

    def __init__(self, grant_id: str) -> None:
        super().__init__("the code was redeemed before")
        self.grant_id = grant_id


def _token() -> str:
    """256 bits (facts/security TK11)."""
    return secrets.token_urlsafe(32)


class GrantState(AuthorizationState):  # type: ignore[misc]
    """One request's view. Nothing of `pyop.storage` is reached: every method that used it is overridden."""

    def __init__(self, backend: GrantStore, now: datetime) -> None:
        # pyop's __init__ is not called on purpose: it would build in-memory dictionaries shared by all users.
        self.stateless = True
        self.subject_identifiers: dict[str, Any] = {}
        self._backend = backend
        self._now = now
        #: Set before `authorize`: the grant the code belongs to. Known after `account_of_token` as well.
        self.grant: Grant | None = None
        #: Set before `authorize`: single claims asked for by `claims`, by place.
        self.asked: dict[str, list[str]] = {}
        #: Set before `_do_code_exchange`: the gate, and the claims to release.
        self.admit: Callable[[Mapping[str, Any]], Account] | None = None
        #: Set before `_do_code_exchange`: what the sender of this request proved to hold.
        self.binding: Mapping[str, str] = {}
        #: Set before `_do_code_exchange`: gives the refresh token of the redeemed code, if its client has any.
        self.first_refresh_token: Callable[[Mapping[str, Any]], str | None] | None = None
        #: Set before `handle_userinfo_request`: the claims released to this token.
        self.released: dict[str, Any] = {}
        self._id_token_claims: dict[str, Any] = {}
        self._code: Mapping[str, Any] | None = None
        self._token: Mapping[str, Any] | None = None

    # Issue.

    def create_authorization_code(
        self,
        authorization_request: AuthorizationRequest,
        subject_identifier: str,
        scope: list[str] | None = None,
        user_info: Mapping[str, Any] | None = None,
        extra_id_token_claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Commit the grant, then write the code: a code without its durable grant cannot exist."""
        grant = self.grant
        if grant is None:
            raise RuntimeError("no grant set for this request")
        code = _token()
        record = {
            "grant_id": grant.id,
            "account_id": grant.account_id,
            "client_id": grant.client_id,
            "sid": grant.sid,
            "granted_at": grant.granted_at.isoformat(),
            "sub": subject_identifier,
            "request": authorization_request.to_dict(),
            "extra": dict(extra_id_token_claims or {}),
            "asked": self.asked,
        }
        self._backend.grants.add(grant)
        self._backend.store.put(Kind.AUTHORIZATION_CODE, code, record, self._backend.code_life)
        return code

    # Redeem.

    def _redeemed(self, code: str) -> Mapping[str, Any]:
        if self._code is None:
            self._code = self._redeem(code)
        return self._code

    def _redeem(self, code: str) -> Mapping[str, Any]:
        """RFC 6749 §4.1.2, RFC 9700 §4.5: once, atomically; a second use revokes what the first one gave.

        The gate is one conditional UPDATE of the durable grant: a store that comes back with an old snapshot
        revives no code. The code's record stays until its end of life, so that a second use is recognised.
        """
        stored = self._backend.store.get(Kind.AUTHORIZATION_CODE, code)
        if stored is None:
            raise InvalidAuthorizationCode("unknown or expired code")
        grant_id = stored.value["grant_id"]
        if self._backend.grants.redeem(grant_id, self._now):
            return stored.value
        grant = self._backend.grants.get(grant_id)
        if grant is None or grant.redeemed_at is None:
            raise InvalidAuthorizationCode("the grant was revoked before its code was used")
        self._backend.grants.revoke(grant_id, self._now)
        raise CodeReused(grant_id)

    def get_authorization_request_for_code(self, authorization_code: str) -> AuthorizationRequest:
        return AuthorizationRequest().from_dict(self._redeemed(authorization_code)["request"])

    def get_subject_identifier_for_code(self, authorization_code: str) -> str:
        return str(self._redeemed(authorization_code)["sub"])

    def get_extra_id_token_claims_for_code(self, authorization_code: str) -> dict[str, Any]:
        return {**self._id_token_claims, **self._redeemed(authorization_code)["extra"]}

    def get_user_info_for_code(self, authorization_code: str) -> dict[str, Any]:
        """Nothing: in the code flow the scopes' claims are for userinfo only (Core §5.4)."""
        return {}

    @property
    def scope(self) -> str:
        """Granted scopes of the redeemed code, space-separated."""
        granted = self._code["request"]["scope"] if self._code else ""
        return granted if isinstance(granted, str) else " ".join(granted)

    def exchange_code_for_token(self, authorization_code: str) -> AccessToken:
        """After pyop verified client, redirect_uri and PKCE: pass the gate, then write the access token."""
        record = self._redeemed(authorization_code)
        if self.admit is None:
            raise RuntimeError("no gate set for this request")
        if not is_announced_key(record["request"].get("dpop_jkt"), self.binding):
            raise InvalidAuthorizationCode("the code was asked for with another key")
        account = self.admit(record)
        self._id_token_claims = named_claims(account, record["asked"].get("id_token", ()))
        grant = Grant(
            id=record["grant_id"],
            account_id=AccountId(record["account_id"]),
            client_id=record["client_id"],
            sid=record["sid"],
            granted_at=datetime.fromisoformat(record["granted_at"]),
        )
        asked = record["asked"].get("userinfo", ())
        value, seconds = self._backend.issue_access_token(
            grant, record["sub"], self.scope, asked, binding=self.binding
        )
        return AccessToken(value, seconds, token_type(self.binding))

    def create_refresh_token(self, access_token_value: str) -> str | None:
        """Ours, by `first_refresh_token`; pyop's would be nobody's in particular."""
        if self.first_refresh_token is None or self._code is None:
            return None
        return self.first_refresh_token(self._code)

    # Use.

    def _opened(self, access_token: str) -> Mapping[str, Any]:
        if self._token is None:
            stored = self._backend.store.get(Kind.ACCESS_TOKEN, access_token)
            if stored is None:
                raise InvalidAccessToken("unknown or expired token")
            grant = self._backend.grants.get(stored.value["grant_id"])
            if grant is None or grant.revoked_at is not None:
                raise InvalidAccessToken("revoked grant")
            self._token, self.grant = stored.value, grant
        return self._token

    def account_of_token(self, access_token: str) -> tuple[AccountId, list[str], list[str]]:
        """Account, granted scopes, single claims asked for. Raises InvalidAccessToken."""
        token = self._opened(access_token)
        return AccountId(token["account_id"]), str(token["scope"]).split(), list(token["asked"])

    def binding_of_token(self, access_token: str) -> Mapping[str, str]:
        """Raises InvalidAccessToken."""
        # Tokens of the version before had none.
        return dict(self._opened(access_token).get("cnf", {}))

    def introspect_access_token(self, access_token_value: str) -> dict[str, Any]:
        token = self._opened(access_token_value)
        return {
            "active": True,
            "scope": token["scope"],
            "client_id": token["client_id"],
            "sub": token["sub"],
        }

    def get_authorization_request_for_access_token(self, access_token_value: str) -> AuthorizationRequest:
        """Empty: pyop would look for `claims` in it, and what they ask for is in `released` already."""
        return AuthorizationRequest()

    def get_user_info_for_access_token(self, access_token: str) -> dict[str, Any]:
        """Filled by the endpoint with the claims released; pyop then filters by scope."""
        self._opened(access_token)
        return self.released
