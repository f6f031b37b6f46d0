"""Contains /par (RFC 9126): a client leaves its request, the browser brings the reference. Not here: keeping it."""

from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import EphemeralStore, Kind
from idp.protocol.authorization.request_reader import RequestReader
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_door import Call, ClientDoor, TooManyRequests
from idp.protocol.client_auth.possession import Possession
from idp.web.network import CallerNetworks

#: Fields of the form that authenticate the client, and are no parameters of the request.
_OF_THE_CLIENT = ("client_secret", "client_assertion", "client_assertion_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequestEndpoint:
    door: ClientDoor
    reader: RequestReader
    possession: Possession
    store: EphemeralStore
    networks: CallerNetworks
    #: How many requests may be left in a window.
    most: int
    window: timedelta
    #: How long a request is kept.
    life: timedelta

    def __call__(self, request: Request) -> Response:
        return self.door.serve(request, self._push)

    def _push(self, call: Call) -> Response:
        """Returns the answer of RFC 9126 §2.2. Raises ClientError."""
        self._claim(call)
        sent = {name: value for name, value in call.form.items() if name not in _OF_THE_CLIENT}
        values = MultiDict({**sent, "client_id": call.client.client_id})
        key = self.possession.key_shown(call)
        request_uri = self.reader.from_client(values, call.client, key)
        answer = {"request_uri": request_uri, "expires_in": int(self.life.total_seconds())}
        return json_response(answer, 201, self.possession.next_nonce(call.request))

    def _claim(self, call: Call) -> None:
        """Count this request. Raises TooManyRequests."""
        client = call.client
        # Anybody may say that it is a client without authentication: there the callers count apart.
        who = f"{client.client_id} {self.networks.of(call.request) if client.is_public else ''}"
        if self.store.count(Kind.PUSHED_BY_CLIENT, who, self.window) > self.most:
            raise TooManyRequests(self.window)
