"""Whatever is sent to whichever endpoint, from wherever in a sign-in: an answer of ours, and nothing of theirs in it.

The strategies (`hostile`) break a few parts of requests that are otherwise good and hold living codes, tokens and
interactions, so that the code behind the first check is reached as well.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, event, given, settings
from werkzeug.test import TestResponse

from idp.core.errors import OAuthError
from idp.web.headers import SECURITY_HEADERS
from tests.examples import examples
from tests.flows.test_charter import publish
from tests.protocol.hostile import (
    BYE,
    CALLBACK,
    CHARTER,
    MARK,
    PROXY_SECRET,
    SHOTS,
    SWEPT,
    Shot,
    World,
    register_bold,
    shots,
    swept,
)
from tests.protocol.psc import listening, person, settings_of
from tests.provider import ISSUER, Browser, Provider

#: Documents that are the same for everybody.
PUBLISHED = {"/jwks", "/.well-known/openid-configuration"}
_TYPED = ("rpps", "email", "address_line1", "address_line2", "postal_code", "city")


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Iterator[World]:
    """All doors open, enrolment too, and no limit on tries: what is measured is what a request does, not how many."""
    with listening() as psc:
        psc.lie = person(rpps="10000000108")
        much = 10**6
        house = app_factory(
            **{**every_door, **settings_of(psc)},
            enrolment_from_psc=True,
            mtls_origin="https://mtls.caducee.example",
            proxy_secret=PROXY_SECRET,
            psc_circuit_failures=much,
            psc_watch_wallet=False,
            password_free_tries=much,
            password_tries_per_day=much,
            password_failures_in_a_row=much,
            mail_code_failures_per_day=much,
        )
        register_bold(house)
        publish(house, CHARTER)
        yield World(house, psc)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_unbroken_it_reaches_the_endpoint(world: World, shot: Shot) -> None:
    """Else the property below would only prove that nonsense is refused at the door."""
    browser, answer = world.send(shot)
    assert answer.status_code == shot.deep, answer.text
    assert_ours(world, shot, browser, answer)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_no_parameter_comes_back(world: World, shot: Shot) -> None:
    """Each of them in turn, in a request that is otherwise good: what chance might miss."""
    # A browser in the middle of something costs a sign-in each time: one value is enough there.
    for value in SWEPT if shot.who == "stranger" else SWEPT[:1]:
        for broken in swept(shot, value):
            browser, answer = world.send(broken)
            assert_ours(world, broken, browser, answer)


@settings(
    max_examples=examples(250),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(shot=shots())
def test_no_request_makes_a_server_error_an_echo_or_a_way_out(world: World, shot: Shot) -> None:
    browser, answer = world.send(shot)
    event(f"{shot.name}: {answer.status_code}")
    event(f"status {answer.status_code}")
    assert_ours(world, shot, browser, answer)


def assert_ours(world: World, shot: Shot, browser: Browser, answer: TestResponse) -> None:
    """What holds of every answer."""
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert_headers(shot, answer)
    location = answer.headers.get("Location")
    if location is not None:
        assert_nowhere_else(world, location)
    if location is not None and is_same_by_get(shot, location):
        # The form turned into a GET: that answer is what counts.
        again = browser.get(location)
        return assert_ours(world, Shot(shot.name, "GET", shot.path, 0), browser, again)
    assert MARK not in without_state(location or "")
    others = [f"{name}: {value}" for name, value in answer.headers if name != "Location"]
    assert not [line for line in others if MARK in line]
    assert MARK not in without_what_must_come_back(shot, answer)
    return None


def assert_headers(shot: Shot, answer: TestResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        told = answer.headers[name]
        # Two pages are allowed one more source: the script of form_post, the frames of a logout.
        assert told.startswith(value), name
        assert "unsafe" not in told
    if shot.path not in PUBLISHED or answer.status_code != 200:
        assert answer.headers["Cache-Control"] == "no-store"
        # facts/security AZ12: no other site's script reads an answer about somebody.
        assert "Access-Control-Allow-Origin" not in answer.headers
    # RFC 9700 §4.12: no other redirect. A 307 would send on what was posted.
    assert answer.status_code == 303 or "Location" not in answer.headers
    assert "Server" not in answer.headers
    if answer.content_type == "application/json" and answer.status_code >= 400 and answer.data:
        error = answer.get_json()
        assert set(error) <= {"error", "error_description"}
        # RFC 6750 §3.1: who showed no token, or one in vain, is answered by the header.
        assert error["error"] in set(OAuthError) if error else "WWW-Authenticate" in answer.headers


def assert_nowhere_else(world: World, location: str) -> None:
    """To ourselves, or exactly to what was registered or configured."""
    if location.startswith("/"):
        assert not location.startswith(("//", "/\\"))
        return
    registered = (
        CALLBACK,
        BYE,
        "http://127.0.0.1:9999/callback",
        world.psc.discovery()["authorization_endpoint"],
    )
    assert (
        location.startswith(
            ("https://localhost:8443/card/", *(f"{place}{sign}" for place in registered for sign in "?&"))
        )
        or location in registered
    ), location


def is_same_by_get(shot: Shot, location: str) -> bool:
    return shot.method == "POST" and location.startswith(f"{shot.path}?")


def without_state(location: str) -> str:
    """`state` is the relying party's own, and goes back to its registered address alone."""
    parts = urlsplit(location)
    fields = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "state"]
    return f"{parts.scheme}://{parts.netloc}{parts.path}{parts.fragment}{fields}"


