"""What anybody may have kept without proving anything is bounded, in number by network and in size.

A hundred requests of 15 kB made 1.5 MiB, kept for 75 minutes.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.schema import ephemeral
from tests.provider import ISSUER, RP, SECRETS, Browser, Provider, answer_of, authorization, basic

LONG = 15_000


@pytest.fixture
def narrow(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(
        sign_ins_per_ip=2,
        crowded_networks=("192.0.2.0/24",),
        crowded_networks_factor=2,
        trusted_proxy_hops=1,
    )


def ask(house: Provider, address: str = "198.51.100.7", **changes: str) -> TestResponse:
    from urllib.parse import urlencode

    query = urlencode(authorization(**changes))
    return Client(house.app, TestResponse).get(
        f"/authorize?{query}", base_url=ISSUER, headers={"X-Forwarded-For": address}
    )


def kept(house: Provider, kind: str) -> list[str]:
    asked = sa.select(ephemeral.c.value).where(ephemeral.c.kind == kind)
    with house.database.connect() as connection:
        return list(connection.execute(asked).scalars())


def test_a_network_that_began_too_many_is_told_so_kindly_and_nothing_is_kept(narrow: Provider) -> None:
    assert [ask(narrow).status_code for _ in range(5)] == [303, 303, 429, 429, 429]
    assert len(kept(narrow, "interaction")) == 2
    page = ask(narrow)
    assert (page.headers["Retry-After"], "Beaucoup de connexions" in page.text) == ("60", True)
    links = {str(link["href"]) for link in BeautifulSoup(page.text, "html.parser").select("a.button")}
    # Again at this very address, or back to the application.
    assert links == {"", "https://trajectoire.example/"}


def test_another_address_and_a_network_that_was_named_are_not_touched(narrow: Provider) -> None:
    for _ in range(3):
        ask(narrow)
    assert ask(narrow, "198.51.100.8").status_code == 303
    assert [ask(narrow, "192.0.2.7:443").status_code for _ in range(5)] == [303] * 4 + [429]


def test_new_cookies_are_no_new_callers(narrow: Provider) -> None:
    """Also where the proxy tells no address: the bound is then that of a crowd."""
    assert [ask(narrow, "unknown").status_code for _ in range(5)] == [303] * 4 + [429]


def test_what_keeps_nothing_is_not_counted(narrow: Provider) -> None:
    """Relying parties that poll with prompt=none, requests that are refused."""
    for _ in range(5):
        assert answer_of(ask(narrow, prompt="none"))["error"] == "login_required"
        assert answer_of(ask(narrow, scope="profile"))["error"] == "invalid_scope"
    assert ask(narrow).status_code == 303


def test_a_person_who_is_signed_in_comes_and_goes_as_they_like(app_factory: Callable[..., Provider]) -> None:
    house = app_factory(sign_ins_per_ip=1, crowded_networks_factor=1)
    browser = house.browser()
    browser.sign_in()
    for _ in range(3):
        assert answer_of(browser.authorize())["code"]


def test_no_form_that_a_stranger_sends_without_end_makes_us_keep_anything(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    limits = {"sign_ins_per_ip": 1, "crowded_networks_factor": 1, "attempts_per_sign_in": 1}
    house = app_factory(**every_door, **limits)
    assert house.parts is not None
    browser, interactions = house.browser(), house.parts.interactions
    home, page = browser.get("/"), browser.follow(browser.authorize())
    hub = page.request.path.removesuffix("/choice")
    cards = sent_again(browser, f"{hub}/cps", page)
    known = interactions.reread(hub.rpartition("/")[2])
    interactions.save(replace(known, expires_at=known.started_at))
    begun = sent_again(browser, f"{hub}/restart", browser.get(hub))
    left = sent_again(browser, "/end_session/confirm", home)
    assert (cards, begun) == (["429"] * 3, ["429"] * 3)
    assert left == ["/end_session"] * 3
    assert browser.get("/end_session").status_code == 200
    assert kept(house, "answer_to_form") == []


def sent_again(browser: Browser, path: str, page: TestResponse) -> list[str]:
    """Where the form of that page leads the second time and after, or the status of the page that it is."""
    token = BeautifulSoup(page.text, "html.parser").select_one("[name=csrf]")
    assert token is not None
    sent = [browser.post(path, data={"csrf": str(token["value"])}) for _ in range(4)]
    return [one.headers.get("Location", str(one.status_code)) for one in sent[1:]]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "s" * 5000},
        {"state": "s" * 2000, "nonce": "n" * 2500},
        {"claims": json.dumps({"userinfo": {"email": {"value": "x" * 4500}}})},
        {"login_hint": "h" * 4500},
        {"login_hint": "é" * 900},  # six octets each, as it is kept
        {"state": "s" * 7500, "nonce": "n" * 7500},
    ],
)
def test_a_request_too_long_to_be_kept_is_a_registered_error(
    provider: Provider, changes: dict[str, str]
) -> None:
    before = len(kept(provider, "interaction"))
    assert answer_of(provider.browser().authorize(**changes))["error"] == "invalid_request"
    assert len(kept(provider, "interaction")) == before
    pushed = push(provider, **changes)
    assert (pushed.status_code, pushed.get_json()["error"]) == (400, "invalid_request")


def test_what_is_not_read_is_long_and_not_kept(provider: Provider) -> None:
    ignored = {f"x{number}": "y" * 7000 for number in range(2)}
    assert provider.browser().authorize(**ignored).status_code == 303
    assert push(provider, **ignored).status_code == 201
    assert (
        max(len(value) for kind in ("interaction", "pushed_request") for value in kept(provider, kind)) < 5000
    )


def push(
    house: Provider, client: str = RP, address: str = "198.51.100.7", **changes: str | None
) -> TestResponse:
    known = {"headers": basic(client, SECRETS[client])} if client in SECRETS else {}
    headers = {**known.get("headers", {}), "X-Forwarded-For": address}
    data = authorization(**{**_of(client), **changes})
    return Client(house.app, TestResponse).post("/par", base_url=ISSUER, data=data, headers=headers)


def _of(client: str) -> dict[str, Any]:
    addresses = {
        "public": "http://127.0.0.1:9999/callback",
        "grand-age": "https://grand-age.example/callback",
    }
    return {"client_id": client, "redirect_uri": addresses[client]} if client in addresses else {}


def test_a_client_that_leaves_too_many_requests_is_told_to_wait(app_factory: Callable[..., Provider]) -> None:
    """RFC 9126 §2.3."""
    house = app_factory(
        pushed_requests_per_client=2,
        pushed_requests_per_client_window=timedelta(seconds=90),
        trusted_proxy_hops=1,
    )
    answers = [push(house, address=f"198.51.100.{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"
    assert answers[-1].headers["Retry-After"] == "90"
    assert push(house, "grand-age").status_code == 201
    # Anybody may say that it is this one, so a stranger uses up nothing of another address.
    assert [push(house, "public").status_code for _ in range(3)] == [201, 201, 429]
    assert push(house, "public", "198.51.100.8").status_code == 201


def test_one_sign_in_does_not_set_out_without_end(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    """Each time keeps a record of its own."""
    house = app_factory(**every_door, attempts_per_sign_in=3)
    browser = house.browser()
    choice = browser.follow(browser.authorize())
    answers = [browser.submit(choice, "/cps").status_code for _ in range(5)]
    assert answers == [303] * 3 + [429] * 2
    assert len(kept(house, "card_attempt")) == 3
    page = browser.submit(choice, "/cps")
    assert "Revenez à l'application" in page.text.replace("&#39;", "'")
    assert BeautifulSoup(page.text, "html.parser").find("a", href="https://trajectoire.example/")


def test_a_sign_out_too_long_to_be_kept_is_refused_before_anything_ends(provider: Provider) -> None:
    browser: Browser = provider.browser()
    browser.sign_in()
    assert browser.get(f"/end_session?client_id={RP}&state={'s' * 5000}").status_code == 400
    assert kept(provider, "logout_request") == []
    assert answer_of(browser.authorize(prompt="none"))["code"]
