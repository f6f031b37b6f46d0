"""The test itself as relying party: what it asks, what it redeems, what it believes (PyJWT checks).

Contains the protocol side of a client. Not here: pages.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
import requests

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration
from tests.limits import within

SCOPES = "openid profile email professional"
_TIMEOUT = within(20)


@dataclass
class OwnParty:
    """One authorization request at a time. `alg` is what clients.yaml says of this client."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    alg: str = "RS256"
    state: str = ""
    nonce: str = ""
    verifier: str = field(default="", repr=False)

    @classmethod
    def of(cls, demo: Demonstration, client_id: str = "viatrajectoire") -> "OwnParty":
        known = demo.client(client_id)
        alg = {"viatrajectoire": "RS256", "grand-age": "ES256"}[client_id]
        return cls(demo.issuer, client_id, known["client_secret"], known["redirect_uri"], alg)

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """An ordinary request with a new state, nonce and verifier; a change to None leaves one out."""
        self.state, self.nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        ordinary = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}

    def ask(self, browser: Browser, **changes: str | None) -> Page:
        """Send the browser to /authorize; it stops at our redirect_uri."""
        browser.stop_at = (self.redirect_uri,)
        return browser.get(f"{self.issuer}/authorize?{urlencode(self.parameters(**changes))}")

    def answer(self, page: Page) -> dict[str, str]:
        """What the browser brought back, ours (`state`, RFC 9207 `iss`)."""
        assert page.url.startswith(self.redirect_uri), f"{page.status} {page.title} {page.url}"
        assert (page.query["state"], page.query["iss"]) == (self.state, self.issuer)
        return page.query

    def redeem(self, code: str, **changes: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **changes,
        }
        return requests.post(
            f"{self.issuer}/token", form, auth=(self.client_id, self.client_secret), timeout=_TIMEOUT
        )

    def tokens(self, page: Page) -> dict[str, Any]:
        answer = self.redeem(self.answer(page)["code"])
        assert answer.status_code == 200, answer.text
        received: dict[str, Any] = answer.json()
        return received

    def userinfo(self, access_token: str) -> requests.Response:
        header = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.issuer}/userinfo", headers=header, timeout=_TIMEOUT)

    def verified(self, id_token: str) -> dict[str, Any]:
        """The claims, after PyJWT checked signature, alg, issuer, audience and life; the nonce is ours."""
        keys = jwt.PyJWKSet.from_dict(requests.get(f"{self.issuer}/jwks", timeout=_TIMEOUT).json())
        key = keys[jwt.get_unverified_header(id_token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key=key,
            algorithms=[self.alg],
            audience=self.client_id,
            issuer=self.issuer,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "nonce", "sid", "at_hash"]
            },
        )
        assert claims["nonce"] == self.nonce
        return claims
