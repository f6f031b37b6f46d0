"""Cookies copied in a browser before somebody proves who they are open nothing of what they prove (docs/adr/0029)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import CharterRevision
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import go, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of

WENT_ON = "Cette connexion a continué sans cette page"
PAGES = ("", "/choice", "/password", "/email_otp", "/charter", "/enrolment", "/psc", "/cps?presentation=x")


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture(scope="module")
def settings(psc: HostilePsc, every_door: dict[str, Any]) -> dict[str, Any]:
    return {**every_door, **settings_of(psc)}


@pytest.fixture(scope="module")
def house(settings: dict[str, Any], app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings)


@pytest.fixture
def with_new_charter(settings: dict[str, Any], app_factory: Callable[..., Provider]) -> Provider:
    house = app_factory(**settings)
    house.charters.publish(
        CharterRevision(revision="2026-2", published_at=datetime.now(UTC), texts={"fr": "# Charte\n\nMieux."})
    )
    return house


def copied(browser: Browser) -> Browser:
    """A browser elsewhere, with the cookies that this one has now."""
    thief = browser.house.browser()
    for cookie in vars(browser.client)["_cookies"].values():
        thief.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    return thief


def title(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").title
    assert found is not None
    return found.get_text()


def hub_of(page: TestResponse) -> str:
    return "/".join(page.request.path.split("/")[:3])


def filled(page: TestResponse, action_end: str, **typed: str) -> tuple[str, dict[str, str]]:
    """Where the form goes and what it sends, not yet sent."""
    soup = BeautifulSoup(page.text, "html.parser")
    form, *_ = [one for one in soup.find_all("form") if str(one["action"]).endswith(action_end)]
    hidden = {str(i["name"]): str(i["value"]) for i in form.find_all("input", type="hidden")}
    return str(form["action"]), {**hidden, **typed}


def send(browser: Browser, page: TestResponse, action_end: str, **typed: str) -> TestResponse:
    """The answer itself, not followed."""
    path, data = filled(page, action_end, **typed)
    return browser.post(path, data=data)


def type_password(browser: Browser, page: TestResponse, password: str = PASSWORD) -> TestResponse:
    return send(browser, page, "/password", rpps=RPPS, password=password)


def assert_opens_nothing(thief: Browser, hub: str) -> None:
    for page in PAGES:
        answer = thief.get(hub + page)
        assert answer.status_code == 403, page
        assert "session" not in str(answer.headers.getlist("Set-Cookie"))
    csrf = {"csrf": "x"}
    for page in ("/email_otp", "/charter", "/charter/refuse", "/cancel", "/psc", "/cps"):
        sent = thief.post(hub + page, data={**csrf, "accepted": "yes"})
        assert thief.follow(sent).status_code == 403, page


def test_a_copy_from_before_the_password_reads_and_finishes_nothing(house: Provider) -> None:
    victim = house.browser()
    choice = victim.follow(victim.authorize())
    thief = copied(victim)
    assert thief.get(hub_of(choice)).status_code == 303  # so far it is as good as the browser itself
    code = victim.follow(type_password(victim, choice))
    assert_opens_nothing(thief, hub_of(code))
    at_code = copied(victim)
    proved = send(victim, code, "/email_otp", code=house.last_code())
    assert proved.headers["Location"] == hub_of(code)
    for one in (thief, at_code):
        assert_opens_nothing(one, hub_of(code))
    assert answer_of(victim.follow(proved))["code"]


def test_a_copy_from_before_pro_sante_connect_reads_and_finishes_nothing(
    house: Provider, psc: HostilePsc
) -> None:
    victim = house.browser()
    choice = victim.follow(victim.authorize())
    thief, callback = copied(victim), go(victim, psc, choice)
    on_the_way = copied(victim)
    proved = victim.get(callback)
    for one in (thief, on_the_way):
        assert_opens_nothing(one, hub_of(choice))
        assert one.follow(one.get(callback.replace("code=", "code=x"))).status_code == 403
    assert answer_of(victim.follow(proved))["code"]
    # Before that the very same answer is the same proof (docs/adr/0071: for a minute).
    for one in (thief, on_the_way):
        over = one.follow(one.get(callback))
        assert (over.status_code, "session" in str(over.headers.getlist("Set-Cookie"))) == (409, False)


def test_nobody_else_accepts_the_charter(with_new_charter: Provider, psc: HostilePsc) -> None:
    house = with_new_charter
    victim = house.browser()
    choice = victim.follow(victim.authorize())
    thief = copied(victim)
    charter = victim.follow(victim.get(go(victim, psc, choice)))
    path, data = filled(charter, "/charter", accepted="yes")
    assert thief.follow(thief.post(path, data=data)).status_code == 403
    assert_opens_nothing(thief, hub_of(charter))
    assert [one.revision for one in house.charters.evidence_of(house.account.id)] == ["2026-1"]
    assert answer_of(victim.submit(charter, "/charter", accepted="yes"))["code"]


def test_what_a_session_lends_to_an_open_tab_is_not_in_the_copy_either(
    with_new_charter: Provider, psc: HostilePsc
) -> None:
    victim = with_new_charter.browser()
    choice = victim.follow(victim.authorize())
    thief = copied(victim)
    other_tab = victim.follow(victim.get(go(victim, psc, victim.follow(victim.authorize()))))
    assert answer_of(victim.submit(other_tab, "/charter", accepted="yes"))["code"]
    with_new_charter.charters.publish(
        CharterRevision(revision="2026-3", published_at=datetime.now(UTC), texts={"fr": "# Charte\n\nPlus."})
    )
    assert title(victim.follow(victim.get(hub_of(choice)))).startswith("Charte")
    assert_opens_nothing(thief, hub_of(choice))


def test_the_form_of_before_counts_for_nothing_in_the_browser_itself(house: Provider) -> None:
    browser = house.browser()
    choice = browser.follow(browser.authorize())
    browser.follow(type_password(browser, choice))
    for action in ("/psc", "/cancel"):
        answer = send(browser, choice, action)
        assert (answer.status_code, answer.headers["Location"]) == (303, hub_of(choice)), action
    assert title(browser.get(f"{hub_of(choice)}/email_otp")).startswith("Saisissez")


def test_pro_sante_connect_begun_before_the_last_proof_adds_nothing(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    choice = browser.follow(browser.authorize())
    callback = go(browser, psc, choice)
    code = browser.follow(type_password(browser, choice))
    back = browser.get(callback)
    assert (back.status_code, back.headers["Location"]) == (303, hub_of(code))
    assert title(browser.follow(back)).startswith("Saisissez")


class TestLostAnswer:
    def test_of_the_password_the_second_click_brings_the_same(self, house: Provider) -> None:
        browser = house.browser()
        choice = browser.follow(browser.authorize())
        lost = copied(browser)
        type_password(browser, choice)
        code = lost.follow(type_password(lost, choice))
        assert title(code).startswith("Saisissez")
        # Both answers may arrive: the other cookie is as good.
        assert browser.get(f"{hub_of(choice)}/email_otp").status_code == 200
        assert answer_of(lost.submit(code, "/email_otp", code=house.last_code()))["code"]

    def test_of_the_code_the_second_click_brings_the_same(self, house: Provider) -> None:
        browser = house.browser()
        code = browser.follow(type_password(browser, browser.follow(browser.authorize())))
        lost, mailed = copied(browser), house.last_code()
        send(browser, code, "/email_otp", code=mailed)
        assert answer_of(lost.submit(code, "/email_otp", code=mailed))["code"]

    def test_another_proof_is_not_taken_for_it(self, house: Provider) -> None:
        """Neither a wrong password nor the copy's own person gets at what was proved."""
        victim = house.browser()
        choice = victim.follow(victim.authorize())
        thief = copied(victim)
        code = victim.follow(type_password(victim, choice))
        assert thief.follow(type_password(thief, choice, "not the password")).status_code == 403
        assert thief.get(hub_of(choice)).status_code == 403
        send(victim, code, "/email_otp", code=house.last_code())
        # The code was the last proof: the password is none of it any more.
        assert thief.follow(type_password(thief, choice)).status_code == 403

    def test_the_person_begins_again_from_the_page_that_says_so(
        self, house: Provider, psc: HostilePsc
    ) -> None:
        browser = house.browser()
        choice = browser.follow(browser.authorize(state="kept"))
        lost = copied(browser)
        proved = browser.get(go(browser, psc, choice))
        page = lost.get(hub_of(choice))
        assert (page.status_code, WENT_ON in title(page)) == (403, True)
        assert "ViaTrajectoire" not in page.text
        again = lost.submit(page, "/restart")
        assert title(again).startswith("Identifiez-vous")
        answer = answer_of(lost.prove(again))
        assert (answer["state"], bool(answer["code"])) == ("kept", True)
        # What was proved in the first one is still that of the browser that has the answer.
        assert answer_of(browser.follow(proved))["code"]

    def test_only_the_last_value_before_is_told_so(self, house: Provider) -> None:
        victim = house.browser()
        choice = victim.follow(victim.authorize())
        thief = copied(victim)
        code = victim.follow(type_password(victim, choice))
        send(victim, code, "/email_otp", code=house.last_code())
        refused = thief.get(hub_of(choice))
        assert "autre navigateur" in title(refused)
        assert thief.follow(thief.post(f"{hub_of(choice)}/restart")).status_code == 403


