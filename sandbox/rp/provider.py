"""What a relying party learns from the issuer: its metadata and its keys, fetched when first needed.

Contains fetching and checking them. Not here: clients, sessions, people.
"""

import time
from collections.abc import Mapping
from typing import Any

import requests
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

TIMEOUT_SECONDS = 5
# The provider of a demonstration may start after its relying parties: a refused connection is tried again.
_PAUSES_SECONDS = (0.0, 0.3, 0.7)
_METADATA_LIFE_SECONDS = 60.0
_NEEDED = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class IssuerUnreachable(Exception):
    """The issuer does not answer, or not as OpenID Connect Discovery requires. A later try may succeed."""


class Provider:
    """The issuer and what it publishes. Shared by the parties; failures are not remembered."""

    def __init__(self, issuer: str, ca_bundle: str | None = None) -> None:
        self.issuer = issuer
        self._ca_bundle = ca_bundle
        self._metadata: Mapping[str, Any] | None = None
        self._metadata_until = 0.0
        self._keys: KeySet | None = None

    def metadata(self) -> Mapping[str, Any]:
        """Returns the discovery document. Raises IssuerUnreachable."""
        metadata = self._metadata
        if metadata is None or time.monotonic() > self._metadata_until:
            metadata = self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            # OpenID Connect Discovery §4.3: the published issuer is identical to the one asked.
            if metadata.get("issuer") != self.issuer:
                raise IssuerUnreachable("the discovery document names another issuer")
            if missing := [name for name in _NEEDED if not isinstance(metadata.get(name), str)]:
                raise IssuerUnreachable(f"the discovery document lacks {', '.join(missing)}")
            self._metadata, self._metadata_until = metadata, time.monotonic() + _METADATA_LIFE_SECONDS
        return metadata

    def keys(self) -> KeySet:
        """Returns the published keys, as last fetched. Raises IssuerUnreachable."""
        return self._keys or self.fetch_keys()

    def fetch_keys(self) -> KeySet:
        """Returns the keys published now, for a token with an unknown `kid` (OpenID Connect Core §10.1.1)."""
        document: Any = self._fetch(self.metadata()["jwks_uri"])
        try:
            self._keys = KeySet.import_key_set(document)
        except (JoseError, KeyError, TypeError, ValueError) as unreadable:
            raise IssuerUnreachable("the key set cannot be read") from unreadable
        return self._keys

    def direct(self, session: requests.Session) -> requests.Session:
        """Returns the session without the machine's proxy and netrc: everything here is on loopback."""
        session.trust_env = False
        session.verify = self._ca_bundle or True
        return session

    def _fetch(self, url: str) -> dict[str, Any]:
        failure: Exception | None = None
        for pause in _PAUSES_SECONDS:
            time.sleep(pause)
            try:
                with self.direct(requests.Session()) as session:
                    answer = session.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
                answer.raise_for_status()
                document = answer.json()
                if answer.status_code == 200 and isinstance(document, dict):
                    return document
            except (requests.RequestException, ValueError) as refused:
                failure = refused
        raise IssuerUnreachable(f"{url} does not answer with a JSON object") from failure
