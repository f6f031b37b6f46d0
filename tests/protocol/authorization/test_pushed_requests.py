"""/par (RFC 9126): a reference for the client that pushed, for one code, for a short time."""

import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pytest
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.protocol.authorization.pushed_requests import PushedRequests
from tests.fakes import FixedClock, MemoryStore
from tests.provider import (
    ISSUER,
    REDIRECT,
    RP,
    SECRETS,
    VERIFIER,
    Provider,
    answer_of,
    authorization,
    basic,
)  # fmt: skip

REQUIRED = f"""\
  - client_id: pusher
    client_name: Pusher
    client_uri: https://pusher.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["https://pusher.example/callback"]
    require_pushed_authorization_requests: true
"""
PUSHER = {"client_id": "pusher", "redirect_uri": "https://pusher.example/callback"}


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    path = made.settings.where.clients_file
    path.write_text(path.read_text() + REQUIRED)
    return made


def push(provider: Provider, client: str = RP, /, **changes: str | None) -> TestResponse:
    headers = basic(client, SECRETS.get(client, SECRETS[RP]))
    return Client(provider.app, TestResponse).post(
        "/par", base_url=ISSUER, data=authorization(**changes), headers=headers
    )


def come(provider: Provider, request_uri: str, client: str = RP, **more: str) -> TestResponse:
    query = urlencode({"client_id": client, "request_uri": request_uri, **more})
    return provider.browser().get(f"/authorize?{query}")


def test_a_pushed_request_is_answered_by_a_reference(provider: Provider) -> None:
    """RFC 9126 §2.2."""
    response = push(provider)
    assert response.status_code == 201
    answer = response.get_json()
    assert set(answer) == {"request_uri", "expires_in"}
    assert answer["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len(answer["request_uri"].rpartition(":")[2]) >= 43  # 256 bits
    assert answer["expires_in"] == 60
    assert response.headers["Cache-Control"] == "no-store"


def test_the_browser_brings_the_reference_and_signs_in(provider: Provider) -> None:
    browser = provider.browser()
    query = urlencode({"client_id": RP, "request_uri": push(provider).get_json()["request_uri"]})
    answer = answer_of(browser.prove(browser.follow(browser.get(f"/authorize?{query}"))))
    assert answer["state"] == authorization()["state"]
    assert provider.exchange(answer["code"]).status_code == 200


def test_what_stands_beside_the_reference_counts_for_nothing(provider: Provider) -> None:
    """§4 and RFC 9101 §6.3: only what was pushed."""
    request_uri = push(provider, state="pushed").get_json()["request_uri"]
    answer = answer_of(come(provider, request_uri, state="beside", prompt="none", scope="email"))
    assert "error" not in answer or answer["state"] == "pushed"
    silent = push(provider, state="pushed", prompt="none").get_json()["request_uri"]
    assert answer_of(come(provider, silent, state="beside"))["state"] == "pushed"


def test_a_request_object_beside_the_reference_is_refused_and_uses_nothing_up(provider: Provider) -> None:
    """RFC 9101 §5: one of the two; which of them counted would be anybody's guess."""
    request_uri = push(provider).get_json()["request_uri"]
    refused = answer_of(come(provider, request_uri, request="a.b.c", redirect_uri=REDIRECT, state="s"))
    assert (refused["error"], refused["state"]) == ("invalid_request", "s")
    # Without an address beside it there is nowhere to answer.
    assert come(provider, request_uri, request="a.b.c").status_code == 400
    assert come(provider, request_uri).status_code == 303


def test_a_reference_opens_again_until_somebody_signed_in(provider: Provider) -> None:
    """RFC 9126 §4, FAPI 2.0 §5.3.2.2: a page reloaded, a link opened twice, in this browser or another."""
    request_uri = push(provider).get_json()["request_uri"]
    assert [come(provider, request_uri).status_code for _ in range(3)] == [303, 303, 303]
    browser = provider.browser()
    query = f"/authorize?{urlencode({'client_id': RP, 'request_uri': request_uri})}"
    browser.follow(browser.get(query))
    answer = answer_of(browser.prove(browser.follow(browser.get(query))))
    assert provider.exchange(answer["code"]).status_code == 200


@pytest.mark.parametrize("mode", ["query", "jwt", "form_post", "form_post.jwt"])
def test_a_reference_that_brought_its_code_is_told_there_in_its_response_mode(
    provider: Provider, mode: str
) -> None:
    request_uri = push(provider, response_mode=mode, state="mine").get_json()["request_uri"]
    first, second = provider.browser(), provider.browser()
    query = f"/authorize?{urlencode({'client_id': RP, 'request_uri': request_uri, 'response_mode': 'query'})}"
    pages = [browser.follow(browser.get(query)) for browser in (first, second)]
    assert told(first.prove(pages[0]))["state"] == "mine"
    # Whoever began in time hears it at the end, and who comes now at once.
    for late in (second.prove(pages[1]), provider.browser().get(query)):
        heard = told(late)
        assert (heard["error"], heard["state"], "code" in heard) == ("invalid_request_uri", "mine", False)


def told(response: TestResponse) -> dict[str, str]:
    """What the application hears, in whichever mode."""
    if response.status_code == 303:
        assert response.headers["Location"].startswith(f"{REDIRECT}?")
        heard = answer_of(response)
    else:
        form = BeautifulSoup(response.text, "html.parser").form
        assert form is not None
        assert form["action"] == REDIRECT
        heard = {str(field["name"]): str(field["value"]) for field in form.select("input[name]")}
    if "response" not in heard:
        return heard
    claims: dict[str, str] = jwt.decode(heard["response"], options={"verify_signature": False})
    return claims


def test_a_reference_brings_one_code_whoever_ends_first() -> None:
    store = MemoryStore(FixedClock())
    requests = PushedRequests(store, timedelta(seconds=60), timedelta(minutes=15))
    parameters = {"redirect_uri": REDIRECT}
    said = [requests.use_up("urn:x", RP, parameters) for _ in range(3)]
    assert said == [True, False, False]
    assert requests.use_up("urn:x", "grand-age", parameters)


def test_a_silent_request_that_nobody_answered_does_not_use_it_up(provider: Provider) -> None:
    request_uri = push(provider, prompt="none").get_json()["request_uri"]
    for _ in range(2):
        assert answer_of(come(provider, request_uri))["error"] == "login_required"


def test_a_used_reference_is_told_to_the_application_when_it_says_where(provider: Provider) -> None:
    answer = answer_of(come(provider, "urn:ietf:params:oauth:request_uri:used", redirect_uri=REDIRECT))
    assert answer["error"] == "invalid_request_uri"


def test_a_used_reference_beside_a_stranger_s_address_goes_nowhere(provider: Provider) -> None:
    page = come(provider, "urn:ietf:params:oauth:request_uri:used", redirect_uri="https://evil.example/")
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_a_reference_ends(app_factory: Callable[..., Provider]) -> None:
    short = app_factory(pushed_request_life=timedelta(seconds=1))
    request_uri = push(short).get_json()["request_uri"]
    time.sleep(1.1)
    assert come(short, request_uri).status_code == 410


def test_another_client_neither_opens_a_reference_nor_spoils_it(provider: Provider) -> None:
    request_uri = push(provider).get_json()["request_uri"]
    assert come(provider, request_uri, "grand-age").status_code == 410
    assert come(provider, request_uri).status_code == 303


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"scope": "email"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"idp_hint": "evil"}, "invalid_request"),
        ({"idp_hint": "psc"}, "invalid_request"),  # closed in this house
        ({"state": "a" * 9000}, "invalid_request"),
    ],
)
def test_what_authorize_would_refuse_is_refused_when_pushed(
    provider: Provider, changes: dict[str, str | None], error: str
) -> None:
    response = push(provider, **changes)
    assert (response.status_code, response.get_json()["error"]) == (400, error)
    assert "evil" not in response.text


