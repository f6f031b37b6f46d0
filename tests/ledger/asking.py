"""What an application asks of the provider by itself, and what its answer means.

Contains `/token` and `/revoke`, the two applications of the ledger. Not here: pages, persons.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import requests

from tests.demonstration import Demonstration
from tests.journeys.own_party import OwnParty
from tests.ledger.book import Ledger, Outcome

#: A client without a secret.
PUBLIC = "ledger"
NO_ANSWER = (requests.ConnectionError, requests.Timeout)
_TIMEOUT_SECONDS = 15
_of_this_thread = threading.local()

Tokens = dict[str, Any]


def public_party(demo: Demonstration) -> OwnParty:
    """`Region.register` made it known."""
    return replace(OwnParty.of(demo), client_id=PUBLIC, client_secret="")


def parties_of(demo: Demonstration) -> Sequence[OwnParty]:
    return OwnParty.of(demo), public_party(demo)


def ask_for_tokens(
    ledger: Ledger, act: str, party: OwnParty, form: Mapping[str, str]
) -> tuple[Outcome, Tokens | None]:
    """Returns what is known, and the tokens if some were given; the ledger has counted it."""
    began = time.monotonic()
    outcome, tokens = _answer(party, form)
    ledger.count(act, outcome, time.monotonic() - began)
    return outcome, tokens


def redemption(party: OwnParty, code: str) -> Mapping[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": party.redirect_uri,
        "code_verifier": party.verifier,
    }


def refreshing(token: str) -> Mapping[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


def revoke(ledger: Ledger, party: OwnParty, token: str) -> Outcome:
    """Raises what NO_ANSWER names."""
    began = time.monotonic()
    outcome = outcome_of(_post(party, "/revoke", {"token": token}))
    ledger.count("revoke", outcome, time.monotonic() - began)
    return outcome


def what_became_of(party: OwnParty, token: str) -> Outcome:
    """Of a refresh token, when everything is over."""
    return _answer(party, refreshing(token))[0]


def outcome_of(answer: requests.Response) -> Outcome:
    if answer.status_code == 200:
        return Outcome.ACKNOWLEDGED
    return Outcome.REFUSED if answer.status_code < 500 else Outcome.UNAVAILABLE


def _answer(party: OwnParty, form: Mapping[str, str]) -> tuple[Outcome, Tokens | None]:
    try:
        answer = _post(party, "/token", form)
    except NO_ANSWER:
        return Outcome.UNKNOWN, None
    return outcome_of(answer), answer.json() if answer.status_code == 200 else None


def _post(party: OwnParty, path: str, form: Mapping[str, str]) -> requests.Response:
    is_public = not party.client_secret
    return _connection().post(
        f"{party.issuer}{path}",
        {**form, "client_id": party.client_id} if is_public else dict(form),
        auth=None if is_public else (party.client_id, party.client_secret),
        timeout=_TIMEOUT_SECONDS,
    )


def _connection() -> requests.Session:
    """Kept open to nginx, which outlives every damage."""
    found = getattr(_of_this_thread, "session", None)
    if found is None:
        found = _of_this_thread.session = requests.Session()
    return found  # type: ignore[no-any-return]
