"""clients.yaml → ClientRegistry, checked as a compiler would: file, line, column, what was expected."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from idp.clients.located_yaml import At, BadYaml, compose
from idp.clients.members import MEMBERS, read_members
from idp.clients.public_keys import PublicJwk
from idp.clients.rules import ADVICE, FAULTS, ClientRule, broken
from idp.clients.scopes import claims_of
from idp.interaction.authenticator import Acr
from idp.signing.signer import Alg


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One relying party, as `client_metadata.MEMBERS` reads it."""

    client_id: str
    name: str
    home: str
    #: "fapi2": held to the FAPI 2.0 Security Profile; None: to the house rules alone.
    profile: str | None
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    frontchannel_logout_uri: str | None
    backchannel_logout_uri: str | None
    token_endpoint_auth_method: str
    #: None: any that we know.
    token_endpoint_auth_signing_alg: str | None
    secret_sha256: bytes | None
    #: Registered here; empty when they are behind `jwks_uri`, or there are none.
    jwks: tuple[PublicJwk, ...]
    jwks_uri: str | None
    tls_client_auth_subject_dn: str | None
    tls_client_auth_san_dns: str | None
    tls_client_auth_san_uri: str | None
    tls_client_auth_san_ip: str | None
    tls_client_auth_san_email: str | None
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    #: Single claims of its scopes that it may get; None: all of them.
    claims: tuple[str, ...] | None
    pkce: str
    nonce: str
    requires_pushed_requests: bool
    #: None: request objects are refused.
    request_object_signing_alg: str | None
    requires_signed_requests: bool
    id_token_signed_response_alg: Alg
    #: None: ID Tokens are signed only.
    id_token_encrypted_response_alg: str | None
    id_token_encrypted_response_enc: str
    #: None: userinfo is plain JSON.
    userinfo_signed_response_alg: Alg | None
    authorization_signed_response_alg: Alg
    dpop_bound_access_tokens: bool
    tls_bound_access_tokens: bool
    #: Lives of its own; None: the setting's.
    access_token_life: timedelta | None
    id_token_life: timedelta | None
    refresh_token_idle: timedelta | None
    #: Host that stands for all clients of one controller; None: public `sub`.
    sector_identifier: str | None
    minimum_acr: Acr
    authenticators: tuple[str, ...]
    #: Charters beside the one of the house.
    charters: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def is_told_of_logout(self) -> bool:
        return bool(self.backchannel_logout_uri or self.frontchannel_logout_uri)

    @property
    def releasable(self) -> frozenset[str]:
        """Every claim of a person that may ever reach it (facts/security AZ14); `sub` always."""
        allowed = frozenset(claims_of(self.scopes))
        return allowed if self.claims is None else allowed & {"sub", *self.claims}

    def is_secret(self, candidate: str) -> bool:
        """Constant-time comparison against the stored SHA-256; False for a client without secret."""
        digest = hashlib.sha256(candidate.encode()).digest()
        return self.secret_sha256 is not None and hmac.compare_digest(digest, self.secret_sha256)


ClientRegistry = Mapping[str, Client]


def logout_listeners(registry: ClientRegistry) -> frozenset[str]:
    """The clients that are called when a session of theirs ends (Back-Channel Logout)."""
    return frozenset(client.client_id for client in registry.values() if client.backchannel_logout_uri)


def _read_client(at: At, rules: tuple[ClientRule, ...]) -> Client:
    values, given = read_members(at)
    for rule in broken((*FAULTS, *rules), values):
        raise given.get(rule.member, at).fail(rule.expected)
    return Client(**{member.field: values[name] for name, member in MEMBERS.items()})


def _items(path: Path) -> list[At]:
    top = compose(path)
    members = top.members()
    if members.keys() != {"clients"}:
        raise top.fail("expected `clients:` and nothing else at the top")
    return members["clients"].items()


def advise(path: Path) -> list[str]:
    """What is allowed and better changed, each at its place. Raises as `read_clients`."""
    advice = []
    for item in _items(path):
        values, given = read_members(item)
        advice += [str(given.get(rule.member, item).fail(rule.expected)) for rule in broken(ADVICE, values)]
    return advice


def demanded_charters(path: Path) -> list[At]:
    """The names of charters beside the house's, each where a client demands it. Raises as `read_clients`."""
    members = [item.members() for item in _items(path)]
    return [name for member in members if "charters" in member for name in member["charters"].items()]


def read_clients(path: Path, rules: tuple[ClientRule, ...] = ()) -> ClientRegistry:
    """Raises BadYaml at the first fault, OSError when the file cannot be read.

    `rules`: those of this house (`clients/operator_rules`), beside what is true of any client.
    """
    registry: dict[str, Client] = {}
    for item in _items(path):
        client = _read_client(item, rules)
        if client.client_id in registry:
            raise item.fail(f"client_id `{client.client_id}` is given twice")
        registry[client.client_id] = client
    return registry


class ClientFile:
    """The registry in force. A changed file is taken whole or not at all: a bad one keeps the old state."""

    def __init__(self, path: Path, rules: tuple[ClientRule, ...] = ()) -> None:
        self._path = path
        self._rules = rules
        # Before reading: a change meanwhile is seen at the next look.
        self._stamp = self._read_stamp()
        self._registry = read_clients(path, rules)
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
                self._registry, self.fault = read_clients(self._path, self._rules), None
            except (BadYaml, OSError) as error:
                self.fault = str(error)
        return self._registry

    def get(self, client_id: str) -> Client | None:
        return self.registry().get(client_id)
