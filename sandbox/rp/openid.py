"""The OpenID Connect of one relying party, which checks every answer before it uses it.

Contains the authorization code flow with PKCE S256, state, nonce and `iss`; Authlib is the client. Not here: pages.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import requests
from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from sandbox.rp.id_token import CLOCK_SKEW, IdTokenRefused, verify_id_token
from sandbox.rp.logout_token import LogoutTokens
from sandbox.rp.parties import Party
from sandbox.rp.provider import TIMEOUT_SECONDS, IssuerUnreachable, Provider

Claims = Mapping[str, Any]


class Reason(StrEnum):
    """Why an answer of the provider was refused. Shown on the page, and stable for scripts."""

    STATE_MISMATCH = "state_mismatch"
    ISSUER_MISMATCH = "issuer_mismatch"
    MALFORMED_ANSWER = "malformed_answer"
    TOKEN_REFUSED = "token_refused"
    ID_TOKEN_REFUSED = "id_token_refused"
    SIGN_IN_TOO_OLD = "sign_in_too_old"
    USERINFO_REFUSED = "userinfo_refused"
    SUBJECT_MISMATCH = "subject_mismatch"


class AnswerRefused(Exception):
    """The provider's answer failed a check. `detail` says which, never what the answer contained."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ErrorReturned(Exception):
    """The provider answered, authentically, with an OAuth error."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Attempt:
    """One authorization request until its answer."""

    state: str
    nonce: str
    code_verifier: str
    started_at: datetime
    max_age: timedelta | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person as the provider described them, every check passed."""

    id_token: Claims
    userinfo: Claims
    id_token_raw: str
    access_token: str


class RelyingParty:
    """The protocol side of one party."""

    def __init__(self, party: Party, provider: Provider, now: Callable[[], datetime]) -> None:
        self.party = party
        self._provider = provider
        self._now = now
        alg = party.id_token_signed_response_alg
        self._logout_tokens = LogoutTokens(provider, party.client_id, alg)

    def begin(self, extra: Mapping[str, str]) -> tuple[str, Attempt]:
        """Returns where to send the browser, and what to remember. Raises IssuerUnreachable."""
        endpoint = self._provider.metadata()["authorization_endpoint"]
        max_age = extra.get("max_age", "")
        attempt = Attempt(
            state=generate_token(43),
            nonce=generate_token(43),
            code_verifier=generate_token(64),
            started_at=self._now(),
            max_age=timedelta(seconds=int(max_age)) if re.fullmatch(r"[0-9]{1,9}", max_age) else None,
        )
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoint,
                state=attempt.state,
                code_verifier=attempt.code_verifier,
                nonce=attempt.nonce,
                **extra,
            )
        return url, attempt

    def finish(self, answer: Mapping[str, str], attempt: Attempt | None) -> SignedIn:
        """Returns the person of the callback's parameters.

        `attempt`: the one that this browser started under the answer's `state`, or None.
        Raises AnswerRefused, ErrorReturned, IssuerUnreachable.
        """
        if attempt is None:
            raise AnswerRefused(Reason.STATE_MISMATCH)
        # RFC 9207 §2.4: `iss` is compared before anything else is used, in a success and in an error.
        if answer.get("iss") != self._provider.issuer:
            raise AnswerRefused(Reason.ISSUER_MISMATCH)
        if "error" in answer:
            raise ErrorReturned(answer["error"], answer.get("error_description", ""))
        if not answer.get("code"):
            raise AnswerRefused(Reason.MALFORMED_ANSWER)
        return self._redeem(answer["code"], attempt)

    def signed_out(self, logout_token: str) -> Claims:
        """Returns the person and session that a Logout Token ends. Raises LogoutTokenRefused, IssuerUnreachable."""
        return self._logout_tokens.verify(logout_token, self._now())

    @property
    def issuer(self) -> str:
        return self._provider.issuer

    def sign_out_url(self, signed_in: SignedIn, state: str) -> str | None:
        """Returns the URL of RP-Initiated Logout §2, None when the provider has none. Raises IssuerUnreachable."""
        endpoint = self._provider.metadata().get("end_session_endpoint")
        parameters = {
            "id_token_hint": signed_in.id_token_raw,
            "client_id": self.party.client_id,
            "post_logout_redirect_uri": self.party.post_logout_redirect_uri,
            "state": state,
        }
        return str(add_params_to_uri(endpoint, parameters.items())) if endpoint else None

    def _redeem(self, code: str, attempt: Attempt) -> SignedIn:
        metadata = self._provider.metadata()
        with self._client() as client:
            try:
                tokens = client.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=attempt.code_verifier,
                    allow_redirects=False,
                )
                id_token_raw, access_token = str(tokens["id_token"]), str(tokens["access_token"])
                id_token = self._verified(id_token_raw, access_token, attempt)
                userinfo = _userinfo(client, metadata["userinfo_endpoint"])
            except OAuthError as refused:
                raise AnswerRefused(Reason.TOKEN_REFUSED, str(refused.error)) from refused
            except requests.ConnectionError as silent:
                raise IssuerUnreachable("the token or userinfo endpoint does not answer") from silent
            except (requests.RequestException, KeyError, ValueError) as malformed:
                raise AnswerRefused(Reason.TOKEN_REFUSED, type(malformed).__name__) from malformed
        # OpenID Connect Core §5.3.2: without this equality the userinfo MUST NOT be used.
        if userinfo.get("sub") != id_token["sub"]:
            raise AnswerRefused(Reason.SUBJECT_MISMATCH)
        return SignedIn(id_token, userinfo, id_token_raw, access_token)

    def _verified(self, id_token_raw: str, access_token: str, attempt: Attempt) -> Claims:
        try:
            claims = verify_id_token(
                id_token_raw,
                provider=self._provider,
                client_id=self.party.client_id,
                alg=self.party.id_token_signed_response_alg,
                nonce=attempt.nonce,
                access_token=access_token,
                now=self._now(),
            )
        except IdTokenRefused as refused:
            raise AnswerRefused(Reason.ID_TOKEN_REFUSED, str(refused)) from refused
        # OpenID Connect Core §3.1.2.1: after max_age the claim is REQUIRED, and old enough is too old.
        if attempt.max_age is not None:
            oldest = attempt.started_at - attempt.max_age - CLOCK_SKEW
            if (claims.get("auth_time") or 0) < oldest.timestamp():
                raise AnswerRefused(Reason.SIGN_IN_TOO_OLD)
        return claims

    def _client(self) -> OAuth2Session:
        client = OAuth2Session(
            client_id=self.party.client_id,
            client_secret=self.party.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 the name of a method
            scope=self.party.scope,
            redirect_uri=self.party.redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
            leeway=0,  # the access token is used at once, however short its life
        )
        self._provider.direct(client)
        return client


def _userinfo(client: OAuth2Session, endpoint: str) -> Claims:
    answer = client.get(endpoint, allow_redirects=False)
    if answer.status_code != 200:
        raise AnswerRefused(Reason.USERINFO_REFUSED, f"HTTP {answer.status_code}")
    claims = answer.json()
    if not isinstance(claims, dict):
        raise AnswerRefused(Reason.USERINFO_REFUSED, "not a JSON object")
    return claims
