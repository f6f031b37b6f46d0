"""Which relying party calls, proved by Basic, post or certificate (facts/psc §3.1), and how it is refused."""

import secrets
from urllib.parse import unquote_plus

from cryptography import x509
from flask import Response, jsonify, request

from sandbox.psc.clients import Client
from sandbox.psc.keys import octets_of_padded
from sandbox.psc.simulator import Simulator


class ProtocolError(Exception):
    """An OAuth error in JSON; `challenge` is the WWW-Authenticate header, when there is one."""

    def __init__(self, status: int, error: str, description: str, challenge: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.description, self.challenge = (status, error, description, challenge)


def protocol_error(refusal: ProtocolError) -> Response:
    response = jsonify({"error": refusal.error, "error_description": refusal.description})
    response.status_code = refusal.status
    if refusal.challenge:
        response.headers["WWW-Authenticate"] = refusal.challenge
    return response


def authenticate_client(simulator: Simulator) -> Client:
    """Returns the client. Raises ProtocolError, with Keycloak's codes (facts/psc §5)."""
    form = request.form
    if any(len(values) > 1 for _name, values in form.lists()):
        raise ProtocolError(400, "invalid_request", "duplicated parameter")
    # Discovery advertises it, but PSC refuses it (facts/psc §1.1).
    if "client_assertion" in form or "client_assertion_type" in form:
        raise ProtocolError(401, "invalid_client", "Client authentication with signed JWT is not allowed")
    has_basic = request.headers.get("Authorization", "").lower().startswith("basic ")
    # RFC 6749 §2.3: one method per request.
    if has_basic and "client_secret" in form:
        raise ProtocolError(400, "invalid_request", "Multiple client authentication methods")
    client_id, secret = _basic() if has_basic else (form.get("client_id", ""), form.get("client_secret", ""))
    challenge = 'Basic realm="esante-wallet"' if has_basic else ""
    client = simulator.clients.get(client_id)
    if client is None:
        raise ProtocolError(401, "invalid_client", "Invalid client or Invalid client credentials", challenge)
    is_known = _has_secret(client, secret) if secret or has_basic else _has_certificate(client)
    if not is_known:
        raise ProtocolError(
            401, "unauthorized_client", "Invalid client or Invalid client credentials", challenge
        )
    return client


def _has_secret(client: Client, secret: str) -> bool:
    return bool(client.client_secret) and secrets.compare_digest(
        client.client_secret.encode(), secret.encode()
    )


def _has_certificate(client: Client) -> bool:
    """RFC 8705 §2.1: the handshake has checked the chain."""
    shown = request.environ.get("SSL_CLIENT_CERT")
    if not shown or not client.tls_client_auth_subject_dn:
        return False
    subject = x509.load_pem_x509_certificate(shown.encode()).subject.rfc4514_string()
    return bool(subject == client.tls_client_auth_subject_dn)


def _basic() -> tuple[str, str]:
    """RFC 6749 §2.3.1: both halves are form-encoded."""
    encoded = request.headers["Authorization"][len("basic ") :]
    try:
        client_id, _, secret = octets_of_padded(encoded).decode("utf-8").partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
