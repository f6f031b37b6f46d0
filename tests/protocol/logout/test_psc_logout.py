"""Signing out where Pro Santé Connect was used: its session ends too, and where it cannot, ours ends all the same."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.app import create
from tests.adapters.psc.hostile_psc import CLIENT_ID, HostilePsc, say_status
from tests.configured import changed
from tests.flows.test_copied_cookie import copied
from tests.protocol.logout.test_end_session import is_signed_in, leave
from tests.protocol.policed import signed_in_by
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import AFTER_LOGOUT, ISSUER, Browser, Provider, answer_of


def hrefs(page: TestResponse, label: str) -> list[str]:
    links = BeautifulSoup(page.text, "html.parser").find_all("a")
    return [str(link["href"]) for link in links if label in link.get_text()]


def words(page: TestResponse) -> str:
    return BeautifulSoup(page.text, "html.parser").get_text(" ")


def other_language(page: TestResponse) -> str:
    link = BeautifulSoup(page.text, "html.parser").select_one("a[hreflang]")
    assert link is not None
    return str(link["href"])


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc))


def signed_in(house: Provider, psc: HostilePsc) -> tuple[Browser, dict[str, str]]:
    """A browser whose session came from theirs, and the parameters with which its application signs out."""
    browser = house.browser()
    tokens: Any = house.exchange(answer_of(by_psc(browser, psc))["code"]).get_json()
    hint = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "s"}
    return browser, hint


def test_the_browser_goes_by_pro_sante_connect_to_the_application(house: Provider, psc: HostilePsc) -> None:
    browser, hint = signed_in(house, psc)
    left = leave(browser, **hint).headers["Location"]
    assert left.startswith(f"{psc.origin}/")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(left).query).items()}
    assert asked["post_logout_redirect_uri"] == f"{ISSUER}/end_session/psc"
    assert asked["id_token_hint"].count(".") == 2
    # Ended before Pro Santé Connect answers, which may never be.
    assert not is_signed_in(browser)
    back = browser.get(f"/end_session/psc?state={asked['state']}")
    assert back.headers["Location"] == f"{AFTER_LOGOUT}?state=s"
    # The way back is good once.
    again = browser.get(f"/end_session/psc?state={asked['state']}")
    assert (again.status_code, again.headers.get("Location")) == (200, None)


#: Why its own session cannot be ended.
OUT: dict[str, dict[str, Any]] = {
    "it has no address for that": {"discovery": {"end_session_endpoint": ...}},
    "nothing of it answers": {"instead": dict.fromkeys(("discovery", "jwks", "logout"), say_status(503))},
    "its keys cannot be had": {"instead": {"jwks": say_status(503)}},
}


@pytest.mark.parametrize("lie", OUT.values(), ids=OUT)
def test_nobody_is_sent_to_one_that_is_down_and_the_person_reads_it(
    psc: HostilePsc, app_factory: Callable[..., Provider], lie: dict[str, Any]
) -> None:
    """The ID token is not put into a dead address; the application is a click away."""
    house = app_factory(**settings_of(psc))
    browser, hint = signed_in(house, psc)
    psc.lie = dataclasses.replace(psc.lie, **lie)
    house.app = create(house.settings)  # a process that has to ask for everything
    browser.client.application = house.app
    page = leave(browser, **hint)
    assert (page.status_code, page.headers.get("Location")) == (200, None)
    assert "Pro Santé Connect n'a pas pu être prévenu" in words(page)
    assert hrefs(page, "Revenir à ViaTrajectoire") == [f"{AFTER_LOGOUT}?state=s"]
    assert 'http-equiv="refresh"' not in page.text
    assert "id_token_hint" not in page.text
    assert not is_signed_in(browser)
    english = browser.follow(browser.get(other_language(page)))
    assert "Pro Santé Connect could not be told" in english.text
    assert hrefs(english, "Return to ViaTrajectoire") == [f"{AFTER_LOGOUT}?state=s"]


def test_without_an_application_to_go_back_to_the_person_reads_it_too(
    house: Provider, psc: HostilePsc
) -> None:
    browser, _ = signed_in(house, psc)
    psc.lie = dataclasses.replace(psc.lie, instead={"jwks": say_status(503)})
    house.app = create(house.settings)
    browser.client.application = house.app
    done = browser.submit(leave(browser), "/end_session/confirm")
    assert "Pro Santé Connect n'a pas pu être prévenu" in words(done)
    assert hrefs(done, "Revenir") == ["/"]  # Of ours: there is no application.


def test_frames_tell_the_applications_and_the_page_stays(house: Provider, psc: HostilePsc) -> None:
    clients, name = house.settings.where.clients_file, "    client_name: ViaTrajectoire\n"
    member = "    frontchannel_logout_uri: https://trajectoire.example/out\n"
    clients.write_text(clients.read_text().replace(name, name + member))
    browser, hint = signed_in(house, psc)
    psc.lie = dataclasses.replace(psc.lie, instead={"jwks": say_status(503)})
    house.app = create(house.settings)
    browser.client.application = house.app
    page = leave(browser, **hint)
    assert BeautifulSoup(page.text, "html.parser").select("iframe")
    assert "frame-src https://trajectoire.example" in page.headers["Content-Security-Policy"]
    assert "n'a pas pu être prévenu" in words(page)
    assert 'http-equiv="refresh"' not in page.text


def test_a_session_that_pro_sante_connect_has_no_part_in_ends_without_a_word_of_it(
    fresh: Provider,
) -> None:
    browser = signed_in_by(fresh, "password", "email_otp")
    done = browser.submit(leave(browser), "/end_session/confirm")
    assert "Votre session est fermée" in done.text
    assert "Pro Santé Connect" not in done.text


def test_key_that_was_withdrawn_since_is_no_hint(house: Provider, psc: HostilePsc) -> None:
    """Keycloak answers 400 to it, and the person is stuck there."""
    browser, hint = signed_in(house, psc)
    psc.kid = "psc-2"
    house.app = create(house.settings)
    browser.client.application = house.app
    left = leave(browser, **hint).headers["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(left).query).items()}
    assert asked == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": f"{ISSUER}/end_session/psc",
        "state": asked["state"],
    }
    back = browser.get(f"/end_session/psc?state={asked['state']}")
    assert back.headers["Location"] == f"{AFTER_LOGOUT}?state=s"


def test_a_session_sealed_with_a_key_of_before_is_ended_there_by_our_name(
    house: Provider, psc: HostilePsc
) -> None:
    """The operator exchanged the application key: their ID Token cannot be read any more."""
    browser, hint = signed_in(house, psc)
    house.app = create(changed(house.settings, application_key="n" * 43))
    browser.client.application = house.app
    left = leave(browser, **hint).headers["Location"]
    assert left.startswith(f"{psc.origin}/")
    assert "id_token_hint" not in left
    assert not is_signed_in(browser)


@pytest.mark.parametrize("state", ["", "?state=", "?state=changed"], ids=["missing", "empty", "changed"])
def test_state_that_is_lost_on_the_way_still_leads_to_the_application(
    house: Provider, psc: HostilePsc, state: str
) -> None:
    browser, hint = signed_in(house, psc)
    leave(browser, **hint)
    page = browser.get(f"/end_session/psc{state}")
    # By a click: another site may have sent the browser here.
    assert (page.status_code, page.headers.get("Location")) == (200, None)
    assert "Votre session est fermée" in page.text
    assert "n'a pas pu être prévenu" not in words(page)
    assert hrefs(page, "Revenir à ViaTrajectoire") == [f"{AFTER_LOGOUT}?state=s"]
    english = browser.follow(browser.get(other_language(page)))
    assert hrefs(english, "Return to ViaTrajectoire") == [f"{AFTER_LOGOUT}?state=s"]


def test_second_click_that_lost_the_way_there_still_has_the_next_person_identified_anew(
    house: Provider, psc: HostilePsc
) -> None:
    browser, _ = signed_in(house, psc)
    page, before = browser.get("/"), copied(browser)
    browser.submit(page, "/end_session/confirm")
    before.submit(page, "/end_session/confirm")
    assert before.client.get_cookie("caducee_left", domain="localhost") is not None


def test_state_that_is_lost_leads_another_browser_nowhere(house: Provider, psc: HostilePsc) -> None:
    browser, hint = signed_in(house, psc)
    leave(browser, **hint)
    for stranger in (house.browser(), signed_in(house, psc)[0]):
        assert hrefs(stranger.get("/end_session/psc?state=changed"), "Revenir") == ["/"]


def test_a_session_whose_account_is_gone_is_asked_about_without_a_name_and_ends(fresh: Provider) -> None:
    gone = dataclasses.replace(fresh.account, id=AccountId("account-of-nobody"))
    browser = signed_in_by(dataclasses.replace(fresh, account=gone), "password", "email_otp")
    page = leave(browser)
    assert page.status_code == 200
    assert "DUPONT" not in page.text
    done = browser.submit(page, "/end_session/confirm")
    assert "Votre session est fermée" in done.text
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None
