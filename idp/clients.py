"""clients.yaml → ClientRegistry, checked as a compiler would: file, line, column, what was expected."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from idp.interaction.record import Acr
from idp.located_yaml import At, BadYaml, compose
from idp.settings import LOOPBACK_HOSTS, secret_variable
from idp.signing.signer import Alg

SCOPES = ("openid", "profile", "email", "address", "phone", "professional")
AUTHENTICATORS = ("psc", "cps", "password")
GRANT_TYPES = ("authorization_code", "refresh_token")
AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
ACR_BY_NAME = {"pwd-otp": Acr.PWD_OTP, "cps": Acr.CPS, "psc": Acr.PSC}


@dataclass(frozen=True, slots=True)
class Client:
    """One relying party. `secret_sha256` is None for a public client."""

    client_id: str
    name: str
    home: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    secret_sha256: bytes | None
    token_endpoint_auth_method: str
    id_token_signed_response_alg: Alg
    grant_types: tuple[str, ...]
    #: Host that stands for all clients of one controller; None: public `sub`.
    sector_identifier: str | None
    minimum_acr: Acr
    authenticators: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    def is_secret(self, candidate: str) -> bool:
        """Constant-time comparison against the stored SHA-256; False for a public client."""
        digest = hashlib.sha256(candidate.encode()).digest()
        return self.secret_sha256 is not None and hmac.compare_digest(digest, self.secret_sha256)


ClientRegistry = Mapping[str, Client]


def _one_of(choices: Any) -> Callable[[At], str]:
    def read(at: At) -> str:
        if at.text() not in choices:
            raise at.fail(f"expected one of: {', '.join(choices)}")
        return at.text()

    return read


def _some_of(choices: Any) -> Callable[[At], tuple[str, ...]]:
    def read(at: At) -> tuple[str, ...]:
        chosen = _many_of(choices)(at)
        if not chosen:
            raise at.fail(f"expected at least one of: {', '.join(choices)}")
        return chosen

    return read


def _many_of(choices: Any) -> Callable[[At], tuple[str, ...]]:
    def read(at: At) -> tuple[str, ...]:
        return tuple(_one_of(choices)(item) for item in at.items())

    return read


def _uri(at: At) -> str:
    """https, or http on loopback (RFC 9700 §2.6); no fragment (RFC 6749 §3.1.2), no wildcard, no user."""
    try:
        parts = urlsplit(at.text())
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError as error:
        raise at.fail("expected an https URI (http only on loopback)") from error
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    if not is_allowed or not parts.hostname or parts.username is not None:
        raise at.fail("expected an https URI (http only on loopback)")
    if "#" in at.text() or "*" in at.text() or re.search(r"[^!-~]", at.text()):
        raise at.fail("expected an exact URI: no fragment, no wildcard, no space")
    return at.text()


def _uris(at: At) -> tuple[str, ...]:
    return tuple(_uri(item) for item in at.items())


def _client_id(at: At) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,80}", at.text()):
        raise at.fail("expected 3 to 80 letters, digits, dots, dashes or underscores")
    return at.text()


def _short_text(at: At) -> str:
    if not 1 <= len(at.text().strip()) <= 80:
        raise at.fail("expected 1 to 80 characters")
    return at.text().strip()


def _sector(at: At) -> str:
    """A host name: redirect URIs of several hosts may share a sector, so it is said, never guessed (Core §8.1)."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,252}", at.text()):
        raise at.fail("expected a host name in lower case")
    return at.text()


def _scopes(at: At) -> tuple[str, ...]:
    scopes = _many_of(SCOPES)(at)
    if "openid" not in scopes:
        raise at.fail("expected `openid` among the scopes")
    return scopes


def _secret_digest(at: At) -> bytes:
    """`{file: …}`, `{env: …}` or `{sha256: …}`: the secret itself never stands in the file."""
    members = at.members()
    if len(members) != 1 or not members.keys() <= {"file", "env", "sha256"}:
        raise at.fail("expected one of `file`, `env` or `sha256`: a secret is given by reference")
    kind, value = next(iter(members.items()))
    if kind == "sha256":
        if not re.fullmatch(r"[0-9a-f]{64}", value.text()):
            raise value.fail("expected 64 hexadecimal digits")
        return bytes.fromhex(value.text())
    secret = _secret_file(value) if kind == "file" else (secret_variable(value.text()) or "")
    if len(secret) < 32:
        raise value.fail("expected a secret of 32 characters or more there")
    return hashlib.sha256(secret.encode()).digest()


