"""The certification profile: what the OpenID certification cases ask of an operator with static clients.

Contains the suite's clients, its person, and what the provider allows them. Not here: the cases themselves (see
`tests/conformance`), anything that a provider outside loopback would accept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.fapi_clients import KINDS
from sandbox.demo.fapi_keys import FapiKeys
from sandbox.demo.places import Places
from sandbox.demo.ports import Ports

PROFILE = "conformance"
#: Where the OpenID Foundation's suite has its test with the alias `caducee`, when it runs on this machine.
DEFAULT_SUITE = "https://localhost.emobix.co.uk:8443/test/a/caducee"
_CODE = "27182818"
_CARD = "martin"
_SCOPES = ("openid", "profile", "email", "address")
_NO_LIMIT = "1000000"

SETTINGS: Mapping[str, str] = {
    # The suite reads no mail. Outside loopback the provider refuses this setting.
    "CADUCEE_MAIL_CODE_FIXED": _CODE,
    **{
        f"CADUCEE_{name}": _NO_LIMIT
        for name in (
            *("MAIL_CODES_PER_MINUTE", "MAIL_CODES_PER_HOUR", "MAIL_CODES_PER_DAY", "MAIL_CODES_PER_IP"),
            *("MAIL_CODE_FAILURES_PER_DAY", "PASSWORD_POSTS_PER_IP", "PASSWORD_FREE_TRIES"),
            *("PASSWORD_TRIES_PER_DAY", "PASSWORD_FAILURES_IN_A_ROW", "SIGN_INS_PER_IP"),
        )
    },
}


@dataclass(frozen=True, slots=True)
class SuiteClient:
    """`role`: its name in the suite's configuration; for the logout plans, the plan's channel."""

    role: str
    auth_method: str
    #: The channel by which it is told of a logout: other plans of the suite must not be called.
    channel: str | None = None

    @property
    def client_id(self) -> str:
        return f"conformance-{self.role.replace('_', '-')}"


CLIENTS = (
    SuiteClient("client", "client_secret_basic"),
    SuiteClient("client2", "client_secret_basic"),
    SuiteClient("client_secret_post", "client_secret_post"),
    SuiteClient("frontchannel", "client_secret_basic", channel="frontchannel"),
    SuiteClient("backchannel", "client_secret_basic", channel="backchannel"),
)


@dataclass(frozen=True, slots=True)
class Certification:
    """The profile, for the suite at this address (`https://HOST/test/a/ALIAS`)."""

    suite: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https://[A-Za-z0-9._:/\[\]-]*[A-Za-z0-9._-]", self.suite):
            raise ValueError("--suite: an https address without final slash, as https://HOST/test/a/ALIAS")

    @property
    def redirect_uris(self) -> tuple[str, str]:
        # The suite's second client has a query, to test that it is kept as registered.
        return f"{self.suite}/callback", f"{self.suite}/callback?dummy1=lorem&dummy2=ipsum"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.suite}/post_logout_redirect"

    def clients_yaml(self, places: Places, keys: Mapping[str, FapiKeys]) -> str:
        """Returns the entries for `clients:`. `keys`: of the FAPI 2.0 clients. Makes the secrets at the first call."""
        with_secret = (self._client_yaml(client, places) for client in CLIENTS)
        with_keys = (
            kind.entry(role, found, self.suite, self.redirect_uris)
            for kind in KINDS
            for role, found in keys.items()
        )
        return "".join((*with_secret, *with_keys))

    def _client_yaml(self, client: SuiteClient, places: Places) -> str:
        places.secret(client.client_id)
        uris = ", ".join(f'"{uri}"' for uri in self.redirect_uris)
        return f"""\
  - client_id: {client.client_id}
    client_name: Conformance suite ({client.role})
    client_uri: {self.suite}
    client_secret: {{file: secrets/{client.client_id}}}
    redirect_uris: [{uris}]
    post_logout_redirect_uris: ["{self.post_logout_redirect_uri}"]
    scopes: [{", ".join(_SCOPES)}]
    grant_types: [authorization_code, refresh_token]
    token_endpoint_auth_method: {client.auth_method}
    id_token_signed_response_alg: RS256
    pkce: optional # the Basic plan sends requests without it, which must succeed
{"".join(f"    {name}: {uri}{chr(10)}" for name, uri in self._logout(client))}"""

    def _logout(self, client: SuiteClient) -> Iterator[tuple[str, str]]:
        if client.channel is not None:
            yield f"{client.channel}_logout_uri", f"{self.suite}/{client.channel}_logout"

    def contents(
        self, ports: Ports, places: Places, accounts: Sequence[Mapping[str, Any]], login: str
    ) -> dict[str, Any]:
        """Returns its part of the ready file. `login`: the RPPS of the suite's person."""
        account = next(account for account in accounts if account["rpps"] == login)
        return {
            "suite": self.suite,
            "discovery": f"{ports.issuer}/.well-known/openid-configuration",
            "clients": {client.role: self._described(client, places) for client in CLIENTS},
            "person": {"login": login, "password": account["password"], "code": _CODE},
        }

    def _described(self, client: SuiteClient, places: Places) -> dict[str, Any]:
        return {
            "client_id": client.client_id,
            "client_secret": places.secret(client.client_id),
            "token_endpoint_auth_method": client.auth_method,
            "redirect_uris": list(self.redirect_uris),
            "post_logout_redirect_uris": [self.post_logout_redirect_uri],
            **dict(self._logout(client)),
        }


def login_of_person(cards: Sequence[Mapping[str, Any]]) -> str:
    """Returns the RPPS of the suite's person, who has one of the demo's accounts."""
    return next(str(card["rpps"]) for card in cards if card["name"] == _CARD)
