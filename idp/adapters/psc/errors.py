"""What each error of Pro Santé Connect means: one table.

Contains every error that RFC 6749, RFC 6750 and OpenID Connect Core name, by the endpoint that says it; what the log
shows of a received value. Not here: what the person sees of each meaning (`flows/shared/psc_refusals`).
"""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer
from idp.interaction.upstream import (
    UpstreamFailed,
    UpstreamMisconfigured,
    UpstreamRefusal,
    UpstreamRefused,
    UpstreamUnavailable,
)


class Meaning(NamedTuple):
    reason: UpstreamRefusal
    #: What the operator does.
    advice: str = ""


_REFUSED = Meaning(UpstreamRefusal.REFUSED)
_AGAIN = Meaning(UpstreamRefusal.EXPIRED)
_OUT = Meaning(UpstreamRefusal.UNAVAILABLE)


def _ours(advice: str) -> Meaning:
    return Meaning(UpstreamRefusal.MISCONFIGURED, advice)


_CLIENT = _ours(
    "compare PSC_CLIENT_ID, PSC_CLIENT_AUTHENTICATION and our secret or certificate with what Pro Santé Connect "
    "registered; `idp psc check` tries them"
)
_REGISTRATION = _ours("compare our registration there with what `idp psc check` prints")
_SCOPE = _ours("PSC_SCOPE names what our registration there does not allow")
_REQUEST = _ours(
    "it does not take our request: compare PSC_ACR_VALUES and PSC_SCOPE with our registration there"
)
_ADDRESS = _ours(
    "no such endpoint there: `idp psc check` compares PSC_TOKEN_ENDPOINT and PSC_USERINFO_ENDPOINT"
)

#: By endpoint and error. "callback": what the browser brings back. An error that is not here is a refusal.
MEANINGS: Mapping[str, Mapping[str, Meaning]] = {
    "callback": {
        # RFC 6749 §4.1.2.1.
        "invalid_request": _REQUEST,
        "unauthorized_client": _REGISTRATION,
        "access_denied": Meaning(UpstreamRefusal.CANCELLED),
        "unsupported_response_type": _REGISTRATION,
        "invalid_scope": _SCOPE,
        "server_error": _OUT,
        "temporarily_unavailable": _OUT,
        # Core §3.1.2.6. The first four answer `prompt=none`, which a sign-in never sends: its session ended meanwhile.
        "interaction_required": _AGAIN,
        "login_required": _AGAIN,
        "account_selection_required": _AGAIN,
        "consent_required": _AGAIN,
        "invalid_request_uri": _REQUEST,
        "invalid_request_object": _REQUEST,
        "request_not_supported": _REQUEST,
        "request_uri_not_supported": _REQUEST,
        "registration_not_supported": _REQUEST,
        # OpenID Connect Core Unmet Authentication Requirements §3.
        "unmet_authentication_requirements": _REFUSED,
    },
    "token": {
        # RFC 6749 §5.2.
        "invalid_request": _REQUEST,
        "invalid_client": _CLIENT,
        # The code is too old, or was used (facts/psc §9): the identification itself was right.
        "invalid_grant": _AGAIN,
        # Keycloak's word for a wrong secret or certificate (facts/psc §5).
        "unauthorized_client": _CLIENT,
        "unsupported_grant_type": _REGISTRATION,
        "invalid_scope": _SCOPE,
    },
    "par": {
        # RFC 9126 §2.3: the errors of both endpoints above.
        "invalid_request": _REQUEST,
        "invalid_client": _CLIENT,
        "unauthorized_client": _CLIENT,
        "unsupported_response_type": _REGISTRATION,
        "invalid_scope": _SCOPE,
        "request_not_supported": _REQUEST,
    },
    "userinfo": {
        # RFC 6750 §3.1.
        "invalid_request": _REFUSED,
        "invalid_token": _REFUSED,
        "insufficient_scope": _SCOPE,
    },
}

