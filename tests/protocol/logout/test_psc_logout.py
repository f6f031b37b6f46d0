"""Signing out where Pro Santé Connect was used: its session ends too, and where it cannot, ours ends all the same."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.accounts.account import AccountId
from idp.app import create
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.configured import changed
from tests.protocol.logout.test_end_session import is_signed_in, leave
from tests.protocol.policed import signed_in_by
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import AFTER_LOGOUT, ISSUER, Browser, Provider, answer_of


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


def test_one_that_ends_no_sessions_is_left_out(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    psc.lie = dataclasses.replace(person(), discovery={"end_session_endpoint": ...})
    browser, hint = signed_in(app_factory(**settings_of(psc)), psc)
    assert leave(browser, **hint).headers["Location"] == f"{AFTER_LOGOUT}?state=s"
    assert not is_signed_in(browser)


def test_a_session_sealed_with_a_key_of_before_ends_here(house: Provider, psc: HostilePsc) -> None:
    """The operator exchanged the application key: their ID Token cannot be read any more."""
    browser, hint = signed_in(house, psc)
    house.app = create(changed(house.settings, application_key="n" * 43))
    browser.client.application = house.app
    assert leave(browser, **hint).headers["Location"] == f"{AFTER_LOGOUT}?state=s"
    assert not is_signed_in(browser)


def test_a_session_whose_account_is_gone_is_asked_about_without_a_name_and_ends(fresh: Provider) -> None:
    gone = dataclasses.replace(fresh.account, id=AccountId("account-of-nobody"))
    browser = signed_in_by(dataclasses.replace(fresh, account=gone), "password", "email_otp")
    page = leave(browser)
    assert page.status_code == 200
    assert "DUPONT" not in page.text
    done = browser.submit(page, "/end_session/confirm")
    assert "Votre session est fermée" in done.text
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None
