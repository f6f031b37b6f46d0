"""An account the operator disabled: shut by every door at once, and what was begun before is void."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty

Browse = Callable[..., Browser]
DISABLED = "Votre compte est désactivé"


@pytest.fixture
def turn(short_lives: Demonstration) -> Iterator[Callable[[str], None]]:
    """`turn("disable")`; enabled again afterwards."""
    rpps = short_lives.card("martin")["rpps"]

    def act(verb: str) -> None:
        done = short_lives.command("accounts", verb, rpps)
        assert done.returncode == 0, done.stderr

    yield act
    # 3: the test enabled it itself.
    assert short_lives.command("accounts", "enable", rpps).returncode in (0, 3)


def by_card(browser: Browser, account: dict[str, Any]) -> None:
    do.by_card(browser)


def by_psc(browser: Browser, account: dict[str, Any]) -> None:
    do.by_psc_card(browser, "martin")


@pytest.mark.parametrize(
    ("door", "event"),
    [
        (by_card, "card:login:refused"),
        (by_psc, "psc:login:refused"),
    ],
)
def test_every_strong_door_is_shut_with_a_page_that_leads_back_and_an_audit_event(
    short_lives: Demonstration,
    browse: Browse,
    turn: Callable[[str], None],
    door: Callable[[Browser, dict[str, Any]], None],
    event: str,
) -> None:
    turn("disable")
    browser = browse("martin", at=short_lives)
    do.arrive(browser, short_lives)
    door(browser, short_lives.account("martin"))
    assert (browser.page.status, browser.page.says(DISABLED)) == (403, True)
    assert browser.page.document.link("Revenir à ViaTrajectoire") == do.home(short_lives)
    assert not do.is_signed_in(browser, short_lives)
    # The worker may still be telling applications of the session that the disabling ended.
    (last, *_) = do.rows(
        short_lives,
        "SELECT event, account_id FROM audit_events WHERE event NOT LIKE 'logout:%' ORDER BY id DESC LIMIT 1",
    )
    assert (last["event"], bool(last["account_id"])) == (event, True)


def test_password_of_a_disabled_account_right_or_wrong_says_what_any_wrong_password_says(
    short_lives: Demonstration, browse: Browse, turn: Callable[[str], None]
) -> None:
    turn("disable")
    browser, martin = browse(at=short_lives), short_lives.account("martin")
    for password in (martin["password"], "pas le bon mot de passe"):
        do.arrive(browser, short_lives)
        page = do.type_password(browser, martin["rpps"], password)
        assert (page.status, page.says("Identifiant ou mot de passe incorrect")) == (422, True)
        assert not page.says(DISABLED)


def test_living_session_and_code_of_before_are_void(
    short_lives: Demonstration, browse: Browse, turn: Callable[[str], None]
) -> None:
    browser, party = browse("martin", at=short_lives), OwnParty.of(short_lives)
    party.ask(browser)
    do.by_card(browser)
    code = party.answer(browser.page)["code"]
    turn("disable")
    assert party.redeem(code).json()["error"] == "invalid_grant"
    assert party.answer(party.ask(browser, prompt="none"))["error"] == "login_required"
    turn("enable")
    # Enabled again, the session of before does not come back: the person signs in anew.
    assert party.answer(party.ask(browser, prompt="none"))["error"] == "login_required"
    party.ask(browser)
    do.by_card(browser)
    assert party.answer(browser.page)["code"]
