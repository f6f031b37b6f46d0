"""Contains the requests that clients left at /par, until a browser comes (RFC 9126). Not here: verifying them."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from idp.clients.registry import Client
from idp.core.ephemeral import EphemeralStore, Kind
from idp.protocol.authorization.authorization_request import RECOGNISED, Received

_PREFIX = "urn:ietf:params:oauth:request_uri:"


def is_reference(request_uri: str) -> bool:
    return request_uri.startswith(_PREFIX)


@dataclass(frozen=True, slots=True)
class PushedRequests:
    store: EphemeralStore
    life: timedelta

    def keep(self, received: Received, client: Client) -> str:
        """Returns the `request_uri`: a reference that cannot be guessed, good once and for `life`."""
        request_uri = f"{_PREFIX}{secrets.token_urlsafe(32)}"
        # What is never read is not kept (RFC 6749 §3.1).
        read = {name: value for name, value in received.values.items() if name in RECOGNISED}
        record = {"parameters": read, "is_signed": received.is_signed}
        self.store.put(Kind.PUSHED_REQUEST, _key(request_uri, client), record, self.life)
        return request_uri

    def take(self, request_uri: str, client: Client) -> Received | None:
        """Returns the request, once (RFC 9126 §7.3); None when it is used, expired, or another client's."""
        record = self.store.take(Kind.PUSHED_REQUEST, _key(request_uri, client))
        if record is None:
            return None
        return Received(MultiDict(record["parameters"]), is_pushed=True, is_signed=record["is_signed"])


def _key(request_uri: str, client: Client) -> str:
    """§2.2: bound to its client. Another client can neither open it nor use it up."""
    return f"{client.client_id} {request_uri}"
