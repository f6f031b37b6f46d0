"""The clients of the suite's FAPI 2.0 plans: two of each kind, as the suite signs in with both.

Contains their entries of clients.yaml and their part of the suite's configuration. Not here: their keys (`fapi_keys`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.fapi_keys import SIGNING_ALG, FapiKeys

_SCOPES = ("openid", "profile", "email")
#: By the members of clients.yaml.
_BY_KEY = {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": SIGNING_ALG}
_DPOP = {"dpop_bound_access_tokens": "true"}
_BY_CERTIFICATE = {"tls_client_certificate_bound_access_tokens": "true"}


@dataclass(frozen=True, slots=True)
class FapiKind:
    """How the two clients prove themselves and bind their tokens. `members`: those of clients.yaml that say it."""

    name: str
    members: Mapping[str, str]

    @property
    def has_certificate(self) -> bool:
        """Whether they call the origin that asks for TLS certificates."""
        return "tls_client_certificate_bound_access_tokens" in self.members

    def client_id(self, role: str) -> str:
        return f"conformance-fapi2-{self.name}-{role}"

    def entry(self, role: str, keys: FapiKeys, suite: str, redirect_uris: Sequence[str]) -> str:
        """Returns the client's entry for `clients:`."""
        members = {
            "client_name": f"Conformance suite (FAPI 2.0 {self.name}, {role})",
            "client_uri": suite,
            "profile": "fapi2",
            "redirect_uris": json.dumps(list(redirect_uris)),
            "scopes": f"[{', '.join(_SCOPES)}]",
            "grant_types": "[authorization_code, refresh_token]",
            "require_pushed_authorization_requests": "true",
            "id_token_signed_response_alg": "ES256",
            "authorization_signed_response_alg": "ES256",
            **self.members,
            **self._proved_by(keys),
        }
        lines = "".join(f"    {name}: {value}\n" for name, value in members.items())
        return f"  - client_id: {self.client_id(role)}\n{lines}"

    def _proved_by(self, keys: FapiKeys) -> dict[str, str]:
        if self.members["token_endpoint_auth_method"] == "tls_client_auth":
            return {"tls_client_auth_subject_dn": json.dumps(keys.subject)}
        return {"jwks": json.dumps(keys.public_jwks)}

    def configuration(self, role: str, keys: FapiKeys) -> dict[str, Any]:
        """Returns the client as the suite's configuration has it. Without a key set the suite does not begin."""
        scope = " ".join(_SCOPES)
        return {"client_id": self.client_id(role), "scope": scope, "jwks": {"keys": [dict(keys.jwk)]}}


DPOP = FapiKind("dpop", {**_BY_KEY, **_DPOP})
MTLS_BOUND = FapiKind("mtls-bound", {**_BY_KEY, **_BY_CERTIFICATE})
MTLS = FapiKind("mtls", {"token_endpoint_auth_method": "tls_client_auth", **_BY_CERTIFICATE})
MESSAGE_SIGNING = FapiKind(
    "message-signing",
    {
        **_BY_KEY,
        **_DPOP,
        "request_object_signing_alg": SIGNING_ALG,
        "require_signed_request_object": "true",
    },
)
KINDS = (DPOP, MTLS_BOUND, MTLS, MESSAGE_SIGNING)
