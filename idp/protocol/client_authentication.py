"""Who calls the token endpoint: RFC 6749 §2.3, one method per request, the registered one only."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from idp.clients import Client, ClientFile
from idp.errors import OAuthError, Returned

_REFUSED = "client authentication failed"


class ClientRefused(Returned):
    """401; `used_basic` asks for the WWW-Authenticate header (RFC 6749 §5.2)."""

    def __init__(self, *, used_basic: bool) -> None:
        super().__init__(OAuthError.INVALID_CLIENT, _REFUSED)
        self.used_basic = used_basic


def _basic(header: str) -> tuple[str, str]:
    """RFC 6749 §2.3.1: both parts form-encoded, then RFC 7617. Raises ValueError."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError("another scheme")
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not base64") from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise ValueError("no colon")
    return unquote_plus(client_id), unquote_plus(secret)


def authenticate(clients: ClientFile, form: Mapping[str, str], authorization: str | None) -> Client:
    """The client that proved itself. Raises ClientRefused, or Returned for two methods at once."""
    used_basic = authorization is not None
    if used_basic and "client_secret" in form:
        raise Returned(OAuthError.INVALID_REQUEST, "one client authentication method per request")
    try:
        client_id, secret = (
            _basic(authorization)
            if authorization is not None
            else (form["client_id"], form.get("client_secret"))
        )
    except (KeyError, ValueError) as error:
        raise ClientRefused(used_basic=used_basic) from error
    method = {True: "client_secret_basic", False: "client_secret_post" if secret is not None else "none"}[
        used_basic
    ]
    client = clients.get(client_id)
    is_proved = (
        client is not None
        and client.token_endpoint_auth_method == method
        and form.get("client_id", client_id) == client_id
        and (method == "none" or client.is_secret(secret or ""))
    )
    if client is None or not is_proved:
        raise ClientRefused(used_basic=used_basic)
    return client
