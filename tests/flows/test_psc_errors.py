"""Every error of Pro Santé Connect: the table of docs/operate.md, walked through the whole application.

The expectations are read from the document, not from the code. What each body, charset and size does to an error is in
`tests/adapters/psc/test_errors.py`.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.psc.errors import MEANINGS
from idp.core.clock import SystemClock
from idp.flows.shared.psc_refusals import REFUSALS
from idp.interaction.upstream import UpstreamFailed, UpstreamUnavailable
from sandbox.style_guide.rendering import CATALOGUES
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import HostilePsc, Lie, Reply, say_json, say_status, say_text
from tests.house.test_lists import rows
from tests.logged import logged_here
from tests.numbers import counted, looked_up
from tests.protocol.psc import facts, go, listening, person, settings_of
from tests.provider import RPPS, Browser, Provider

HEADING = "### What its errors mean"


class Row(NamedTuple):
    endpoint: str
    error: str
    whose: str
    page: str
    level: str
    outcome: str


def told() -> Iterator[Row]:
    for _cell, line in rows("operate.md", HEADING):
        endpoint, errors, whose, page, level, outcome = (cell.strip(" `") for cell in line.split("|")[1:-1])
        named = re.sub(r"\(.*\)", "", errors).replace("`", "").split()
        yield from (Row(endpoint, error, whose, page, level, outcome) for error in named)


ROWS = tuple(told())


def ids(row: Row) -> str:
    return f"{row.endpoint}-{row.error}"


def test_the_document_has_each_error_of_the_code_and_its_meaning() -> None:
    known = {(row.endpoint, row.error): row.page for row in ROWS}
    assert len(known) == len(ROWS)
    for endpoint, meanings in MEANINGS.items():
        for error, meaning in meanings.items():
            assert known.get((endpoint, error)) == meaning.reason, (endpoint, error)


def test_the_document_says_the_class_and_the_level_of_the_code() -> None:
    for row in ROWS:
        meaning = REFUSALS[row.page]
        assert (row.whose, row.level) == (meaning.whose, logging.getLevelName(meaning.level).lower()), row


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


def given(psc: HostilePsc) -> dict[str, str]:
    return {name.removeprefix("psc_"): value for name, value in settings_of(psc).items()}


def built(psc: HostilePsc, app_factory: Callable[..., Provider], **changes: Any) -> Provider:
    """Its circuits never open, and every sign-in may ask whether we are known again."""
    return app_factory(
        **settings_of(psc),
        psc_circuit_failures=10**6,
        psc_circuit_pause=timedelta(),
        psc_watch_every=timedelta(hours=1),
        psc_watch_wallet=False,
        psc_keys_pause=timedelta(),
        **changes,
    )


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return built(psc, app_factory)


@pytest.fixture(autouse=True)
def honest(psc: HostilePsc) -> None:
    psc.lie, psc.now = person(), int(time.time())


def count(outcome: str) -> float:
    return counted().get(f'caducee_psc_logins_total{{outcome="{outcome}"}}', 0)


def reply_of(row: Row) -> Reply:
    """What the endpoint answers: an error with its usual status, a bare status, or a page."""
    if row.error == "page":
        status = 200 if row.endpoint == "discovery" else 403
        return say_text("<html>Request rejected</html>", "text/html", status)
    if row.error.isdecimal():
        return say_status(int(row.error))
    status = 401 if row.error in ("invalid_client", "unauthorized_client", "invalid_token") else 400
    return say_json({"error": row.error, "error_description": f"of the person {RPPS}"}, status)


def brought_back(row: Row, callback: str) -> str:
    """The callback with this error in place of its code."""
    if row.endpoint != "callback":
        return callback
    error = {"error": row.error}
    if row.error == "authentication_expired":
        error = {"error": "temporarily_unavailable", "error_description": row.error}
    return re.sub(r"code=[^&]*", urlencode(error), callback)


def lie_of(row: Row) -> Lie:
    honest = person()
    if row.endpoint == "callback":
        return honest
    if row.error == "two_rpps":
        linked = [{"identifiant": "810000000025", "origine": "RPPS"}]
        return replace(honest, userinfo={**honest.userinfo, "otherIds": linked})
    # An unknown `kid` makes us fetch the keys.
    header = {"kid": f"new-{row.error}"} if row.endpoint == "jwks" else {}
    if row.error == "unusable":
        return replace(honest, header=header, keys={"keys": []})
    return replace(honest, header=header, instead={row.endpoint: reply_of(row)})


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None
    return " ".join(heading.get_text().split())


def title_of(reason: str) -> str:
    return " ".join(CATALOGUES.translator("fr")(f"psc.{reason}.title").split())


def returned(browser: Browser, psc: HostilePsc, row: Row, page: TestResponse) -> TestResponse:
    """One round: to Pro Santé Connect, and back with the error."""
    psc.lie = person()
    callback = go(browser, psc, page)
    psc.lie = lie_of(row)
    return browser.get(brought_back(row, callback))


@pytest.mark.parametrize("row", [row for row in ROWS if row.endpoint not in ("discovery", "par")], ids=ids)
def test_error_has_the_page_the_line_and_the_number_of_its_row(
    house: Provider, psc: HostilePsc, row: Row
) -> None:
    browser, before = house.browser(), count(row.outcome)
    with logged_here() as logs:
        answer = returned(browser, psc, row, browser.follow(browser.authorize()))
        if row.whose == "again":
            # Once without a word: the browser is there again.
            assert answer.headers["Location"].startswith(f"{psc.origin}/auth?")
            assert [one["event"] for one in logs] == ["psc_begun_again"]
            callback = f"/psc/callback?{urlencode(psc.authorize(answer.headers['Location']))}"
            answer = browser.get(brought_back(row, callback))
    (line,) = [one for one in logs if one["event"] == "psc_refused"]
    assert (title(answer), answer.status_code) == (title_of(row.page), REFUSALS[row.page].status)
    assert (line["log_level"], line["reason"], line["whose"]) == (row.level, row.page, row.whose)
    assert facts(house, "psc:login:refused")[-1]["reason"] == row.page
    assert count(row.outcome) == before + (2 if row.whose == "again" else 1)
    # The operator reads what was received; the person never does, and nothing of a person is in the line.
    is_word = not row.error.isdecimal() and row.error not in ("page", "two_rpps", "unusable")
    assert not is_word or (row.error in line["detail"] and row.error not in answer.text)
    assert RPPS not in line["detail"]


DOCUMENTS: dict[str, tuple[Lie, str]] = {
    "issuer": (Lie(discovery={"issuer": "https://auth.evil.example"}), 'issuer "https://auth.evil.example"'),
    "missing": (Lie(discovery={"token_endpoint": ...}), "token_endpoint none"),
    "array": (Lie(instead={"discovery": say_json([])}), "not a JSON object"),
    "text": (Lie(instead={"discovery": say_text("hello", "text/plain")}), 'not a JSON answer ("text/plain")'),
}


def lie_of_document(row: Row) -> Lie:
    return DOCUMENTS[row.error][0] if row.error in DOCUMENTS else lie_of(row)


OF_DOCUMENTS = [row for row in ROWS if row.endpoint == "discovery"]


@pytest.mark.parametrize("row", OF_DOCUMENTS, ids=ids)
def test_document_fails_as_its_row_says_and_the_log_names_the_member(psc: HostilePsc, row: Row) -> None:
    psc.lie = lie_of_document(row)
    provider = psc_provider(psc_chosen(**given(psc)), clock=SystemClock())
    with logged_here() as logs, pytest.raises(UpstreamUnavailable) as caught:
        provider.begin(fresh=False)
    assert caught.value.reason == row.page
    assert provider.is_misconfigured() is (row.whose == "ours")
    faults = [one["fault"] for one in logs if one["event"] == "psc_discovery_unusable"]
    assert bool(faults) is (row.whose == "ours")
    assert all(DOCUMENTS[row.error][1] in fault for fault in faults if row.error in DOCUMENTS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.endpoint == "par"], ids=ids)
def test_request_that_cannot_be_pushed_fails_as_its_row_says(psc: HostilePsc, row: Row) -> None:
    psc.lie = replace(lie_of(row), discovery={"require_pushed_authorization_requests": True})
    provider = psc_provider(psc_chosen(**given(psc)), clock=SystemClock())
    with pytest.raises(UpstreamFailed) as caught:
        provider.begin(fresh=False)
    assert caught.value.reason == row.page
    assert str(caught.value).startswith("par: ")


# Every other row is known by its reason, and each of these pages is the page of its reason.
@pytest.mark.parametrize("row", [row for row in OF_DOCUMENTS if row.error in ("missing", "503")], ids=ids)
def test_document_has_the_page_the_line_and_the_health_of_its_row(
    psc: HostilePsc, app_factory: Callable[..., Provider], row: Row
) -> None:
    house = built(psc, app_factory)
    psc.lie = lie_of_document(row)
    browser = house.browser()
    page = browser.follow(browser.authorize())
    with logged_here() as logs:
        answer = browser.submit(page, "/psc")
    (line,) = [one for one in logs if one["event"] == "psc_refused"]
    assert (title(answer), answer.status_code) == (title_of(row.page), 503)
    assert (line["log_level"], line["reason"], line["whose"]) == (row.level, row.page, row.whose)
    is_ours = row.whose == "ours"
    assert looked_up(house)["caducee_psc_misconfigured"] == int(is_ours)
    if is_ours:
        assert "panne" not in answer.text
        assert line["incident"] in answer.text
        assert looked_up(house)["caducee_psc_up"] == 0
        assert house.health() == "degraded"
        choice = browser.follow(browser.authorize()).text
        assert "panne" not in choice
        assert "un réglage est à corriger par nos équipes" in choice