#: An answer without such an error. RFC 6749 §5.2: the token endpoint says 401 of a client, and of nothing else.
BY_STATUS: Mapping[str, Mapping[int, Meaning]] = {
    "token": {401: _CLIENT, 404: _ADDRESS, 405: _ADDRESS},
    "par": {401: _CLIENT, 404: _ADDRESS, 405: _ADDRESS},
    "userinfo": {404: _ADDRESS, 405: _ADDRESS},
}

#: The token endpoint refused us before it looked at the code, which a person at a browser chooses.
CLIENT_REFUSED = _CLIENT

#: Keycloak's description of `temporarily_unavailable` when the person signed in in another tab: begin again.
_AUTHENTICATION_EXPIRED = "authentication_expired"

# RFC 6749 §5.2 has %x20-21 / %x23-5B / %x5D-7E. A number, or a long word, could be of a person or a secret.
_CODE = re.compile(r"[a-z_]{1,40}")
_UNSHOWN = re.compile(r"[^ !#-\[\]-~]")
_PRIVATE = re.compile(r"[0-9]{6,}|[^ /]{41,}")
_LONGEST = 100

_EXCEPTIONS: Mapping[UpstreamRefusal, type[UpstreamUnavailable]] = {
    UpstreamRefusal.UNAVAILABLE: UpstreamUnavailable,
    UpstreamRefusal.MISCONFIGURED: UpstreamMisconfigured,
}


def shown(value: object) -> str:
    """Returns a received value for the log: bounded, of plain characters, without what may be of a person or secret."""
    if not isinstance(value, str):
        return "none" if value is None else f"of type {type(value).__name__}"
    text = _PRIVATE.sub("…", _UNSHOWN.sub("?", value[: 2 * _LONGEST]))
    return f'"{text[:_LONGEST]}"'


def failure_of(meaning: Meaning, detail: str) -> UpstreamFailed:
    """Returns the exception to raise."""
    told = f"{detail}; {meaning.advice}" if meaning.advice else detail
    kind = _EXCEPTIONS.get(meaning.reason)
    return kind(told) if kind else UpstreamRefused(meaning.reason, told)


def callback_failure(error: object, description: object) -> UpstreamFailed:
    """Returns the failure that the browser brought back."""
    meaning = MEANINGS["callback"].get(str(error), _REFUSED)
    if error == "temporarily_unavailable" and description == _AUTHENTICATION_EXPIRED:
        meaning = _AGAIN
    return failure_of(meaning, f"callback: {_told(error, description)}")


def meaning_of(endpoint: str, answer: HttpAnswer) -> tuple[Meaning, str]:
    """Returns what an answer that is no success means, and what the log says of it."""
    detail = f"{endpoint}: status {answer.status}"
    is_refusal = 400 <= answer.status < 500 and answer.status not in (408, 429)
    # A page comes from a proxy in front of it, which knows nothing of us.
    if not is_refusal or answer.is_page:
        return _OUT, detail
    document = _object_of(answer)
    error = document.get("error")
    by_status = BY_STATUS[endpoint].get(answer.status, _REFUSED)
    meaning = MEANINGS[endpoint].get(str(error), by_status)
    return meaning, f"{detail}, {_told(error, document.get('error_description'))}"


def error_in(answer: HttpAnswer) -> str:
    """Returns the error code of an answer."""
    return _told(_object_of(answer).get("error"), None)


def code_of(error: object) -> str:
    return error if isinstance(error, str) and _CODE.fullmatch(error) else "unregistered error"


def _told(error: object, description: object) -> str:
    code = code_of(error)
    return f"{code} {shown(description)}" if description else code


def _object_of(answer: HttpAnswer) -> Mapping[str, object]:
    try:
        document = answer.json()
    except NoUsableAnswer:
        document = _decoded(answer.body)
    return document if isinstance(document, dict) else {}


def _decoded(body: bytes) -> object:
    # RFC 8259 §8.1 wants UTF-8. A description in another charset does not hide the error, which is ASCII.
    try:
        return json.loads(body.decode(json.detect_encoding(body), "replace"))
    except (ValueError, RecursionError):
        return None
