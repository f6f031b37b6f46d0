"""Contains the rules for the parameters of any request: each once, none too long. Not here: what they mean."""

from collections.abc import Iterable, Mapping

from werkzeug.datastructures import MultiDict

from idp.core.errors import OAuthError, Rule, RuleBroken
from idp.web.parameters import single_valued

FORM_TYPE = Rule(
    id="form_type",
    error=OAuthError.INVALID_REQUEST,
    description="the body must be application/x-www-form-urlencoded",
    cure="Send the parameters as a form, with that Content-Type: neither JSON nor multipart.",
    clause="RFC 6749 §3.2",
)
BODY_TOO_LARGE = Rule(
    id="body_too_large",
    error=OAuthError.INVALID_REQUEST,
    description="the body is too large",
    cure="Send only what the endpoint asks for.",
    clause="RFC 6749 §3.2",
)
PARAMETER_REPEATED = Rule(
    id="parameter_repeated",
    error=OAuthError.INVALID_REQUEST,
    description="{parameter} is given more than once",
    cure="Give each parameter once; something in front of the application may add one a second time.",
    clause="RFC 6749 §3.1",
)
PARAMETER_TOO_LONG = Rule(
    id="parameter_too_long",
    error=OAuthError.INVALID_REQUEST,
    description="{parameter} is too long",
    cure="Shorten it: an application keeps its own state, and sends the name of it.",
    clause="RFC 6749 §3.1",
)
REQUEST_TOO_LONG = Rule(
    id="request_too_long",
    error=OAuthError.INVALID_REQUEST,
    description="the request is too long",
    cure="Shorten state, nonce and claims, or push the request to /par.",
    clause="RFC 6749 §3.1",
)
UNREADABLE = Rule(
    id="request_malformed",
    error=OAuthError.INVALID_REQUEST,
    description="the request is malformed",
    cure="Compare the request with an example of OpenID Connect Core §3.1.2.1.",
    clause="Core §3.1.2.2",
)


def read_single(values: "MultiDict[str, str]", limit: int, known: Iterable[str]) -> dict[str, str]:
    """Returns each parameter by its name. Raises RuleBroken, which names the parameter if it is a known one."""
    try:
        return single_valued(values, limit)
    except ValueError as error:
        found: Mapping[str, list[str]] = {name: values.getlist(name) for name in sorted(known)}
        repeated = [name for name, given in found.items() if len(given) > 1]
        is_repeated = any(len(given) > 1 for given in values.listvalues())
        if is_repeated:
            raise RuleBroken(PARAMETER_REPEATED, parameter=_named(repeated)) from error
        long = [name for name, given in found.items() if given and len(given[0]) > limit]
        raise RuleBroken(PARAMETER_TOO_LONG, parameter=_named(long)) from error


def _named(names: list[str]) -> str:
    return names[0] if names else "a parameter"
