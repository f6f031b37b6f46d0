"""Pro Santé Connect down, as a mode of the house: the page, the order of the doors, the trail, the numbers, the end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import OUTAGES, HostilePsc, Lie, Reply, say_json, say_status
from tests.limits import eventually, within
from tests.numbers import added, counted, looked_up
from tests.protocol.psc import by_psc, facts, listening, person, settings_of
from tests.provider import Provider, audited

OUT = "Pro Santé Connect est en panne en ce moment"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    """A pause of nothing: every page may look whether it is back."""
    return app_factory(
        **settings_of(psc),
        psc_circuit_failures=2,
        psc_circuit_pause=timedelta(),
        psc_watch_every=timedelta(hours=1),
        psc_watch_wallet=False,
        psc_connect_timeout=timedelta(seconds=1),
        psc_timeout=timedelta(seconds=1),
    )


def buttons(page: TestResponse) -> list[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(button.get_text().split()) for button in soup.select("button[type=submit]")]


def is_up(house: Provider) -> bool:
    return bool(looked_up(house)["caducee_psc_up"])


def test_outage_changes_the_page_and_ends_by_itself(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    assert is_up(house)
    unavailable = 'caducee_psc_logins_total{outcome="unavailable"}'
    before = counted().get(unavailable, 0)
    psc.lie = Lie(instead={"token": say_status(503)})
    for _ in range(2):
        page = by_psc(browser, psc)
        assert page.status_code == 503
        assert "Pro Santé Connect ne répond pas" in page.text
    page = browser.follow(browser.authorize())
    # The look that this page starts finds it still down: no answer of /token.
    assert OUT in page.text
    assert buttons(page)[:2] == ["Se connecter", "S'identifier avec Pro Santé Connect"]
    assert audited(house).count("psc:circuit:opened") == 1
    assert not is_up(house)
    assert counted()[unavailable] == before + 2
    assert house.health() == "degraded"
    # Another door works meanwhile.
    assert "code=" in browser.prove(page).headers["Location"]
    psc.lie = person()
    wait_for_the_end(house)
    assert OUT not in browser.follow(browser.authorize(prompt="login")).text
    assert audited(house).count("psc:circuit:closed") == 1
    assert "code=" in by_psc(house.browser(), psc).headers["Location"]


def wait_for_the_end(house: Provider) -> None:
    """The look that a request starts runs beside it: one of the next requests knows what it found."""
    deadline = time.monotonic() + within(20)
    while not is_up(house):
        assert time.monotonic() < deadline, "it did not come back"


def test_client_that_is_known_again_is_found_by_the_very_page_that_says_it_is_not(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    moment = timedelta(microseconds=1)
    house = app_factory(
        **settings_of(psc), psc_circuit_pause=moment, psc_watch_every=moment, psc_watch_wallet=False
    )
    browser = house.browser()
    psc.lie = replace(person(), instead={"token": say_json({"error": "unauthorized_client"}, 401)})
    assert "ne peut pas servir ici" in by_psc(browser, psc).text
    assert "un réglage est à corriger" in browser.follow(browser.authorize()).text
    psc.lie = person()
    assert eventually(lambda: "un réglage est à corriger" not in browser.follow(browser.authorize()).text, 10)


@pytest.fixture(scope="module")
def lying() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture(scope="module")
def enduring(lying: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    """Its circuits never open: each answer is met."""
    return app_factory(
        **settings_of(lying),
        psc_circuit_failures=10**6,
        psc_watch_every=timedelta(hours=1),
        psc_watch_wallet=False,
        psc_keys_pause=timedelta(),
        psc_connect_timeout=timedelta(seconds=1),
        psc_timeout=timedelta(seconds=1),
    )


@pytest.mark.parametrize("reply", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("endpoint", ["token", "userinfo", "jwks"])
def test_no_answer_of_any_endpoint_is_ever_a_500_or_a_dead_end(
    lying: HostilePsc, enduring: Provider, reply: Reply, endpoint: str
) -> None:
    lying.now = int(time.time())
    # An unknown `kid` makes us fetch the keys.
    header = {"kid": "new"} if endpoint == "jwks" else {}
    lying.lie = replace(person(), header=header, instead={endpoint: reply})
    browser = enduring.browser()
    page = by_psc(browser, lying)
    assert page.status_code == 503
    assert "Pro Santé Connect ne répond pas" in page.text
    assert facts(enduring, "psc:login:refused")[-1]["reason"] == "unavailable"
    assert {"Se connecter", "Annuler et revenir à ViaTrajectoire"} <= set(buttons(page))


def test_metrics_say_nothing_of_anybody(house: Provider, psc: HostilePsc) -> None:
    rose = added(lambda: by_psc(house.browser(), psc))
    assert rose['caducee_psc_logins_total{outcome="completed"}'] == 1
    assert rose['caducee_sign_ins_total{door="psc",outcome="accepted"}'] == 1
    told = " ".join(looked_up(house))
    assert house.account.identity.rpps not in told
    assert house.account.id not in told
