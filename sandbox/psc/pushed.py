"""Authorization requests that a client leaves beforehand (RFC 9126). Not here: reading one (`authorization`)."""

import secrets

from flask import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from sandbox.psc.authorization import RefusedRequest, UnsafeRequest, read_authorization
from sandbox.psc.client_authentication import ProtocolError, authenticate_client
from sandbox.psc.simulator import Simulator

_SECONDS = 60
_PREFIX = "urn:ietf:params:oauth:request_uri:"


def push(simulator: Simulator) -> Response:
    """The endpoint: the request is refused here as it would be at the authorization endpoint."""
    client = authenticate_client(simulator)
    sent = MultiDict({**request.form.to_dict(), "client_id": client.client_id})
    sent.pop("client_secret", None)
    try:
        read_authorization(sent, simulator.clients, simulator.switches)
    except UnsafeRequest as refusal:
        raise ProtocolError(400, "invalid_request", f"Invalid parameter: {refusal.reason}") from refusal
    except RefusedRequest as refusal:
        raise ProtocolError(400, refusal.error, refusal.description) from refusal
    request_uri = _PREFIX + secrets.token_urlsafe(32)
    simulator.state.pushed.put(request_uri, sent, simulator.now(), _SECONDS)
    response = jsonify({"request_uri": request_uri, "expires_in": _SECONDS})
    response.status_code = 201
    return response


def pushed_or_plain(simulator: Simulator, sent: MultiDict[str, str]) -> MultiDict[str, str]:
    """Returns the parameters that count: those that were pushed, once, or those of the address.

    Raises UnsafeRequest, RefusedRequest when the address has them and they had to be pushed.
    """
    if "request_uri" in sent:
        pushed = simulator.state.pushed.take(sent["request_uri"], simulator.now())
        if pushed is None or pushed["client_id"] != sent.get("client_id"):
            raise UnsafeRequest("bad_request_uri")
        return pushed
    asked = read_authorization(sent, simulator.clients, simulator.switches)
    if simulator.switches.par_required:
        description = "Pushed Authorization Request is only allowed."
        raise RefusedRequest(asked.redirect_uri, asked.state, "invalid_request", description)
    return sent
