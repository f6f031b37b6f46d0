"""Contains a walk along the rules for a request that was not sent: which it keeps to, and which refuse it.

Compares no secret, opens no token, asks no store. Not here: reading what an operator pasted (`cli/explain`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from werkzeug.datastructures import MultiDict

from idp.clients.registry import Client
from idp.core.errors import NO_FACTS, Rule, RuleBroken
from idp.core.octets import NotOctets, b64_octets
from idp.protocol.authorization.pushed_requests import is_reference
from idp.protocol.rules import client_rules, form_rules, request_rules, token_rules
from idp.protocol.rules.authorization_rules import CHECKS
from idp.protocol.rules.checks import Asked, Check
from idp.protocol.rules.nearest import how_it_differs
from idp.web.parameters import without_empty

Find = Callable[[str], Client | None]
#: What the rules of a token request cannot say without its code, its secret and a store.
BEYOND = {
    "/authorize": "signatures, pushed requests and id_token_hint",
    "/token": "the secret or key of the client, and what its code or refresh token stands for",
}
#: How each registered method shows itself in a request.
_SHOWN_BY: Mapping[str, str] = {
    "client_secret_basic": "Authorization",
    "client_secret_post": "client_secret",
    "private_key_jwt": "client_assertion",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """`refusing`: the first one is what the request would hear. `facts`: of that first one."""

    endpoint: str
    client: Client | None
    kept: tuple[Rule, ...]
    refusing: tuple[Rule, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


def walk_authorization(sent: "MultiDict[str, str]", find: Find, limit: int) -> Walk:
    """Returns what /authorize would say of it. `limit`: the longest value."""
    values = without_empty(sent)
    names, addresses = values.getlist("client_id"), values.getlist("redirect_uri")
    client = find(names[0]) if len(names) == 1 else None
    if client is None:
        broken = _one_of(names, request_rules.CLIENT_ID_MISSING, request_rules.CLIENT_ID_REPEATED)
        return _stopped("/authorize", None, broken or request_rules.CLIENT_UNKNOWN)
    kept = (request_rules.CLIENT_UNKNOWN,)
    if is_reference(values.get("request_uri", "")) or (
        client.request_object_signing_alg and "request" in values
    ):
        # What counts was pushed, or is inside what the client signed.
        return Walk(endpoint="/authorize", client=client, kept=kept, refusing=())
    if len(addresses) != 1 or addresses[0] not in client.answered_at:
        broken = _one_of(addresses, request_rules.REDIRECT_URI_MISSING, request_rules.REDIRECT_URI_REPEATED)
        facts = how_it_differs(addresses, client.redirect_uris)
        return _stopped("/authorize", client, broken or request_rules.REDIRECT_URI_UNREGISTERED, kept, facts)
    return _walked(
        "/authorize", client, values, limit, CHECKS, (*kept, request_rules.REDIRECT_URI_UNREGISTERED)
    )


def walk_token(sent: "MultiDict[str, str]", headers: Mapping[str, str], find: Find, limit: int) -> Walk:
    """Returns what /token would say of it, as far as the request itself shows it. `headers`: names in small letters."""
    values = without_empty(sent)
    shown = [name for name in ("client_secret", "client_assertion") if name in values]
    shown += ["Authorization"] if "authorization" in headers else []
    if len(shown) > 1:
        return _stopped("/token", None, client_rules.TWO_METHODS)
    client_id = values.get("client_id") or _named_by_basic(headers.get("authorization", ""))
    if not client_id:
        return _stopped("/token", None, client_rules.NOT_NAMED)
    client = find(client_id)
    if client is None:
        return _stopped("/token", None, client_rules.UNKNOWN)
    kept = (client_rules.UNKNOWN,)
    if not _proves_as_registered(client, shown):
        facts = {
            "presented": " ".join(shown) or "client_id alone",
            "registered": " ".join(client.auth_methods),
        }
        return _stopped("/token", client, client_rules.OTHER_METHOD, kept, facts)
    checks = _checks_of(values.get("grant_type", ""))
    return _walked("/token", client, values, limit, checks, (*kept, client_rules.OTHER_METHOD))


def _one_of(given: list[str], missing: Rule, repeated: Rule) -> Rule | None:
    return None if len(given) == 1 else repeated if given else missing


def _stopped(
    endpoint: str,
    client: Client | None,
    rule: Rule,
    kept: tuple[Rule, ...] = (),
    facts: Mapping[str, str] = NO_FACTS,
) -> Walk:
    return Walk(endpoint=endpoint, client=client, kept=kept, refusing=(rule,), facts=facts)


def _walked(
    endpoint: str,
    client: Client,
    values: "MultiDict[str, str]",
    limit: int,
    checks: Iterable[Check],
    kept: tuple[Rule, ...],
) -> Walk:
    try:
        parameters = form_rules.read_single(values, limit, values)
    except RuleBroken as broken:
        return _stopped(endpoint, client, broken.rule or form_rules.UNREADABLE, kept)
    asked = Asked(client=client, parameters=parameters)
    # One that needs what another rule missed is broken with it.
    found = [(check.rule, check.is_broken(asked)) for check in checks]
    passed = (*kept, form_rules.PARAMETER_REPEATED, *(rule for rule, is_broken in found if not is_broken))
    refusing = tuple(rule for rule, is_broken in found if is_broken)
    return Walk(endpoint=endpoint, client=client, kept=passed, refusing=refusing)


def _checks_of(grant_type: str) -> tuple[Check, ...]:
    of_grant = {
        "": token_rules.CHECKS[:1],
        "authorization_code": (*token_rules.CHECKS, *token_rules.CODE_CHECKS),
        "refresh_token": (*token_rules.CHECKS, *token_rules.REFRESH_CHECKS, _REGISTERED),
    }
    return of_grant.get(grant_type, token_rules.CHECKS)


_REGISTERED = Check(
    token_rules.GRANT_NOT_REGISTERED, lambda asked: "refresh_token" not in asked.client.grant_types
)


def _proves_as_registered(client: Client, shown: list[str]) -> bool:
    return any([_SHOWN_BY[name]] == shown if name in _SHOWN_BY else not shown for name in client.auth_methods)


def _named_by_basic(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    try:
        text = b64_octets(credentials.strip()).decode() if scheme.lower() == "basic" else ""
    except (NotOctets, UnicodeDecodeError):
        return ""
    return unquote_plus(text.partition(":")[0])