def without_what_must_come_back(shot: Shot, answer: TestResponse) -> str:
    """The body without: `state` in the form for the registered address and on the way to the one after a sign-out, what
    the person typed in its own field, and the address of the page itself in the link that changes its language."""
    if not (answer.content_type or "").startswith("text/html"):
        return answer.text
    soup = BeautifulSoup(answer.text, "html.parser")
    for form in soup.find_all("form", action=CALLBACK):
        for field in form.find_all("input", attrs={"name": "state"}):
            del field["value"]
    for name, kind in (("href", "a"), ("content", "meta")):
        for onward in soup.find_all(kind, attrs={name: re.compile(f"^(0; url=)?{re.escape(BYE)}&state=")}):
            onward[name] = without_state(str(onward[name]).removeprefix("0; url="))
    for name in _TYPED:
        for field in soup.select(f'form[action^="/interaction/"] input[name="{name}"]'):
            del field["value"]
    # As the server hands it over: octets that are no UTF-8 come back as the sign for that.
    path = (
        dict(shot.environ).get("PATH_INFO", shot.path).encode("latin-1", "replace").decode(errors="replace")
    )
    for link in soup.select('a[hreflang][href^="/"]'):
        assert not str(link["href"]).startswith(("//", "/\\"))
        if str(link["href"]).startswith((f"{shot.path}?lang=", f"{quote(path)}?lang=")):
            del link["href"]
    return str(soup)


def test_the_issuer_of_these_tests_is_the_one_of_the_house(world: World) -> None:
    assert world.house.settings.where.issuer == ISSUER


@pytest.mark.parametrize("path", ["/userinfo", "/token", "/introspect", "/interaction/x"])
def test_no_suffix_leads_to_what_is_kept_from_caches(world: World, path: str) -> None:
    """facts/security T42: a cache that goes by `.css` in the address never holds an answer about somebody."""
    token = world.tokens()["access_token"]
    browser = world.signed_in_anew()
    for suffix in ("/x.css", ";x.css", "%2fx.css", "%00.css", "/.", "/..%2f", ".css", "\\x.css"):
        answer = browser.get(f"{path}{suffix}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in {303, 404}, suffix
        assert answer.headers["Cache-Control"] == "no-store"
        assert world.house.account.identity.family_name not in answer.text
        assert world.house.account.subject not in answer.text


@pytest.mark.parametrize(
    "environ",
    [
        {"PATH_INFO": ""},
        {"PATH_INFO": "*"},
        {"PATH_INFO": "", "QUERY_STRING": "lang=en"},
        {"PATH_INFO": "/\xff\xfe"},
        {"PATH_INFO": "/authorize", "QUERY_STRING": "client_id=\xff"},
        {"PATH_INFO": "/userinfo", "QUERY_STRING": "access_token=\xff"},
    ],
)
def test_a_request_line_of_odd_octets_leads_to_no_other_host(world: World, environ: dict[str, str]) -> None:
    """What a server may hand over as it stands: no path, octets that are no UTF-8; under a host that is not ours."""
    browser = world.house.browser()
    answer = browser.client.open("/", environ_overrides={**environ, "HTTP_HOST": f"{MARK}.example"})
    assert answer.status_code in {200, 303, 400, 401, 404}
    assert answer.headers.get("Location", "/") == "/"
    assert MARK not in answer.text
