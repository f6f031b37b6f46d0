"""clients.yaml → ClientRegistry, checked as a compiler would: file, line, column, what was expected.

Contains what a client is. Not here: following a file that changes (`client_file`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from idp.clients.client_secrets import ClientSecret
from idp.clients.members import CLIENT_SIGNING_ALGS, FAPI_SIGNING_ALGS, MEMBERS, SECRET_METHODS
from idp.clients.origins import origins_of
from idp.clients.public_keys import PublicJwk
from idp.clients.reading import Entry, Reading, files_of, read_files
from idp.clients.redirects import Addresses
from idp.clients.rules import ClientRule
from idp.clients.scopes import claims_of
from idp.core.pictures import Picture
from idp.interaction.authenticator import Acr
from idp.signing.signer import Alg


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One relying party, as `clients/members` reads it."""

    client_id: str
    name: str
    home: str
    logo: Picture | None
    #: "fapi2": must obey the FAPI 2.0 Security Profile. None: only our own rules.
    profile: str | None
    #: "web", or "native": on a person's own device (RFC 8252).
    application_type: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    frontchannel_logout_uri: str | None
    backchannel_logout_uri: str | None
    #: None: those of its `redirect_uris`.
    allowed_origins: tuple[str, ...] | None
    #: None: by its secret, as Basic or in the form.
    token_endpoint_auth_method: str | None
    #: None: any that we support.
    token_endpoint_auth_signing_alg: str | None
    #: Of these two at most one is given: `secrets` has what it is.
    secret: ClientSecret | None
    dated_secrets: tuple[ClientSecret, ...]
    #: The keys registered inline; empty when they are behind `jwks_uri`, or there are none.
    jwks: tuple[PublicJwk, ...]
    jwks_uri: str | None
    tls_client_auth_subject_dn: str | None
    tls_client_auth_san_dns: str | None
    tls_client_auth_san_uri: str | None
    tls_client_auth_san_ip: str | None
    tls_client_auth_san_email: str | None
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    #: The claims of its scopes that it may receive. None: all of them.
    claims: tuple[str, ...] | None
    #: Those that stand in its ID Tokens too, as far as they were granted.
    id_token_claims: tuple[str, ...]
    #: The clients whose access tokens are shown to it, an API.
    introspects: tuple[str, ...]
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
    #: A Keycloak in front of us finds its session by this member of the token answer, and by no other.
    gets_session_state: bool
    dpop_bound_access_tokens: bool
    tls_bound_access_tokens: bool
    #: Lifetimes for this client. None: the setting's.
    access_token_life: timedelta | None
    id_token_life: timedelta | None
    refresh_token_idle: timedelta | None
    refresh_grace: timedelta | None
    #: Host that stands for all clients of one controller. None: public `sub`.
    sector_identifier: str | None
    minimum_acr: Acr
    authenticators: tuple[str, ...]
    #: Names of the charters it demands beside the one of this service.
    charters: tuple[str, ...]
    #: The identity provider of Pro Santé Connect to which its people are sent straight (`kc_idp_hint`).
    psc_idp_hint: str | None
    #: Every claim of a person that it may ever receive (facts/security AZ14). `sub` always.
    releasable: frozenset[str] = field(init=False)
    #: The web origins whose pages may read what we answer to it: none for a client with a secret or a key.
    origins: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        allowed = frozenset(claims_of(self.scopes))
        kept = allowed if self.claims is None else allowed & {"sub", *self.claims}
        object.__setattr__(self, "releasable", kept)
        own = origins_of(self.redirect_uris) if self.allowed_origins is None else self.allowed_origins
        object.__setattr__(self, "origins", frozenset(own if self.is_public else ()))

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    def needs_pkce(self, nonce: str | None) -> bool:
        """Whether an authorization request with this nonce must have a `code_challenge`."""
        return {"required": True, "or_nonce": not nonce, "optional": False}[self.pkce]

    @property
    def auth_methods(self) -> tuple[str, ...]:
        """Returns the methods by which it may prove itself, one in each request."""
        return (self.token_endpoint_auth_method,) if self.token_endpoint_auth_method else SECRET_METHODS

    @property
    def answered_at(self) -> Addresses:
        return Addresses(self.redirect_uris, self.application_type == "native")

    def is_alone_at(self, redirect_uri: str) -> bool:
        """Whether nobody but this client can be answered there: any program of a device may listen on loopback, and
        several may hold a scheme (RFC 8252 §8.6)."""
        return self.application_type == "web" or redirect_uri.startswith("https:")

    @property
    def left_for(self) -> Addresses:
        """Returns where a person may go after signing out."""
        return Addresses(self.post_logout_redirect_uris, self.application_type == "native")

    @property
    def signing_algs(self) -> tuple[str, ...]:
        """Returns the algorithms in which it may sign, unless one is registered for the purpose."""
        return FAPI_SIGNING_ALGS if self.profile == "fapi2" else CLIENT_SIGNING_ALGS

    @property
    def is_told_of_logout(self) -> bool:
        return bool(self.backchannel_logout_uri or self.frontchannel_logout_uri)

    @property
    def secrets(self) -> tuple[ClientSecret, ...]:
        """Returns none, one, or two of which each may prove it in its days."""
        return self.dated_secrets or ((self.secret,) if self.secret else ())


ClientRegistry = Mapping[str, Client]


def logout_listeners(registry: ClientRegistry) -> frozenset[str]:
    """Returns the clients that are called when one of their sessions ends (Back-Channel Logout)."""
    return frozenset(client.client_id for client in registry.values() if client.backchannel_logout_uri)


def read_clients(
    path: Path, rules: tuple[ClientRule, ...] = (), *, directory: Path | None = None
) -> ClientRegistry:
    """Returns the registry. Raises BadYaml with every fault, OSError when a file cannot be read.

    `rules`: those of this deployment (`clients/operator_rules`), beside the rules for any client. `directory`: of more
    files of clients.
    """
    return registry_of(read_files(files_of(path, directory), rules))


def registry_of(reading: Reading) -> ClientRegistry:
    """Raises BadYaml."""
    reading.raise_faults()
    return {entry.values["client_id"]: _client(entry) for entry in reading.entries}


def _client(entry: Entry) -> Client:
    return Client(**{member.field: entry.values[name] for name, member in MEMBERS.items()})
