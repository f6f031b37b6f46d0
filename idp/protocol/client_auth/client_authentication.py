"""Contains which client calls: one method in a request, a registered one only (RFC 6749 §2.3; facts/security TK7).

Not here: what each method verifies (`secret_client`, `client_assertion`, `tls_client`), the answer to a refusal
(`client_door`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from werkzeug.wrappers import Request

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.errors import ClientError, OAuthError
from idp.core.octets import b64_octets
from idp.protocol.client_auth.cross_origin import names_client
from idp.protocol.jose.client_jwt import BadClientJwt, unverified_claims

_REFUSED = "client authentication failed"


class ClientRefused(ClientError):
    """Answered by 401. `used_basic`: with the WWW-Authenticate header (RFC 6749 §5.2)."""

    def __init__(self, *, used_basic: bool) -> None:
        super().__init__(OAuthError.INVALID_CLIENT, _REFUSED)
        self.used_basic = used_basic


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCredentials:
    """What a request says about its sender.

    `means`: "basic", "nothing_by_basic" (an empty secret), "post", "assertion", or "bare" (a client_id alone).
    `secrets`: the secret, as it may be meant: one of Basic may be form-encoded, or not.
    """

    client_id: str
    means: str
    secrets: tuple[str, ...]
    form: Mapping[str, str]
    request: Request

    @property
    def used_basic(self) -> bool:
        return self.means in ("basic", "nothing_by_basic")


#: Whether the credentials presented prove this client.
Verify = Callable[[Client, PresentedCredentials], bool]

#: What a request with each registered method (RFC 7591 §2) presents.
_MEANS_OF: Mapping[str, tuple[str, ...]] = {
    "client_secret_basic": ("basic",),
    "client_secret_post": ("post",),
    "private_key_jwt": ("assertion",),
    "tls_client_auth": ("bare",),
    "self_signed_tls_client_auth": ("bare",),
    # A library that tries Basic first sends the secret that a public client does not have, as in the form.
    "none": ("bare", "nothing_by_basic"),
}


def is_public(client: Client, presented: PresentedCredentials) -> bool:
    return client.is_public


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """`methods`: those that this provider serves."""

    clients: ClientFile
    methods: Mapping[str, Verify]

    def authenticate(self, request: Request, form: Mapping[str, str]) -> Client:
        """Returns the client that proved itself. Raises ClientRefused, or ClientError for two methods at once."""
        presented = _presented(request, form)
        client = self.clients.get(presented.client_id)
        if client is not None:
            names_client(request, client)
        # Only a registered method: a client with a key must not be let in by a secret (facts/security TK7).
        methods = client.auth_methods if client else ()
        method = next((name for name in methods if presented.means in _MEANS_OF[name]), "")
        verify = self.methods.get(method)
        is_proved = (
            client is not None
            and verify is not None
            and form.get("client_id", presented.client_id) == presented.client_id
            and verify(client, presented)
        )
        # One refusal for all: a caller does not learn whether the client or its secret was wrong.
        if client is None or not is_proved:
            raise ClientRefused(used_basic=presented.used_basic)
        return client


def _presented(request: Request, form: Mapping[str, str]) -> PresentedCredentials:
    """Returns the credentials. Raises ClientRefused when no client is named, ClientError for two methods at once."""
    authorization = request.headers.get("Authorization")
    means = [
        name
        for name, is_there in (
            ("basic", authorization is not None),
            ("post", "client_secret" in form),
            ("assertion", "client_assertion" in form or "client_assertion_type" in form),
        )
        if is_there
    ]
    # RFC 6749 §2.3: a client uses one method in each request.
    if len(means) > 1:
        raise ClientError(OAuthError.INVALID_REQUEST, "one client authentication method per request")
    try:
        client_id, secrets = (
            _basic(authorization)
            if authorization is not None
            else (form.get("client_id") or _asserted(form), (form.get("client_secret", ""),))
        )
    except (KeyError, ValueError, BadClientJwt) as error:
        raise ClientRefused(used_basic=authorization is not None) from error
    named = means[0] if means else "bare"
    return PresentedCredentials(
        client_id=client_id,
        means="nothing_by_basic" if named == "basic" and not any(secrets) else named,
        secrets=secrets,
        form=form,
        request=request,
    )


def _asserted(form: Mapping[str, str]) -> str:
    """Returns the client that the assertion names, and which must have signed it (RFC 7521 §4.2: without client_id)."""
    return str(unverified_claims(form["client_assertion"]).get("sub"))


def _basic(header: str) -> tuple[str, tuple[str, ...]]:
    """Returns client_id and secret inside RFC 7617. Raises ValueError.

    The secret form-decoded (RFC 6749 §2.3.1) and, where that is another one, as sent: many a library leaves the
    encoding out, which shows with a `+` or `%` alone. A `client_id` has neither.
    """
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError("another scheme")
    try:
        text = b64_octets(credentials.strip()).decode()
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise ValueError("no colon")
    return unquote_plus(client_id), tuple(dict.fromkeys((unquote_plus(secret), secret)))
