"""Contains the requests that clients left at /par, until a browser comes (RFC 9126). Not here: verifying them."""

import secrets
from collections.abc import Mapping
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
class Pushed:
    """`is_used`: it brought a code; what is left of it says where its client hears that."""

    received: Received
    is_used: bool


@dataclass(frozen=True, slots=True)
class PushedRequests:
    """`interaction_life`: how long a login that a reference began may take."""

    store: EphemeralStore
    life: timedelta
    interaction_life: timedelta

    def keep(self, received: Received, client: Client) -> str:
        """Returns the `request_uri`: a reference that cannot be guessed, good for `life`, until it brought a code."""
        request_uri = f"{_PREFIX}{secrets.token_urlsafe(32)}"
        # What is never read is not kept (RFC 6749 §3.1).
        read = {name: value for name, value in received.values.items() if name in RECOGNISED}
        record = {"parameters": read, "is_signed": received.is_signed}
        self.store.put(Kind.PUSHED_REQUEST, _key(request_uri, client.client_id), record, self.life)
        return request_uri

    def find(self, request_uri: str, client: Client) -> Pushed | None:
        """Returns the request, None when it is expired, or another client's.

        A page opened twice, or reloaded, opens it again (RFC 9126 §4, FAPI 2.0 §5.3.2.2).
        """
        found = self.store.get(Kind.PUSHED_REQUEST, _key(request_uri, client.client_id))
        if found is None:
            return None
        record = found.value
        received = Received(
            values=MultiDict(record["parameters"]),
            is_pushed=True,
            is_signed=record["is_signed"],
            reference=request_uri,
        )
        return Pushed(received, is_used=record.get("is_used", False))

    def use_up(self, request_uri: str, client_id: str, parameters: Mapping[str, str]) -> bool:
        """Whether this is the first code that it brings (RFC 9126 §7.3). Of several callers at once, one hears yes.

        `parameters`: of the interaction, kept for as long as another one that it began may go on.
        """
        key, memory = _key(request_uri, client_id), self.life + 2 * self.interaction_life
        if self.store.count(Kind.PUSHED_REQUEST_USES, key, memory) > 1:
            return False
        record = {"parameters": dict(parameters), "is_signed": False, "is_used": True}
        self.store.put(Kind.PUSHED_REQUEST, key, record, memory)
        return True


def _key(request_uri: str, client_id: str) -> str:
    """§2.2: bound to its client. Another client can neither open it nor use it up."""
    return f"{client_id} {request_uri}"