class TestSignOut:
    @pytest.fixture
    def signed_in(self, house: Provider) -> Browser:
        browser = house.browser()
        browser.sign_in()
        return browser

    def leave(self, browser: Browser) -> None:
        browser.submit(browser.get("/end_session"), "/end_session/confirm")

    def test_what_was_copied_before_opens_nothing(self, house: Provider, signed_in: Browser) -> None:
        asks_again = {"prompt": "login"}
        code = signed_in.follow(type_password(signed_in, signed_in.follow(signed_in.authorize(**asks_again))))
        idle = signed_in.follow(signed_in.authorize(**asks_again))
        thief = copied(signed_in)
        self.leave(signed_in)
        assert_opens_nothing(thief, hub_of(code))
        assert_opens_nothing(thief, hub_of(idle))
        assert thief.get("/account/password").status_code == 303

    def test_the_next_person_at_the_browser_finds_nothing_proved_in_the_other_tabs(
        self, house: Provider, signed_in: Browser
    ) -> None:
        code = signed_in.follow(
            type_password(signed_in, signed_in.follow(signed_in.authorize(prompt="login")))
        )
        self.leave(signed_in)
        left_open = signed_in.follow(signed_in.get(f"{hub_of(code)}/email_otp"))
        assert title(left_open).startswith("Identifiez-vous")
        # The tab goes on, for whoever comes.
        assert answer_of(signed_in.prove(left_open))["code"]

    def test_a_tab_that_is_over_is_forgotten(self, house: Provider, signed_in: Browser) -> None:
        old = signed_in.follow(signed_in.authorize(prompt="login"))
        stale = copied(signed_in)
        signed_in.submit(old, "/cancel")
        self.leave(stale)
        assert stale.get(hub_of(old)).status_code == 409

    def test_a_sign_out_form_of_before_the_sign_in_asks_instead(self, house: Provider) -> None:
        browser = house.browser()
        browser.sign_in()
        left_open = browser.get("/")
        self.leave(browser)
        signed_out = browser.submit(left_open, "/end_session/confirm")
        assert title(signed_out).startswith("Votre session est fermée")
        browser.sign_in()
        asked = browser.submit(left_open, "/end_session/confirm")
        assert "Se déconnecter" in asked.text
        assert browser.get("/account/password").status_code == 200
        browser.submit(asked, "/end_session/confirm")
        assert browser.get("/account/password").status_code == 303

    def test_what_the_browser_was_known_by_before_the_sign_in_makes_no_form_of_the_session(
        self, house: Provider
    ) -> None:
        victim = house.browser()
        victim.get("/")
        path, data = filled(copied(victim).get("/"), "/station")
        victim.sign_in()
        answer = victim.post(path, data={**data, "shared": "1"})
        assert answer.headers["Location"] == "/"
        assert "shared" not in str(answer.headers.getlist("Set-Cookie"))


def test_two_tabs_that_open_at_once_in_a_new_browser_both_work(house: Provider) -> None:
    first, second = house.browser(), house.browser()
    pages = [one.follow(one.authorize()) for one in (first, second)]
    # One jar: what both answers set, in either order.
    for cookie in vars(second.client)["_cookies"].values():
        first.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    for page in pages:
        assert first.follow(first.get(hub_of(page))).status_code == 200


def test_the_oldest_of_too_many_tabs_make_room(house: Provider) -> None:
    browser = house.browser()
    hubs: list[Any] = [hub_of(browser.follow(browser.authorize())) for _ in range(26)]
    kept = [name for _, _, name in vars(browser.client)["_cookies"] if "tab_" in name]
    assert len(kept) == 24
    assert browser.get(hubs[0]).status_code == 403
    assert browser.get(hubs[-1]).status_code == 303
