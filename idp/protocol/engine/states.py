"""Contains what pyop asks of its AuthorizationState: one small object for each of its three calls. Not here: storing.

None inherits from that of pyop: a method that a call does not need does not exist, so no call can reach `pyop.storage`
in an unforeseen way. Where pyop asks for a request it only looks members up: it gets a mapping, not a message of oic,
which would read again what was verified. `tests/house/test_tripwires.py` holds which method belongs to which call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyop.access_token import AccessToken

from idp.accounts.account import Account
from idp.accounts.grants import Grant
from idp.clients.registry import Client
from idp.protocol.claims.account_claims import id_token_names, named_claims
from idp.protocol.claims.claims_request import ClaimsRequest
from idp.protocol.client_auth.possession import Binding, is_announced_key, token_type
from idp.protocol.engine.grants import CodeRefused, GrantStore, IssuedCode, OpenedToken
from idp.protocol.rules.token_rules import CODE_OF_OTHER_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssue:
    """For `authorize`: the code of `grant`."""

    store: GrantStore
    grant: Grant
    #: What of the authorization request pyop has seen.
    request: Mapping[str, str]
    asked: ClaimsRequest
    #: pyop writes here which `sub` it was given, and never reads it.
    subject_identifiers: dict[str, Any] = field(default_factory=dict)

    def create_authorization_code(
        self,
        authorization_request: Mapping[str, Any],
        subject_identifier: str,
        scope: list[str] | None = None,
        user_info: Mapping[str, Any] | None = None,
        extra_id_token_claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Returns a new code. Raises SessionEnded."""
        return self.store.issue_code(
            IssuedCode(
                grant=self.grant,
                subject=subject_identifier,
                request=self.request,
                authentication=extra_id_token_claims or {},
                asked={"id_token": self.asked.id_token, "userinfo": self.asked.userinfo},
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """For `_do_code_exchange`, after the code was redeemed: whichever code pyop names, its getters read `code`."""

    client: Client
    code: IssuedCode
    store: GrantStore
    #: The keys that the caller proved to hold.
    binding: Binding
    account: Account
    #: The gate, passed once. Raises ClientError.
    admit: Callable[[], None]
    #: None for a client that has no refresh tokens.
    first_refresh_token: Callable[[IssuedCode], str | None]

    def get_authorization_request_for_code(self, authorization_code: str) -> Mapping[str, Any]:
        return self.code.request

    def get_subject_identifier_for_code(self, authorization_code: str) -> str:
        return self.code.subject

    def exchange_code_for_token(self, authorization_code: str) -> AccessToken:
        """Returns the access token; pyop has verified client, redirect_uri and PKCE.

        Raises CodeRefused, ClientError.
        """
        # RFC 9449 §10. Before the gate, which audits that this code was redeemed.
        if not is_announced_key(self.code.announced_key, self.binding):
            raise CodeRefused(CODE_OF_OTHER_KEY)
        # facts/security T33: the gate before the token. An account disabled since the code gets none.
        self.admit()
        asked = self.code.asked_for("userinfo")
        value, seconds = self.store.issue_access_token(
            self.client,
            self.code.grant,
            self.code.subject,
            self.code.scope,
            asked,
            acr=self.code.authentication["acr"],
            binding=self.binding,
        )
        return AccessToken(value, seconds, token_type(self.binding))

    def create_refresh_token(self, access_token_value: str) -> str | None:
        """Returns our own refresh token, or None: that of pyop is bound to no client (RFC 6749 §10.4)."""
        return self.first_refresh_token(self.code)

    def get_extra_id_token_claims_for_code(self, authorization_code: str) -> dict[str, Any]:
        """Returns the claims of the person, then those of the sign-in: a request cannot replace an `acr`."""
        names = id_token_names(self.client, self.code.scope, self.code.asked_for("id_token"))
        asked = named_claims(self.account, names)
        return {**asked, **self.code.authentication}

    def get_user_info_for_code(self, authorization_code: str) -> dict[str, Any]:
        """Returns nothing: in the code flow the claims of scopes are in userinfo only (Core §5.4)."""
        return {}


@dataclass(frozen=True, slots=True)
class TokenUse:
    """For `handle_userinfo_request`, with an access token that is opened already."""

    token: OpenedToken
    #: The claims that the endpoint releases; pyop filters them by scope once more.
    released: Mapping[str, Any]

    def introspect_access_token(self, access_token_value: str) -> dict[str, Any]:
        return {"active": True, "scope": self.token.scope, "sub": self.token.subject}

    def get_authorization_request_for_access_token(self, access_token_value: str) -> Mapping[str, Any]:
        """Returns an empty one: pyop would look for `claims` in it, and what they ask for is in `released` already."""
        return {}

    def get_user_info_for_access_token(self, access_token: str) -> Mapping[str, Any]:
        return self.released


State = CodeIssue | Redemption | TokenUse
