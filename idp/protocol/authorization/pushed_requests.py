"""Requests that authenticated clients left at /par, until the browser comes for them (RFC 9126)."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from idp.clients.registry import Client
from idp.core.ephemeral import EphemeralStore, Kind
from idp.protocol.authorization.authorization_request import Received

_PREFIX = "urn:ietf:params:oauth:request_uri:"


def is_reference(request_uri: str) -> bool:
    return request_uri.startswith(_PREFIX)


@dataclass(frozen=True, slots=True)
class PushedRequests:
    store: EphemeralStore
    life: timedelta

    def keep(self, received: Received, client: Client) -> str:
        """The `request_uri`: a reference that nobody guesses, good once and for `life`."""
        request_uri = f"{_PREFIX}{secrets.token_urlsafe(32)}"
        record = {"parameters": received.values.to_dict(), "is_signed": received.is_signed}
        self.store.put(Kind.PUSHED_REQUEST, _key(request_uri, client), record, self.life)
        return request_uri

    def take(self, request_uri: str, client: Client) -> Received | None:
        """RFC 9126 §7.3: once; None for one that is used, expired, or another client's."""
        record = self.store.take(Kind.PUSHED_REQUEST, _key(request_uri, client))
        if record is None:
            return None
        return Received(MultiDict(record["parameters"]), is_pushed=True, is_signed=record["is_signed"])


def _key(request_uri: str, client: Client) -> str:
    """§2.2: bound to its client; another one neither opens it nor spoils it."""
    return f"{client.client_id} {request_uri}"
