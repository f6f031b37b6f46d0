"""Contains what pyop asks of its AuthorizationState, one small object for each of its three calls. Not here: storing.

None inherits from pyop's: a method that a call is not known to need does not exist, and nothing of `pyop.storage` can
be reached by a way nobody thought of. Which method belongs to which call is held by `tests/house/test_tripwires.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyop.access_token import AccessToken
from pyop.message import AuthorizationRequest

from idp.accounts.account import Account
from idp.accounts.grants import Grant
from idp.protocol.claims.account_claims import named_claims
from idp.protocol.claims.claims_request import ClaimsRequest
from idp.protocol.client_auth.possession import Binding, is_announced_key, token_type
from idp.protocol.engine.grants import CodeRefused, GrantStore, IssuedCode, OpenedToken


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssue:
    """For `authorize`: the code of `grant`."""

    store: GrantStore
    grant: Grant
    asked: ClaimsRequest
    #: pyop notes here which `sub` it was given, and reads it nowhere.
    subject_identifiers: dict[str, Any] = field(default_factory=dict)

    def create_authorization_code(
        self,
        authorization_request: AuthorizationRequest,
        subject_identifier: str,
        scope: list[str] | None = None,
        user_info: Mapping[str, Any] | None = None,
        extra_id_token_claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Raises SessionEnded."""
        return self.store.issue_code(
            IssuedCode(
                grant=self.grant,
                subject=subject_identifier,
                request=authorization_request.to_dict(),
                authentication=extra_id_token_claims or {},
                asked={"id_token": self.asked.id_token, "userinfo": self.asked.userinfo},
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """For `_do_code_exchange`, of a code that is redeemed already: pyop's getters read `code` whatever they name."""

    code: IssuedCode
    store: GrantStore
    #: What the sender of this request proved to hold.
    binding: Binding
    #: The gate, which asks the account row once however often it is called. Raises ClientError.
    admit: Callable[[], Account]
    #: None for a client that has no refresh tokens.
    first_refresh_token: Callable[[IssuedCode], str | None]

    def get_authorization_request_for_code(self, authorization_code: str) -> AuthorizationRequest:
        return AuthorizationRequest().from_dict(self.code.request)

    def get_subject_identifier_for_code(self, authorization_code: str) -> str:
        return self.code.subject

    def exchange_code_for_token(self, authorization_code: str) -> AccessToken:
        """Raises CodeRefused, ClientError. pyop comes here after it verified client, redirect_uri and PKCE."""
        # RFC 9449 §10: before the gate, whose audit row says that this code was redeemed.
        if not is_announced_key(self.code.announced_key, self.binding):
            raise CodeRefused("asked for with another key")
        # The gate before the token: an account disabled since the code gets none, not even one revoked at once.
        self.admit()
        asked = self.code.asked_for("userinfo")
        value, seconds = self.store.issue_access_token(
            self.code.grant, self.code.subject, self.code.scope, asked, binding=self.binding
        )
        return AccessToken(value, seconds, token_type(self.binding))

    def create_refresh_token(self, access_token_value: str) -> str | None:
        """Ours: pyop's would be bound to no client (RFC 6749 §10.4)."""
        return self.first_refresh_token(self.code)

    def get_extra_id_token_claims_for_code(self, authorization_code: str) -> dict[str, Any]:
        """Single claims asked for, under those of the sign-in: nobody asks an `acr` away."""
        asked = named_claims(self.admit(), self.code.asked_for("id_token"))
        return {**asked, **self.code.authentication}

    def get_user_info_for_code(self, authorization_code: str) -> dict[str, Any]:
        """Nothing: in the code flow the scopes' claims are for userinfo only (Core §5.4)."""
        return {}


@dataclass(frozen=True, slots=True)
class TokenUse:
    """For `handle_userinfo_request`, with an access token that is opened already."""

    token: OpenedToken
    #: The claims that the endpoint releases; pyop filters them by scope once more.
    released: Mapping[str, Any]

    def introspect_access_token(self, access_token_value: str) -> dict[str, Any]:
        return {"active": True, "scope": self.token.scope, "sub": self.token.subject}

    def get_authorization_request_for_access_token(self, access_token_value: str) -> AuthorizationRequest:
        """Empty: pyop would look for `claims` in it, and what they ask for is in `released` already."""
        return AuthorizationRequest()

    def get_user_info_for_access_token(self, access_token: str) -> Mapping[str, Any]:
        return self.released


State = CodeIssue | Redemption | TokenUse
