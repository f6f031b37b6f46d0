"""Contains pyop.Provider as orchestrator: it parses, and calls the steps in order. Not here: our part of each step.

docs/adr/0003 says what of pyop, oic and pyjwkest may never run, and `tests/house/test_tripwires.py` makes it raise.
"""

import functools
import hashlib
import hmac
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from pyop.exceptions import InvalidAuthenticationRequest
from pyop.message import AccessTokenRequest, AuthorizationRequest
from pyop.provider import Provider
from pyop.request_validator import requested_scope_is_supported
from pyop.userinfo import Userinfo

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.clients.scopes import CLAIMS_OF_SCOPE
from idp.core.octets import is_b64u
from idp.protocol.engine.grants import CodeRefused
from idp.protocol.engine.states import State
from idp.protocol.rules import token_rules as rules
from idp.signing.key_ring import b64u

# facts/security LG3: they log codes, tokens, Authorization headers and private keys at INFO and DEBUG.
for _name in ("pyop", "oic", "jwkest"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Even the warnings and errors of these repeat the request.
for _name in ("pyop.request_validator", "pyop.provider", "oic.utils", "oic.extension.provider"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


_SHA256_OCTETS = 32


class WriteIdToken(Protocol):
    """How the engine writes an ID Token."""

    def __call__(
        self, client: Client, subject: str, claims: Mapping[str, Any], *, access_token: str, nonce: str | None
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class _ClientView(Mapping[str, Mapping[str, Any]]):
    """The registry as pyop reads it: by client_id, with the names of registration metadata."""

    file: ClientFile

    def __getitem__(self, client_id: str) -> Mapping[str, Any]:
        client = self.file.registry()[client_id]
        return {"redirect_uris": client.answered_at, "response_types": ["code"]}

    def __iter__(self) -> Iterator[str]:
        return iter(self.file.registry())

    def __len__(self) -> int:
        return len(self.file.registry())


def message_of(parameters: Mapping[str, str]) -> AuthorizationRequest:
    """Returns the message that pyop makes of these parameters in a query, which was decoded before.

    Raises UnicodeEncodeError (half a surrogate pair is no text) and what the messages of oic raise.
    """
    "".join(parameters.values()).encode()
    return AuthorizationRequest(**parameters)


def _refuse(request: AuthorizationRequest, reason: str) -> NoReturn:
    raise InvalidAuthenticationRequest(reason, request, oauth_error="invalid_request")


def pkce_is_s256(request: AuthorizationRequest) -> None:
    """S256 only (RFC 7636 §4.2-4.4.1, RFC 9700 §2.1.1); the client's policy says whether it may be absent."""
    if not is_b64u(request.get("code_challenge"), _SHA256_OCTETS):
        _refuse(request, "code_challenge is required: SHA-256 in 43 base64url characters")
    if request.get("code_challenge_method") != "S256":
        _refuse(request, "code_challenge_method must be S256")


def announced_key_is_thumbprint(request: AuthorizationRequest) -> None:
    """RFC 9449 §10: another text names no key, and its code could never be redeemed."""
    if "dpop_jkt" in request and not is_b64u(request["dpop_jkt"], _SHA256_OCTETS):
        _refuse(request, "dpop_jkt must be SHA-256 in 43 base64url characters")


def max_age_is_natural(request: AuthorizationRequest) -> None:
    if request.get("max_age", 0) < 0:
        _refuse(request, "max_age must not be negative")


def _never(what: str) -> NoReturn:
    raise RuntimeError(f"{what} must not run (docs/adr/0003)")


class OpenIDProvider(Provider):  # type: ignore[misc]
    """One per process; `reading` makes the shallow copy that serves one call."""

    def __init__(self, issuer: str, clients: ClientFile, write_id_token: WriteIdToken) -> None:
        minimal = {
            # oic refuses an http issuer, even on loopback. Nothing that we send is taken from here.
            "issuer": issuer.replace("http://", "https://", 1),
            "authorization_endpoint": f"{issuer}/authorize",
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint": f"{issuer}/token",
            "scopes_supported": list(CLAIMS_OF_SCOPE),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }
        ours = ("professional", "psc", "professional_context")
        extra = {scope: list(CLAIMS_OF_SCOPE[scope]) for scope in ours}
        super().__init__(None, minimal, None, _ClientView(clients), Userinfo({}), extra_scopes=extra)
        # Our states give pyop what it needs, so it looks up no user.
        self.stateless = True
        self._client_file = clients
        self._write_id_token = write_id_token
        theirs: list[Any] = list(vars(self)["authentication_request_validators"])
        kept = [validator for validator in theirs if not _wraps(validator, requested_scope_is_supported)]
        own = [self._pkce_keeps_policy, announced_key_is_thumbprint, max_age_is_natural]
        self.authentication_request_validators = [*kept, *own]

    def verify(self, request: AuthorizationRequest) -> None:
        """Run pyop's validators and ours, as `parse_authentication_request` does once it has decoded a request.

        Raises InvalidAuthenticationRequest and whatever a validator may fail with.
        """
        for validator in self.authentication_request_validators:
            validator(request)

    def reading(self, state: State, user: Mapping[str, Mapping[str, Any]] | None = None) -> "OpenIDProvider":
        """Returns a copy that reads this state. `user`: for `authorize`, one account id and its `sub`."""
        # As `copy.copy` does, which looks for more ways to copy than a plain object has.
        provider = object.__new__(OpenIDProvider)
        provider.__dict__.update(self.__dict__, authz_state=state)
        if user is not None:
            provider.userinfo = Userinfo(user)
        return provider

    def exchange(self, token_request: Mapping[str, str]) -> Mapping[str, Any]:
        """Returns the token response. Raises CodeRefused, ClientError, SignerUnavailable.

        `token_request`: complete (RFC 6749 §4.1.3), or pyop raises.
        """
        return dict(self._do_code_exchange(token_request))

    def _pkce_keeps_policy(self, request: AuthorizationRequest) -> None:
        client = self._client_file.registry()[request["client_id"]]
        # facts/security AZ4: where PKCE may be absent, one of its parameters alone is no way around S256.
        if client.needs_pkce(request.get("nonce")) or {"code_challenge", "code_challenge_method"} & set(
            request
        ):
            pkce_is_s256(request)

    def _check_subject_identifier_matches_requested(
        self, authentication_request: Mapping[str, Any], sub: str
    ) -> None:
        """Nothing to compare: `claims` never reaches pyop, and `CodeIssuer.is_expected` has compared the `sub`."""
        if "claims" in authentication_request:
            _never("a request with claims")

    def _get_requested_claims_in(
        self, authentication_request: Mapping[str, Any], response_method: str
    ) -> dict[str, None]:
        """Returns for userinfo what the endpoint released; those of the ID Token are in its extra claims already."""
        return dict.fromkeys(self.authz_state.released) if response_method == "userinfo" else {}

    def _verify_code_exchange_req(
        self, token_request: AccessTokenRequest, authentication_request: Mapping[str, Any]
    ) -> None:
        """RFC 6749 §4.1.3: same client and redirect_uri as at /authorize, then PKCE. Raises CodeRefused for each."""
        for name, rule in rules.ISSUED_TO.items():
            if not hmac.compare_digest(token_request[name].encode(), authentication_request[name].encode()):
                raise CodeRefused(rule)
        if not self._PKCE_verify(token_request, authentication_request):
            asked_for, shown = "code_challenge" in authentication_request, "code_verifier" in token_request
            raise CodeRefused(rules.VERIFIER_OF[asked_for, shown])

    def _PKCE_verify(
        self, token_request: AccessTokenRequest, authentication_request: Mapping[str, Any]
    ) -> bool:
        """Whether the verifier fits (RFC 7636 §4.6).

        One without a challenge is refused (RFC 9700 §4.8), and the reverse. So is a code without a challenge of a
        client that must use PKCE by now.
        """
        if "code_challenge" not in authentication_request:
            client: Client = self.authz_state.client
            is_needed = client.needs_pkce(authentication_request.get("nonce"))
            return "code_verifier" not in token_request and not is_needed
        verifier, challenge = token_request.get("code_verifier", ""), authentication_request["code_challenge"]
        if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
            return False
        return hmac.compare_digest(b64u(hashlib.sha256(verifier.encode()).digest()), challenge)

    def _create_signed_id_token(
        self,
        client_id: str,
        sub: str,
        user_claims: Mapping[str, Any] | None = None,
        nonce: str | None = None,
        authorization_code: str | None = None,
        access_token_value: str | None = None,
        extra_id_token_claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Returns an ID Token of ours. Raises SignerUnavailable, KeyMissing, ClientError."""
        if access_token_value is None:
            _never("an ID Token without an access token")
        claims = {**(user_claims or {}), **(extra_id_token_claims or {})}
        # pyop names the client of the code, which is that of the call.
        return self._write_id_token(
            self.authz_state.client, sub, claims, access_token=access_token_value, nonce=nonce
        )

    # Replaced by our own parts, which are not called from here.

    @property
    def provider_configuration(self) -> NoReturn:
        """Ours is `published.discovery`."""
        _never("pyop's discovery document")

    @property
    def jwks(self) -> NoReturn:
        """Ours is `Keys.jwks`."""
        _never("pyop's key set")

    def _verify_client_authentication(
        self, request_body: str, http_headers: Mapping[str, str] | None = None
    ) -> NoReturn:
        """Ours is `client_authentication.authenticate`, called before the engine."""
        _never("pyop's client authentication")

    def _do_token_refresh(self, request: Mapping[str, str]) -> NoReturn:
        """Ours is `tokens.refresh`."""
        _never("pyop's refresh")


def _wraps(validator: Any, function: Any) -> bool:
    return isinstance(validator, functools.partial) and validator.func is function
