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
from idp.core.errors import NO_FACTS, Rule, RuleBroken
from idp.core.octets import b64_octets
from idp.protocol.client_auth.cross_origin import names_client
from idp.protocol.client_auth.guesses import Guesses
from idp.protocol.jose.client_jwt import BadClientJwt, unverified_claims
from idp.protocol.rules import client_rules as rules


class ClientRefused(RuleBroken):
    """Answered by 401. `used_basic`: with the WWW-Authenticate header (RFC 6749 §5.2).

    `client`: the registered one that was named, if any; nobody proved to be it.
    """

    def __init__(
        self,
        rule: Rule,
        *,
        used_basic: bool,
        client: Client | None = None,
        facts: Mapping[str, str] = NO_FACTS,
    ) -> None:
        super().__init__(rule, facts=facts)
        self.used_basic = used_basic
        self.client = client


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


#: Whether the credentials presented prove this client. Raises ClientRefused where it knows more than that they do not.
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


#: The rule of credentials that name no client.
_UNREADABLE: Mapping[str, Rule] = {
    "basic": rules.BASIC_UNREADABLE,
    "post": rules.NOT_NAMED,
    "assertion": rules.ASSERTION_UNREADABLE,
    "bare": rules.NOT_NAMED,
}


def is_public(client: Client, presented: PresentedCredentials) -> bool:
    return client.is_public


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """`methods`: those that this provider serves."""

    clients: ClientFile
    methods: Mapping[str, Verify]
    guesses: Guesses

    def authenticate(self, request: Request, form: Mapping[str, str]) -> Client:
        """Returns the client that proved itself.

        Raises ClientRefused, Slowed in its place, RuleBroken for two methods at once.
        """
        presented = _presented(request, form)
        client = self.clients.get(presented.client_id)
        try:
            rule = self._broken(client, presented)
            # A caller does not learn whether the client or its secret was wrong: what it reads is the same, and so is
            # which page may read it.
            if client is None or rule is not None:
                raise _refusal(rule or rules.UNKNOWN, client, presented, self.clients)
        except ClientRefused:
            self.guesses.refused(request, presented.client_id, client)
            raise
        names_client(request, client)
        return client

    def _broken(self, client: Client | None, presented: PresentedCredentials) -> Rule | None:
        """Returns the rule that the credentials break, None when they prove this client."""
        if presented.form.get("client_id", presented.client_id) != presented.client_id:
            return rules.OTHER_CLIENT_ID
        if client is None:
            return rules.UNKNOWN
        # Only a registered method: a client with a key must not be let in by a secret (facts/security TK7).
        method = next((name for name in client.auth_methods if presented.means in _MEANS_OF[name]), None)
        if method is None:
            return rules.OTHER_METHOD
        verify = self.methods.get(method)
        if verify is None:
            return rules.METHOD_NOT_SERVED
        return None if verify(client, presented) else rules.WRONG_OF[method]


def _refusal(
    rule: Rule, client: Client | None, presented: PresentedCredentials, clients: ClientFile
) -> ClientRefused:
    registered = {"registered": " ".join(client.auth_methods)} if client else clients.where()
    facts = {"presented": presented.means, **registered}
    return ClientRefused(rule, used_basic=presented.used_basic, client=client, facts=facts)


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
        raise RuleBroken(rules.TWO_METHODS)
    try:
        client_id, secrets = (
            _basic(authorization)
            if authorization is not None
            else (form.get("client_id") or _asserted(form), (form.get("client_secret", ""),))
        )
    except (KeyError, ValueError, BadClientJwt) as error:
        rule = _UNREADABLE[means[0] if means else "bare"]
        raise ClientRefused(rule, used_basic=authorization is not None) from error
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
