"""The provider under measurement, as data.

Contains what a relying party knows of it, and the requests that are always the same. Not here: a browser, a flow.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

_JSON = b"Accept: application/json\r\n"
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Written as JSON by the program that started the provider."""

    discovery_url: str
    client_id: str
    client_secret: str
    redirect_uri: str
    #: Name typed and password of each person.
    users: Sequence[Sequence[str]]
    #: PEM files of their cards, in the same order; none when the provider has no card host.
    cards: Sequence[Mapping[str, str]] = ()
    card_authority: str = ""
    #: How many of them each worker of the driver is, one after the other.
    persons_each: int = 2
    user_field: str = "username"
    password_field: str = "password"
    #: What is filled in on a page without password: the mail code, a consent.
    other_fields: Mapping[str, str] = field(default_factory=dict)
    scope: str = "openid profile email"
    refresh_scope: str = "openid profile email offline_access"
    refresh_parameters: Mapping[str, str] = field(default_factory=lambda: {"prompt": "consent"})

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.discovery_url)
        return parts.hostname or "", parts.port or 80

    @property
    def origin(self) -> str:
        parts = urlsplit(self.discovery_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host_line(self) -> bytes:
        return f"Host: {urlsplit(self.discovery_url).netloc}\r\n".encode()

    def get(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\n".encode() + self.host_line + _JSON + b"\r\n"


class Endpoints:
    """Where the metadata say that the endpoints are, and the requests to them made ready."""

    def __init__(self, target: Target, metadata: Mapping[str, Any]) -> None:
        self.issuer = metadata["issuer"]
        self.discovery = target.get(_path(target.discovery_url))
        self.key_set = target.get(_path(metadata["jwks_uri"]))
        self._authorize = _path(metadata["authorization_endpoint"])
        basic = f"{quote(target.client_id, safe='')}:{quote(target.client_secret, safe='')}".encode()
        authorization = b"Authorization: Basic " + base64.b64encode(basic) + b"\r\n"
        token = f"POST {_path(metadata['token_endpoint'])} HTTP/1.1\r\n".encode()
        self._token = token + target.host_line + authorization + _JSON + _FORM + b"Content-Length: "
        userinfo = f"GET {_path(metadata['userinfo_endpoint'])} HTTP/1.1\r\n".encode()
        self._userinfo = userinfo + target.host_line + _JSON + b"Authorization: Bearer "
        self._redirect_uri = quote(target.redirect_uri, safe="")
        self._fixed = {
            "response_type": "code",
            "client_id": target.client_id,
            "redirect_uri": target.redirect_uri,
            "code_challenge_method": "S256",
        }

    def authorize(self, scope: str, parameters: Mapping[str, str]) -> str:
        """Returns an authorization request without its state, nonce and challenge."""
        return f"{self._authorize}?{urlencode({**self._fixed, 'scope': scope, **parameters})}"

    def token(self, form: str) -> bytes:
        body = form.encode()
        return self._token + f"{len(body)}\r\n\r\n".encode() + body

    def exchange(self, code: str, verifier: str) -> bytes:
        """`code`: percent-encoded, as it came."""
        return self.token(
            f"grant_type=authorization_code&redirect_uri={self._redirect_uri}&code={code}&code_verifier={verifier}"
        )

    def userinfo(self, access_token: str) -> bytes:
        return self._userinfo + access_token.encode() + b"\r\n\r\n"


PASSWORD_INPUT = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
