"""A new password: by the present one, or after the card or Pro Santé Connect; all that began before is over."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.core.sealing import derive_key
from idp.web.forms import CsrfTokens
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, facts, person, settings_of, subjects_of_mails
from tests.provider import PASSWORD, REDIRECT, RPPS, Browser, Provider, answer_of, audited

NEW = "un tout autre mot de passe, bien long"


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    made = make()
    file = made.settings.where.clients_file
    grants = "    grant_types: [authorization_code, refresh_token]\n"
    file.write_text(
        file.read_text().replace(
            "    client_name: ViaTrajectoire\n", f"    client_name: ViaTrajectoire\n{grants}"
        )
    )
    return made


@pytest.fixture
def proved(house: Provider, psc: HostilePsc) -> Browser:
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    return browser


def choose(browser: Browser, new_password: str, **typed: str) -> TestResponse:
    page = browser.get("/account/password")
    return browser.submit(page, "/password", new_password=new_password, **typed)


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None, page.text
    return heading.get_text()


def is_accepted(house: Provider, password: str) -> bool:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    return "Saisissez le code reçu" in browser.submit(page, "/password", rpps=RPPS, password=password).text


def tokens_of(house: Provider, browser: Browser) -> dict[str, Any]:
    received: dict[str, Any] = house.exchange(answer_of(browser.authorize())["code"]).get_json()
    return received


def test_new_password_takes_the_place_of_the_old_one_and_the_person_is_told(
    house: Provider, proved: Browser
) -> None:
    assert 'href="/account/password"' in proved.get("/").text
    before = house.accounts.get(house.account.id)
    page = choose(proved, NEW)
    assert (page.status_code, title(page)) == (200, "Votre mot de passe est changé")
    assert audited(house).count("password:change:accepted") == 1
    assert subjects_of_mails(house)[-1] == "Votre mot de passe a été changé"
    after = house.accounts.get(house.account.id)
    assert replace(after, password_hash="", version=0, password_changed_at=None) == replace(
        before.next_generation(), password_hash="", version=0
    )
    assert after.password_changed_at is not None
    assert NEW not in after.password_hash
    assert (is_accepted(house, PASSWORD), is_accepted(house, NEW)) == (False, True)


def test_everything_that_began_before_is_over(house: Provider, proved: Browser, psc: HostilePsc) -> None:
    other = house.browser()
    unredeemed = answer_of(by_psc(other, psc))["code"]
    tokens = tokens_of(house, proved)
    begun = house.browser()
    half_way = begun.follow(begun.authorize())
    half_way = begun.submit(half_way, "/password", rpps=RPPS, password=PASSWORD)
    code = house.last_code()
    assert title(choose(proved, NEW)) == "Votre mot de passe est changé"
    for browser in (proved, other):
        assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
        assert "Aucune session ouverte" in browser.get("/").text
    refused = house.exchange("", grant_type="refresh_token", code=None, refresh_token=tokens["refresh_token"])
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert house.exchange(unredeemed).get_json()["error"] == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    # Whoever typed the old password a moment ago does not get in by it either.
    ended = begun.submit(half_way, "/email_otp", code=code)
    assert REDIRECT not in ended.headers.get("Location", "") or "code" not in answer_of(ended)
    assert facts(house, "session:end:accepted")[-1] == {"by": "password_change", "all": True}
    # And the way back is open, at the same browser too: after an identification of now.
    assert answer_of(by_psc(house.browser(), psc))["code"]
    identified_now(psc)
    assert answer_of(by_psc(proved, psc))["code"]


def identified_now(psc: HostilePsc) -> None:
    psc.now = int(time.time())
    psc.lie = replace(person(), claims={**person().claims, "auth_time": psc.now})


def test_next_colleague_at_this_browser_is_identified_anew(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    """Their page said that the sessions are closed; the one at Pro Santé Connect is not."""
    choose(proved, NEW)
    left = proved.submit(proved.follow(proved.authorize()), "/psc")
    assert "prompt=login" in left.headers["Location"]
    refused = by_psc(proved, psc)
    assert (refused.status_code, facts(house, "psc:login:refused")[-1]["reason"]) == (403, "not_fresh")


def test_without_a_proof_the_present_password_is_asked_for(house: Provider) -> None:
    browser = house.browser()
    browser.sign_in()
    page = browser.get("/account/password")
    assert BeautifulSoup(page.text, "html.parser").select('[autocomplete="current-password"]')
    refused = browser.submit(page, "/password", new_password=NEW, password="")
    assert (refused.status_code, alert_of(refused)) == (422, "Ce n'est pas votre mot de passe actuel.")
    assert_nothing_changed(house)
    changed = browser.submit(refused, "/password", new_password=NEW, password=PASSWORD)
    assert title(changed) == "Votre mot de passe est changé"
    assert facts(house, "password:change:accepted") == [{"by": "password"}]
    assert subjects_of_mails(house)[-1] == "Votre mot de passe a été changé"
    assert (is_accepted(house, PASSWORD), is_accepted(house, NEW)) == (False, True)


@pytest.mark.parametrize("auth_time", ["old", "untold"])
def test_an_old_proof_or_one_of_no_told_moment_is_none(
    house: Provider, psc: HostilePsc, auth_time: str
) -> None:
    """The session at Pro Santé Connect may be hours old, and whoever sits here not its holder."""
    honest = person()
    when = psc.now - 601 if auth_time == "old" else ...
    psc.lie = replace(honest, claims={**honest.claims, "auth_time": when})
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    refused = choose(browser, NEW, password="")
    assert alert_of(refused) == "Ce n'est pas votre mot de passe actuel."
    # A form as it is shown to a person proved, whose proof is fresh no more, asks for one.
    asked = choose(browser, NEW)
    assert title(asked) == "Identifiez-vous"
    assert_nothing_changed(house)


def test_wrong_ones_are_counted_with_those_of_the_door(app_factory: Callable[..., Provider]) -> None:
    house = app_factory(password_free_tries=2, password_first_wait=timedelta(minutes=5))
    browser = house.browser()
    browser.sign_in()
    page = browser.get("/account/password")
    wrong = [browser.submit(page, "/password", new_password=NEW, password="faux") for _ in range(3)]
    assert [answer.status_code for answer in wrong] == [422, 422, 429]
    assert "Réessayez dans 5\u00a0minutes" in wrong[-1].text
    assert wrong[-1].headers["Retry-After"] == "300"
    # The right one waits too, here and at the door.
    assert browser.submit(page, "/password", new_password=NEW, password=PASSWORD).status_code == 429
    assert not is_accepted_from(browser, PASSWORD)
    assert audited(house).count("password:check:throttled") == 3
    assert_nothing_changed(house)


def test_too_many_failures_in_a_row_close_it_and_a_proof_opens_it_again(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(
        **settings_of(psc), password_failures_in_a_row=4, password_free_tries=100, password_tries_per_day=200
    )
    browser = house.browser()
    browser.sign_in()
    page = browser.get("/account/password")
    wrong = [browser.submit(page, "/password", new_password=NEW, password="faux") for _ in range(2)]
    assert [answer.status_code for answer in wrong] == [422, 422]
    closed = browser.submit(page, "/password", new_password=NEW, password=PASSWORD)
    assert (closed.status_code, "n'est plus accepté dans ce navigateur" in unescape(closed.text)) == (
        422,
        True,
    )
    assert "Retry-After" not in closed.headers
    # Nothing can be done with the present one: the page leads to what can be.
    shown = BeautifulSoup(closed.text, "html.parser")
    assert shown.find("input", type="password") is None
    assert [str(way["href"]) for way in shown.select("main .primary")] == ["/account/proof?to=password"]
    identified_now(psc)
    proved = by_psc(browser, psc, browser.follow(browser.get("/account/proof?to=password")))
    assert title(browser.submit(proved, "/password", new_password=NEW)) == "Votre mot de passe est changé"
    assert is_accepted(house, NEW)


def test_forms_of_one_network_are_counted_with_those_of_the_door(
    app_factory: Callable[..., Provider],
) -> None:
    house = app_factory(password_posts_per_ip=1, crowded_networks_factor=1)
    browser = house.browser()
    browser.sign_in()
    page = browser.get("/account/password")
    first, second = (browser.submit(page, "/password", new_password=NEW, password="faux") for _ in range(2))
    assert (first.status_code, second.status_code) == (422, 429)
    assert audited(house).count("password:check:refused") == 1


def test_a_weak_new_one_costs_no_try(app_factory: Callable[..., Provider]) -> None:
    house = app_factory()
    browser = house.browser()
    browser.sign_in()
    page = browser.get("/account/password")
    assert browser.submit(page, "/password", new_password="court", password="faux").status_code == 422
    assert "password:check:refused" not in audited(house)


def test_password_too_long_to_be_anybody_s_is_a_wrong_one(house: Provider) -> None:
    browser = house.browser()
    browser.sign_in()
    refused = browser.submit(
        browser.get("/account/password"), "/password", new_password=NEW, password="é" * 3000
    )
    assert (refused.status_code, alert_of(refused)) == (422, "Ce n'est pas votre mot de passe actuel.")


def test_person_without_one_proves_who_they_are_first(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    browser.sign_in()
    house.accounts.save(replace(house.accounts.get(house.account.id), password_hash=""))
    page = browser.get("/account/password")
    assert title(page) == "Choisir un mot de passe"
    assert not BeautifulSoup(page.text, "html.parser").select('input[type="password"]')
    sid = browser.client.get_cookie("caducee_session", domain="localhost")
    assert sid is not None
    data = {"csrf": csrf_of(house, browser), "session": sid.value.partition(".")[0], "new_password": NEW}
    assert browser.post("/account/password", data=data).headers["Location"] == "/account/proof?to=password"
    identified_now(psc)
    proved = by_psc(browser, psc, browser.follow(browser.get("/account/proof?to=password")))
    assert title(browser.submit(proved, "/password", new_password=NEW)) == "Votre mot de passe est enregistré"
    assert is_accepted(house, NEW)


def test_page_says_when_it_was_last_changed_and_the_rule_before_typing(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    before = proved.get("/account/password").text
    assert "Dernier changement" not in before
    assert "15\u00a0caractères au moins, dont 10" in before
    choose(proved, NEW)
    identified_now(psc)
    by_psc(proved, psc)
    assert "Dernier changement : le" in proved.get("/account/password").text.replace("\xa0", " ")


def test_password_managers_are_told_whose_it_is_and_what_each_field_is(proved: Browser) -> None:
    page = BeautifulSoup(proved.get("/account/password").text, "html.parser")
    fields = {str(field["name"]): field for field in page.select("[autocomplete]")}
    assert (fields["username"]["value"], fields["username"]["autocomplete"]) == (RPPS, "username")
    assert fields["new_password"]["autocomplete"] == "new-password"
    shared = proved.submit(proved.get("/"), "/station", shared="1")
    assert shared.status_code == 200
    assert RPPS not in str(BeautifulSoup(proved.get("/account/password").text, "html.parser").form)


def test_password_managers_find_the_page(provider: Provider) -> None:
    answered = provider.browser().get("/.well-known/change-password")
    assert (answered.status_code, answered.headers["Location"]) == (303, "/account/password")


def alert_of(page: TestResponse) -> str:
    link = BeautifulSoup(page.text, "html.parser").select_one('[role="alert"] a')
    return link.get_text().strip().partition(" Saisissez")[0] if link else ""


def is_accepted_from(browser: Browser, password: str) -> bool:
    page = browser.follow(browser.authorize(prompt="login"))
    return "Saisissez le code reçu" in browser.submit(page, "/password", rpps=RPPS, password=password).text


def assert_nothing_changed(house: Provider) -> None:
    assert house.accounts.get(house.account.id).password_hash == house.account.password_hash
    assert "password:change:accepted" not in audited(house)


def csrf_of(house: Provider, browser: Browser) -> str:
    """As the page would say it, had it the form: somebody kept it, or knows how."""
    cookie = browser.client.get_cookie("caducee_browser", domain="localhost")
    assert cookie is not None
    return CsrfTokens(derive_key(house.settings.keys.application, "csrf")).token(
        cookie.value, "/account/password"
    )


REFUSED = {
    "": "à remplir",
    "trop court": "au moins 15\u00a0caractères",
    "x" * 5000: "au plus 128\u00a0caractères",
    "motdepasse123456789": "les mots courants, les dates",
    "azertyuiop^$ wxcvbn": "il faut au moins 10\u00a0caractères",
    "DUPONT-NŒL Aïcha 1": "votre nom, votre numéro, vos adresses",
    "1 rue de l'Église, 75001 Paris": "votre numéro, vos adresses",
    "aicha.dupont@hopital.example": "votre numéro, vos adresses",
    "iloveyouforever": "moins de 100\u00a0millions d'essais",
}


def test_weak_password_is_refused_with_its_rule_and_number_and_nothing_is_lost(
    house: Provider, proved: Browser
) -> None:
    for password, why in REFUSED.items():
        refused = choose(proved, password)
        assert refused.status_code == 422
        alert = BeautifulSoup(refused.text, "html.parser").select_one('[role="alert"]')
        assert alert is not None
        assert why in alert.get_text(), password
        assert not password or password not in refused.text
    assert title(proved.submit(refused, "/password", new_password=NEW)) == "Votre mot de passe est changé"


def test_nobody_is_led_to_the_doors_first(house: Provider) -> None:
    browser = house.browser()
    assert browser.get("/account/password").headers["Location"] == "/account/sign-in?to=password"
    assert browser.get("/password").headers["Location"] == "/account/password"
    assert "/account/password" not in browser.get("/").text


def test_form_of_another_page_or_site_changes_nothing(house: Provider, proved: Browser) -> None:
    root = BeautifulSoup(proved.get("/").text, "html.parser").select_one('[name="csrf"]')
    own = BeautifulSoup(proved.get("/account/password").text, "html.parser").select_one('[name="csrf"]')
    assert root is not None
    assert own is not None
    sent = {"new_password": NEW}
    assert proved.post("/account/password", data={**sent, "csrf": str(root["value"])}).status_code == 403
    assert proved.post("/account/password", data=sent).status_code == 403
    evil = {"Origin": "https://evil.example"}
    assert (
        proved.post("/account/password", data={**sent, "csrf": str(own["value"])}, headers=evil).status_code
        == 403
    )
    assert "password:change:accepted" not in audited(house)


def test_form_shown_to_one_person_changes_nothing_for_the_next_at_the_same_browser(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    left_open = proved.get("/account/password")
    proved.submit(proved.get("/end_session"), "/end_session/confirm")
    identified_now(psc)
    assert answer_of(by_psc(proved, psc))["code"]
    before = house.accounts.get(house.account.id)
    refused = proved.submit(left_open, "/password", new_password=NEW)
    told = BeautifulSoup(refused.text, "html.parser").select_one('[role="status"]')
    assert told is not None
    assert "La session de ce navigateur a changé" in told.get_text()
    assert "Session\u00a0: Aïcha" in refused.text
    assert house.accounts.get(house.account.id) == before
    assert title(proved.submit(refused, "/password", new_password=NEW)) == "Votre mot de passe est changé"


def test_second_send_of_the_form_finds_nobody(house: Provider, proved: Browser) -> None:
    page = proved.get("/account/password")
    for _ in range(2):
        proved.submit(page, "/password", new_password=NEW)
    assert audited(house).count("password:change:accepted") == 1


def test_of_several_changes_at_once_one_counts(house: Provider, proved: Browser) -> None:
    form = BeautifulSoup(proved.get("/account/password").text, "html.parser").select_one(
        'form[action="/account/password"]'
    )
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.select('[type="hidden"]')}

    def send(number: int) -> str:
        data = {**hidden, "new_password": f"{NEW} {number}"}
        return str(proved.post("/account/password", data=data).headers["Location"])

    with ThreadPoolExecutor(4) as tabs:
        answers = list(tabs.map(send, range(4)))
    # The others came too late: the account had changed, or nobody was signed in any more.
    assert answers.count("/answer") == 1
    assert set(answers) <= {"/answer", "/account/password?said=1", "/account/sign-in?to=password"}
    assert audited(house).count("password:change:accepted") == 1
    assert is_accepted(house, f"{NEW} {answers.index('/answer')}")


def test_disabled_account_changes_nothing(house: Provider, proved: Browser) -> None:
    account = house.accounts.get(house.account.id)
    page = proved.get("/account/password")
    house.accounts.save(replace(account, enabled=False).next_generation())
    assert title(proved.submit(page, "/password", new_password=NEW)) == "Identifiez-vous"
    assert "password:change:accepted" not in audited(house)


def test_house_without_the_password_door_has_no_such_page(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    house = make(password_door=False)
    browser = house.browser()
    by_psc(browser, psc)
    assert "/account/password" not in browser.get("/").text
    assert browser.get("/account/password").status_code == 404
