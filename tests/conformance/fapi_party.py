"""A client of the suite's FAPI 2.0 plans, with what its configuration gives it and nothing else.

Contains its side of PAR, JAR, JARM, DPoP, private_key_jwt and mutual TLS. Not here: a rule of the provider.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from jwt.algorithms import RSAAlgorithm

from tests.conformance.receiver import Arrival
from tests.conformance.suite_configuration import SuiteConfiguration
from tests.conformance.tokens import read_token
from tests.protocol.proofs import DpopKey, ath

Json = dict[str, Any]
_LIFE_SECONDS = 60
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class FapiParty:
    """`place`: where its certificate goes, as a library of TLS wants files."""

    configuration: SuiteConfiguration
    place: Path
    role: str = "client"
    dpop: DpopKey = field(default_factory=DpopKey)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def __post_init__(self) -> None:
        content, plan = self.configuration.content, self.configuration.told["plan"]
        self.client, self.resource = content[self.role], content["resource"]["resourceUrl"]
        self.key = self.client["jwks"]["keys"][0]
        self.metadata = self.configuration.suite.metadata()
        self.variant = dict(choice.split("=") for choice in plan.replace("]", "").split("[")[1:])
        self.certificate = self._certificate(content.get(self.role.replace("client", "mtls")))

    def _certificate(self, mtls: dict[str, str] | None) -> tuple[str, str] | None:
        if mtls is None:
            return None
        certificate, key = self.place / f"{self.role}.crt", self.place / f"{self.role}.key"
        certificate.write_text(mtls["cert"])
        key.write_text(mtls["key"])
        return str(certificate), str(key)

    @property
    def issuer(self) -> str:
        return str(self.metadata["issuer"])

    @property
    def redirect_uri(self) -> str:
        query = "?dummy1=lorem&dummy2=ipsum" if self.role == "client2" else ""
        return f"{self.configuration.suite.address}/callback{query}"

    def endpoint(self, name: str) -> str:
        """RFC 8705 §5: the alias where a certificate may be asked for."""
        aliases = self.metadata["mtls_endpoint_aliases"] if self.certificate else {}
        return str(aliases.get(name, self.metadata[name]))

    # The authorization request.

    def push(self, **changes: str) -> str:
        """Returns the `request_uri`. A certificate is shown only by a client that is known by it."""
        asked = {**self._request(), **changes}
        if self.variant.get("fapi_request_method") == "signed_non_repudiation":
            now = int(time.time())
            claims = {
                "iss": self.client["client_id"],
                "aud": self.issuer,
                "nbf": now,
                "exp": now + _LIFE_SECONDS,
            }
            asked = {"client_id": self.client["client_id"], "request": self._signed({**asked, **claims})}
        certificate = self.certificate if self.variant["client_auth_type"] == "mtls" else None
        url = self.endpoint("pushed_authorization_request_endpoint")
        answer = self._post(url, asked, certificate)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def _request(self) -> dict[str, str]:
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "client_id": self.client["client_id"],
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.client["scope"],
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"response_mode": "jwt"} if self.variant.get("fapi_response_mode") == "jarm" else {}),
        }

    def address(self, request_uri: str) -> str:
        asked = {"client_id": self.client["client_id"], "request_uri": request_uri}
        return f"{self.metadata['authorization_endpoint']}?{urlencode(asked, safe=':')}"

    def unpushed(self) -> str:
        return f"{self.metadata['authorization_endpoint']}?{urlencode(self._request(), safe=':/')}"

    def read(self, arrival: Arrival) -> dict[str, str]:
        """Returns the answer's parameters, out of its JWT where the client asked for one."""
        found = dict(arrival.query)
        if "response_mode" in self._request():
            assert found.keys() - {"dummy1", "dummy2"} == {"response"}
            found = read_token(found["response"], self._keys(), "ES256").claims
            assert found["aud"] == self.client["client_id"]
        assert (found["iss"], found["state"]) == (self.issuer, self.state)
        return found

    # The tokens.

    def redeem(self, code: str) -> Json:
        answer = self._post(self.endpoint("token_endpoint"), self._redemption(code), self.certificate)
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
            proof = self._proof(self.endpoint("token_endpoint"), nonce=answer.headers["DPoP-Nonce"])
            answer = self._post(self.endpoint("token_endpoint"), self._redemption(code), None, DPoP=proof)
        assert answer.status_code == 200, answer.text
        tokens: Json = answer.json()
        claims = read_token(tokens["id_token"], self._keys(), "ES256").claims
        assert (claims["aud"], claims["nonce"]) == (self.client["client_id"], self.nonce)
        return {**tokens, "sub": claims["sub"]}

    def _redemption(self, code: str) -> dict[str, str]:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }

    def userinfo(self, tokens: Json, *, proves: bool = True) -> requests.Response:
        """`proves`: shows the key or the certificate that the token is bound to."""
        suite, token = self.configuration.suite, tokens["access_token"]
        if self.certificate:
            headers = {"Authorization": f"Bearer {token}"}
            return suite.call(
                "GET", self.resource, headers=headers, cert=self.certificate if proves else None
            )
        bare = {"Authorization": f"DPoP {token}"}
        if not proves:
            return suite.call("GET", self.resource, headers=bare)
        nonce = None
        for _ in range(2):
            proof = self._proof(self.resource, htm="GET", ath=ath(token), nonce=nonce)
            answer = suite.call("GET", self.resource, headers={**bare, "DPoP": proof})
            nonce = answer.headers.get("DPoP-Nonce")
            if answer.status_code != 401:
                break
        return answer

    def _post(
        self, url: str, form: dict[str, str], certificate: tuple[str, str] | None, **headers: str
    ) -> requests.Response:
        sent = {**form, **self._authentication()}
        if (
            self.variant["sender_constrain"] == "dpop"
            and url == self.endpoint("token_endpoint")
            and not headers
        ):
            headers = {"DPoP": self._proof(url)}
        return self.configuration.suite.call("POST", url, data=sent, cert=certificate, headers=headers)

    def _authentication(self) -> dict[str, str]:
        client_id = self.client["client_id"]
        if self.variant["client_auth_type"] == "mtls":
            return {"client_id": client_id}
        now = int(time.time())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + _LIFE_SECONDS,
        }
        signed = self._signed({**claims, "jti": secrets.token_urlsafe(16)})
        return {"client_assertion_type": _ASSERTION, "client_assertion": signed}

    def _signed(self, claims: Json) -> str:
        key = RSAAlgorithm.from_jwk(json.dumps(self.key))
        return jwt.encode(claims, key, algorithm=self.key["alg"], headers={"kid": self.key["kid"]})  # type: ignore[arg-type]

    def _proof(self, url: str, **more: Any) -> str:
        return self.dpop.proof(**{"htu": url, **more})

    def _keys(self) -> Json:
        return dict(self.configuration.suite.call("GET", self.metadata["jwks_uri"]).json())
