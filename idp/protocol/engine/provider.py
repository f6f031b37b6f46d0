"""pyop.Provider as orchestrator: it parses and orders the steps; storing, signing, PKCE and clients are ours.

docs/adr/0003 tells what of pyop, oic and pyjwkest may never run, and `tests/house/test_tripwires.py` makes it raise.
"""

import copy
import functools
import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyop.exceptions import InvalidAuthenticationRequest, InvalidAuthorizationCode, InvalidTokenRequest
from pyop.message import AccessTokenRequest, AuthorizationRequest
from pyop.provider import Provider
from pyop.request_validator import requested_scope_is_supported
from pyop.userinfo import Userinfo

from idp.clients.key_sets import ClientKeys
from idp.clients.registry import Client, ClientFile
from idp.clients.scopes import CLAIMS_OF_SCOPE
from idp.core.clock import Clock
from idp.protocol.engine.grants import GrantState
from idp.protocol.jose.encryption import encrypted, recipient_of
from idp.protocol.jose.id_token_hint import Hint, read_hint
from idp.settings import Settings
from idp.signing.key_ring import Keys, b64u

# They write codes, tokens, Authorization headers and private keys at INFO and DEBUG.
for _name in ("pyop", "oic", "jwkest"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Even their warnings and errors repeat the request.
for _name in ("pyop.request_validator", "pyop.provider", "oic.utils", "oic.extension.provider"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class _ClientView(Mapping[str, Mapping[str, Any]]):
    """The registry as pyop reads it: by client_id, in registration-metadata terms."""

    file: ClientFile

    def __getitem__(self, client_id: str) -> Mapping[str, Any]:
        client = self.file.registry()[client_id]
        return {
            "redirect_uris": list(client.redirect_uris),
            "response_types": ["code"],
            "id_token_signed_response_alg": client.id_token_signed_response_alg,
            "subject_type": "public",
        }

    def __iter__(self) -> Any:
        return iter(self.file.registry())

    def __len__(self) -> int:
        return len(self.file.registry())


def _refuse(request: AuthorizationRequest, description: str, error: str = "invalid_request") -> None:
    raise InvalidAuthenticationRequest(description, request, oauth_error=error)


def pkce_is_s256(request: AuthorizationRequest) -> None:
    """RFC 7636 §4.2-4.4.1, RFC 9700 §2.1.1: S256 only. Whether it may be absent is the client's policy."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", request.get("code_challenge", "")):
        _refuse(request, "code_challenge is required: 43 base64url characters")
    if request.get("code_challenge_method") != "S256":
        _refuse(request, "code_challenge_method must be S256")


def max_age_is_natural(request: AuthorizationRequest) -> None:
    if request.get("max_age", 0) < 0:
        _refuse(request, "max_age must not be negative")


class OpenIDProvider(Provider):  # type: ignore[misc]
    """One per process; `for_request` gives the shallow copy that serves one request."""

    def __init__(
        self, settings: Settings, clients: ClientFile, keys: Keys, client_keys: ClientKeys, clock: Clock
    ) -> None:
        minimal = {
            # oic refuses an http issuer, even on loopback; ours is set below, and only we print it.
            "issuer": settings.issuer.replace("http://", "https://", 1),
            "authorization_endpoint": f"{settings.issuer}/authorize",
            "jwks_uri": f"{settings.issuer}/jwks",
            "token_endpoint": f"{settings.issuer}/token",
            "scopes_supported": list(CLAIMS_OF_SCOPE),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }
        ours = ("professional", "psc", "professional_context")
        super().__init__(
            None,
            minimal,
            None,
            _ClientView(clients),
            Userinfo({}),
            id_token_lifetime=int(settings.id_token_life.total_seconds()),
            extra_scopes={scope: list(CLAIMS_OF_SCOPE[scope]) for scope in ours},
        )
        self.configuration_information["issuer"] = settings.issuer
        self._keys = keys
        self._client_keys = client_keys
        self._clock = clock
        theirs: list[Any] = list(vars(self)["authentication_request_validators"])
        kept = [validator for validator in theirs if not _wraps(validator, requested_scope_is_supported)]
        own = [self._pkce_keeps_policy, max_age_is_natural]
        self.authentication_request_validators = [*kept, *own]

    def _pkce_keeps_policy(self, request: AuthorizationRequest) -> None:
        client: Client = self.clients.file.registry()[request["client_id"]]
        if client.pkce == "required" or {"code_challenge", "code_challenge_method"} & set(request):
            pkce_is_s256(request)

    def for_request(self, state: GrantState, user: Mapping[str, Mapping[str, Any]]) -> "OpenIDProvider":
        """`user`: one account id → the claims pyop may see (its `sub` at least)."""
        provider = copy.copy(self)
        provider.authz_state = state
        provider.stateless = True
        provider.userinfo = Userinfo(user)
        return provider

    @property
    def provider_configuration(self) -> Mapping[str, Any]:
        return dict(self.configuration_information)

    @property
    def jwks(self) -> dict[str, Any]:
        return dict(self._keys.jwks())

    def _check_subject_identifier_matches_requested(
        self, authentication_request: AuthorizationRequest, sub: str
    ) -> None:
        """The `claims` parameter never reaches pyop, so there is nothing to compare; see `authorize.start`."""
        if "claims" in authentication_request:
            raise InvalidTokenRequest("claims reached the engine", authentication_request)

    def _get_requested_claims_in(
        self, authentication_request: AuthorizationRequest, response_method: str
    ) -> dict[str, None]:
        """For userinfo, what the endpoint released; the ID Token's are in its extra claims already."""
        return dict.fromkeys(self.authz_state.released) if response_method == "userinfo" else {}

    def read_hint(self, token: str) -> Hint:
        """An ID Token of ours handed back. Raises BadHint."""
        return read_hint(token, keys=self._keys, issuer=self.configuration_information["issuer"])

    def _verify_client_authentication(
        self, request_body: str, http_headers: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """Ours is `client_authentication.authenticate`, called before the engine."""
        raise RuntimeError("pyop's client authentication must not run")

    def _do_token_refresh(self, request: Mapping[str, str]) -> Any:
        raise RuntimeError("pyop's refresh must not run")

    def _verify_code_exchange_req(
        self, token_request: AccessTokenRequest, authentication_request: AuthorizationRequest
    ) -> None:
        """RFC 6749 §4.1.3: same client, same redirect_uri as at /authorize; then PKCE. One error for all."""
        is_same = all(
            hmac.compare_digest(token_request[name].encode(), authentication_request[name].encode())
            for name in ("client_id", "redirect_uri")
        )
        if not is_same or not self._PKCE_verify(token_request, authentication_request):
            raise InvalidAuthorizationCode("the code was not issued to this request")

    def _PKCE_verify(
        self, token_request: AccessTokenRequest, authentication_request: AuthorizationRequest
    ) -> bool:
        """RFC 7636 §4.6, S256. A verifier without a stored challenge is refused (RFC 9700 §4.8), and the reverse."""
        if "code_challenge" not in authentication_request:
            return "code_verifier" not in token_request
        verifier, challenge = token_request.get("code_verifier", ""), authentication_request["code_challenge"]
        if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
            return False
        return hmac.compare_digest(b64u(hashlib.sha256(verifier.encode()).digest()), challenge)

    def require_signer(self, client: Client, response_mode: str = "query") -> None:
        """Before anything is used up. Raises SignerUnavailable: the ID Token, or the answer, could not be signed."""
        self._keys.require(client.id_token_signed_response_alg)
        if response_mode.endswith("jwt"):
            self._keys.require(client.authorization_signed_response_alg)

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
        """OpenID Connect Core §2, signed by our key ring, encrypted where the client registered for it.

        Raises SignerUnavailable, KeyMissing, ClientError.
        """
        client: Client = self.clients.file.registry()[client_id]
        now = int(self._clock.now().timestamp())
        own_life = client.id_token_life
        life = self.id_token_lifetime if own_life is None else int(own_life.total_seconds())
        claims: dict[str, Any] = {
            **(user_claims or {}),
            **(extra_id_token_claims or {}),
            "iss": self.configuration_information["issuer"],
            "sub": sub,
            "aud": client_id,
            "iat": now,
            "exp": now + life,
        }
        if nonce:
            claims["nonce"] = nonce
        if access_token_value:
            # Core §3.1.3.6: left half of the hash named by the ID Token's alg, SHA-256 for RS256 and ES256.
            digest = hashlib.sha256(access_token_value.encode()).digest()
            claims["at_hash"] = b64u(digest[: len(digest) // 2])
        signed = self._keys.sign_jwt(claims, alg=client.id_token_signed_response_alg)
        return encrypted(signed, client, self._client_keys)

    def require_recipient(self, client: Client) -> None:
        """Before a code or a token is used up. Raises ClientError: its ID Token could not be encrypted."""
        recipient_of(client, self._client_keys)

    def signed_userinfo(self, client_id: str, claims: Mapping[str, Any]) -> str | None:
        """Core §5.3.2: claims as a JWT with `iss` and `aud`; None for a client that gets plain JSON."""
        client = self.clients.file.get(client_id)
        if client is None or client.userinfo_signed_response_alg is None:
            return None
        named = {**claims, "iss": self.configuration_information["issuer"], "aud": client_id}
        return self._keys.sign_jwt(named, alg=client.userinfo_signed_response_alg)


def _wraps(validator: Any, function: Any) -> bool:
    return isinstance(validator, functools.partial) and validator.func is function
