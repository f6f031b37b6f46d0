"""The relying parties: the configuration file, read and checked.

Contains its members. Not here: network, pages.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

SIGNING_ALGORITHMS = ("RS256", "ES256")


class InvalidConfiguration(Exception):
    """The file lacks a member or has a wrong one. The message names the place."""


@dataclass(frozen=True, slots=True)
class Party:
    """One relying party as registered at the provider, and where it listens."""

    name: str
    client_id: str
    client_secret: str
    port: int
    scope: str
    id_token_signed_response_alg: str

    @property
    def home(self) -> str:
        return f"http://localhost:{self.port}/"

    @property
    def redirect_uri(self) -> str:
        return f"{self.home}callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.home}signed-out"

    @property
    def cookie(self) -> str:
        # RFC 6265 §8.5: every port of a host shares its cookies, so each party has its own name.
        return f"rp_{self.client_id}_session"


@dataclass(frozen=True, slots=True)
class Configuration:
    """`ca_bundle`: PEM file with the authority of an https issuer. None: the machine's own."""

    issuer: str
    parties: tuple[Party, ...]
    ca_bundle: str | None


def load(source: str) -> Configuration:
    """Returns the configuration in a text. Raises InvalidConfiguration."""
    try:
        content = json.loads(source)
    except ValueError as malformed:
        raise InvalidConfiguration(f"not JSON: {malformed}") from malformed
    if not isinstance(content, dict) or set(content) - {"ca_bundle"} != {"issuer", "parties"}:
        raise InvalidConfiguration('expected an object with "issuer", "parties" and perhaps "ca_bundle"')
    issuer, entries, ca_bundle = content["issuer"], content["parties"], content.get("ca_bundle")
    if not isinstance(ca_bundle, str | None):
        raise InvalidConfiguration("ca_bundle: expected a path")
    if not isinstance(issuer, str) or not re.match(r"https?://", issuer):
        raise InvalidConfiguration("issuer: expected an http(s) URL")
    if not isinstance(entries, list) or not entries:
        raise InvalidConfiguration("parties: expected a non-empty list")
    parties = tuple(_party(entry, f"parties[{index}]") for index, entry in enumerate(entries))
    for name in ("port", "client_id"):
        if len({getattr(party, name) for party in parties}) < len(parties):
            raise InvalidConfiguration(f"parties: each needs its own {name}")
    return Configuration(issuer, parties, ca_bundle)


def _party(entry: Any, place: str) -> Party:
    expected = {field.name: field.type for field in fields(Party)}
    if not isinstance(entry, Mapping) or set(entry) != set(expected):
        raise InvalidConfiguration(f"{place}: expected exactly the keys {', '.join(expected)}")
    for name, type_ in expected.items():
        if type(entry[name]) is not type_ or not entry[name]:
            raise InvalidConfiguration(f"{place}.{name}: expected {'a number' if type_ is int else 'a text'}")
    party = Party(**entry)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", party.client_id):
        raise InvalidConfiguration(
            f"{place}.client_id: expected letters, digits, '.', '_', '-' (it names a cookie)"
        )
    if party.id_token_signed_response_alg not in SIGNING_ALGORITHMS:
        raise InvalidConfiguration(
            f"{place}.id_token_signed_response_alg: expected one of {SIGNING_ALGORITHMS}"
        )
    return party