def _secret_file(at: At) -> str:
    path = at.path.parent / at.text()
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise at.fail("expected a readable text file") from error


#: Every member a client may have: how to read it, and its default (`...`: required).
_MEMBERS: dict[str, tuple[Callable[[At], Any], Any]] = {
    "client_id": (_client_id, ...),
    "client_name": (_short_text, ...),
    "client_uri": (_uri, ...),
    "client_secret": (_secret_digest, None),
    "redirect_uris": (_uris, ...),
    "post_logout_redirect_uris": (_uris, ()),
    "scopes": (_scopes, ("openid",)),
    "token_endpoint_auth_method": (_one_of(AUTH_METHODS), "client_secret_basic"),
    "id_token_signed_response_alg": (_one_of(("RS256", "ES256")), "RS256"),
    "grant_types": (_some_of(GRANT_TYPES), ("authorization_code",)),
    "sector_identifier": (_sector, None),
    "minimum_acr": (_one_of(tuple(ACR_BY_NAME)), "pwd-otp"),
    "authenticators": (_some_of(AUTHENTICATORS), AUTHENTICATORS),
}


def _read_client(at: At) -> Client:
    members = at.members()
    for name, member in members.items():
        if name not in _MEMBERS:
            raise member.fail(f"`{name}` is not a member of a client; expected {', '.join(_MEMBERS)}")
    missing = [name for name, (_, default) in _MEMBERS.items() if default is ... and name not in members]
    if missing:
        raise at.fail(f"expected also {', '.join(missing)}")
    values = {
        name: read(members[name]) if name in members else default
        for name, (read, default) in _MEMBERS.items()
    }
    if not values["redirect_uris"]:
        raise members["redirect_uris"].fail("expected at least one URI")
    is_public = values["token_endpoint_auth_method"] == "none"
    if is_public != (values["client_secret"] is None):
        raise at.fail("expected `client_secret`, or `token_endpoint_auth_method: none` without one")
    return Client(
        client_id=values["client_id"],
        name=values["client_name"],
        home=values["client_uri"],
        redirect_uris=values["redirect_uris"],
        post_logout_redirect_uris=values["post_logout_redirect_uris"],
        scopes=values["scopes"],
        secret_sha256=values["client_secret"],
        token_endpoint_auth_method=values["token_endpoint_auth_method"],
        id_token_signed_response_alg=values["id_token_signed_response_alg"],
        grant_types=values["grant_types"],
        sector_identifier=values["sector_identifier"],
        minimum_acr=ACR_BY_NAME[values["minimum_acr"]],
        authenticators=values["authenticators"],
    )


def read_clients(path: Path) -> ClientRegistry:
    """Raises BadYaml at the first fault, OSError when the file cannot be read."""
    top = compose(path)
    members = top.members()
    if members.keys() != {"clients"}:
        raise top.fail("expected `clients:` and nothing else at the top")
    registry: dict[str, Client] = {}
    for item in members["clients"].items():
        client = _read_client(item)
        if client.client_id in registry:
            raise item.fail(f"client_id `{client.client_id}` is given twice")
        registry[client.client_id] = client
    return registry


class ClientFile:
    """The registry in force. A changed file is taken whole or not at all: a bad one keeps the old state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Before reading: a change meanwhile is seen at the next look.
        self._stamp = self._read_stamp()
        self._registry = read_clients(path)
        #: The fault of the file on disk, None when the registry in force is what the file says.
        self.fault: str | None = None

    def _read_stamp(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size)

    def registry(self) -> ClientRegistry:
        stamp = self._read_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._registry, self.fault = read_clients(self._path), None
            except (BadYaml, OSError) as error:
                self.fault = str(error)
        return self._registry

    def get(self, client_id: str) -> Client | None:
        return self.registry().get(client_id)