def test_a_hint_that_was_pushed_leads_to_its_door(provider: Provider) -> None:
    request_uri = push(provider, idp_hint="password").get_json()["request_uri"]
    # Beside the reference nothing counts, a second hint neither.
    for more in ({}, {"idp_hint": "evil"}):
        assert come(provider, request_uri, **more).headers["Location"].endswith("/door")


def test_nobody_pushes_in_the_name_of_another(provider: Provider) -> None:
    response = push(provider, "grand-age")  # its secret, the client_id of ViaTrajectoire in the form
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    wrong = Client(provider.app, TestResponse).post(
        "/par", base_url=ISSUER, data=authorization(), headers=basic(RP, "x" * 43)
    )
    assert wrong.status_code == 401
    assert "WWW-Authenticate" in wrong.headers


def test_a_client_that_authenticates_in_the_form_leaves_no_secret_in_its_request(provider: Provider) -> None:
    form = authorization(client_id="poster", redirect_uri="https://poster.example/callback")
    response = Client(provider.app, TestResponse).post(
        "/par", base_url=ISSUER, data={**form, "client_secret": SECRETS["poster"]}
    )
    assert response.status_code == 201
    with provider.database.connect() as connection:
        stored = connection.exec_driver_sql(
            "select value from ephemeral where kind = 'pushed_request'"
        ).scalars()
        assert not any(SECRETS["poster"] in value for value in stored)


def test_a_public_client_may_push(provider: Provider) -> None:
    form = authorization(client_id="public", redirect_uri="http://127.0.0.1:9999/callback")
    response = Client(provider.app, TestResponse).post("/par", base_url=ISSUER, data=form)
    assert response.status_code == 201


def test_a_client_that_must_push_cannot_send_its_request_by_the_browser(provider: Provider) -> None:
    answer = answer_of(provider.browser().authorize(**PUSHER))
    assert answer["error"] == "invalid_request"
    assert (
        come(provider, push(provider, "pusher", **PUSHER).get_json()["request_uri"], "pusher").status_code
        == 303
    )


def test_an_expired_interaction_of_a_client_that_must_push_can_be_begun_again(
    app_factory: Callable[..., Provider],
) -> None:
    short = app_factory(interaction_life=timedelta(seconds=1))
    path = short.settings.where.clients_file
    path.write_text(path.read_text() + REQUIRED)
    browser = short.browser()
    request_uri = push(short, "pusher", **PUSHER).get_json()["request_uri"]
    page = browser.follow(
        browser.get("/authorize?" + urlencode({"client_id": "pusher", "request_uri": request_uri}))
    )
    time.sleep(1.1)
    expired = browser.submit(page, "/password", rpps="10000000017", password="x")
    assert expired.status_code == 410
    assert browser.submit(expired, "/restart").status_code == 200


def test_the_whole_flow_of_a_pushed_request_keeps_pkce(provider: Provider) -> None:
    browser = provider.browser()
    query = urlencode({"client_id": RP, "request_uri": push(provider).get_json()["request_uri"]})
    code = answer_of(browser.prove(browser.follow(browser.get(f"/authorize?{query}"))))["code"]
    assert provider.exchange(code, code_verifier="w" * 43).get_json()["error"] == "invalid_grant"
    assert VERIFIER != "w" * 43


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_pushes(provider: Provider, method: str) -> None:
    response = Client(provider.app, TestResponse).open("/par", method=method, base_url=ISSUER)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
