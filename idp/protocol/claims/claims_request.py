"""Contains the `claims` parameter (OpenID Connect Core §5.5): single claims, an essential acr, an expected `sub`.

A claim that the client may not get is ignored like an unknown one: the parameter reaches no other attribute
(facts/security AZ14, AC2). Not here: the values (`account_claims`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.clients.registry import Client
from idp.core.errors import ClientError, OAuthError, Rule, RuleBroken
from idp.core.texts import read_json
from idp.interaction.authenticator import Acr
from idp.protocol.jose.compact_jws import STRICT

#: claims → place → claim → values → value.
_DEEPEST = 5

CLAIMS_MALFORMED = Rule(
    id="claims_malformed",
    error=OAuthError.INVALID_REQUEST,
    description="claims is malformed: a JSON object with id_token and userinfo, each an object of claims",
    cure="Write the claims as Core §5.5 shows them; no member twice, `values` a list of strings.",
    clause="Core §5.5",
)
ESSENTIAL_ACR_UNKNOWN = Rule(
    id="essential_acr_unknown",
    error=OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS,
    description="none of the essential acr values can be reached",
    cure="Ask for one of `acr_values_supported` of the discovery document.",
    clause="Core §5.5.1.1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    #: Only these are accepted; empty: no condition.
    essential_acr: tuple[Acr, ...] = ()
    subject: str | None = None


def _malformed() -> ClientError:
    return RuleBroken(CLAIMS_MALFORMED)


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether the value has more levels than that. Looks no deeper than the bound."""
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _parsed(text: str) -> dict[str, dict[str, Any]]:
    try:
        # RFC 8259 §4: of two members of one name, each reader takes another. A condition must not be read in two ways.
        value = read_json(text, **STRICT)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(value, dict) or _is_deeper(value, _DEEPEST):
        raise _malformed()
    found = {}
    for place in ("id_token", "userinfo"):
        members = {} if value.get(place) is None else value[place]
        if not isinstance(members, dict) or not all(
            member is None or isinstance(member, dict) for member in members.values()
        ):
            raise _malformed()
        found[place] = members
    return found


def _values(member: Mapping[str, Any] | None) -> list[str]:
    """Returns `value` and `values` of one claim. Raises ClientError."""
    if member is None:
        return []
    values = member.get("values", [])
    found = [*values, member["value"]] if "value" in member and isinstance(values, list) else values
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        raise _malformed()
    return found


def _essential_acr(member: Mapping[str, Any] | None) -> tuple[Acr, ...]:
    """Returns the essential acr values, a condition (Core §5.5.1.1). Raises ClientError when we know none of them."""
    values = _values(member)
    if member is None or member.get("essential") is not True or not values:
        return ()
    known = tuple(acr for acr in Acr if str(acr) in values)
    if not known:
        raise RuleBroken(ESSENTIAL_ACR_UNKNOWN)
    return known


def _subject(parsed: Mapping[str, Mapping[str, Any]]) -> str | None:
    wanted = {value for place in parsed.values() for value in _values(place.get("sub"))}
    # Core §2: at most 255 ASCII characters.
    if len(wanted) > 1 or not all(re.fullmatch(r"[!-~]{1,255}", value) for value in wanted):
        raise _malformed()
    return next(iter(wanted), None)


def read_claims_request(text: str | None, client: Client) -> ClaimsRequest:
    """Returns what the parameter asks for, cut to the client. Raises ClientError."""
    if not text:
        return ClaimsRequest()
    parsed = _parsed(text)
    allowed = client.releasable - {"sub"}
    return ClaimsRequest(
        id_token=tuple(name for name in parsed["id_token"] if name in allowed),
        userinfo=tuple(name for name in parsed["userinfo"] if name in allowed),
        essential_acr=_essential_acr(parsed["id_token"].get("acr")),
        subject=_subject(parsed),
    )
