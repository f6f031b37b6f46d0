"""The section « Sessions »: what of two browsers is listed, and what the one can end of the other."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup, Tag
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.adapters.sql.schema import ended_sessions, ephemeral, logout_notices
from idp.adapters.sql.session_schema import sessions
from tests.people import an_account, an_identity
from tests.protocol.psc import facts
from tests.provider import RP, Browser, Provider, answer_of, audited

SECTION = "/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory(named_networks=("CHU_de_Lille=192.0.2.0/24",))
    return made.register(
        RP,
        backchannel_logout_uri="https://trajectoire.example/back",
        grant_types="[authorization_code, refresh_token]",
    )


def coming_from(browser: Browser, agent: str, address: str) -> Browser:
    """Every request of it says so."""
    opened, told = browser.client.open, {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}
    browser.client.open = partial(opened, environ_overrides=told)  # type: ignore[method-assign]
    return browser


@pytest.fixture
def here(house: Provider) -> Browser:
    browser = coming_from(house.browser(), FIREFOX, "192.0.2.7")
    browser.sign_in()
    return browser


@pytest.fixture
def there(house: Provider) -> Browser:
    return coming_from(house.browser(), SAFARI, "203.0.113.7")


def tokens_of(house: Provider, browser: Browser) -> dict[str, Any]:
    received: dict[str, Any] = house.exchange(browser.sign_in(scope="openid")).get_json()
    return received


def listed(browser: Browser) -> list[str]:
    """The words of each session on the page."""
    page = BeautifulSoup(browser.get(SECTION).text, "html.parser")
    return [" ".join(one.get_text(" ").split()) for one in page.select(".card-facts")]


def form(page: TestResponse, end: str) -> dict[str, str]:
    """The fields of the first form with this button."""
    for found in BeautifulSoup(page.text, "html.parser").find_all("form"):
        fields = {str(one["name"]): str(one["value"]) for one in found.find_all("input")}
        if fields.get("end") == end:
            return fields
    raise AssertionError(f"no form to end {end}")


def said(page: TestResponse) -> str:
    told = BeautifulSoup(page.text, "html.parser").select_one('[role="status"]')
    return told.get_text().strip() if isinstance(told, Tag) else ""


def end(browser: Browser, which: str, **changes: str) -> TestResponse:
    fields = form(browser.get(SECTION), which)
    return browser.follow(browser.post(SECTION, data={**fields, **changes}))


def is_signed_in(browser: Browser) -> bool:
    return "code" in answer_of(browser.authorize(prompt="none"))


def all_sids(house: Provider) -> set[str]:
    with house.database.connect() as connection:
        return set(connection.execute(sa.select(sessions.c.sid)).scalars())


def test_nobody_signed_in_is_led_to_a_sign_in_and_back(house: Provider) -> None:
    answer = house.browser().get(SECTION)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/sign-in?to=sessions")


def test_each_session_is_told_with_where_and_how_it_began(
    house: Provider, here: Browser, there: Browser
) -> None:
    house.exchange(there.sign_in())
    (first, second) = listed(here)
    assert first.startswith("Firefox sur Linux La session de cette page")
    assert "Réseau de l'établissement (CHU de Lille)" in first
    assert "Applications Aucune" in first
    assert second.startswith("Safari sur iPhone")
    for words in ("Adresse 203.0.113.x", "Mot de passe", "Applications ViaTrajectoire"):
        assert words in second, second
    assert [one.startswith("Safari") for one in listed(there)] == [True, False]


def test_a_session_alone_has_no_others_to_end(here: Browser) -> None:
    assert len(listed(here)) == 1
    with pytest.raises(AssertionError):
        form(here.get(SECTION), "others")


def test_one_is_ended_with_its_tokens_and_its_applications_are_told(
    house: Provider, here: Browser, there: Browser
) -> None:
    tokens = tokens_of(house, there)
    page = end(here, "one")
    assert said(page).startswith("La session est fermée")
    assert len(listed(here)) == 1
    assert (is_signed_in(here), is_signed_in(there)) == (True, False)
    assert there.get(SECTION).status_code == 303
    refused = house.exchange("", grant_type="refresh_token", code=None, refresh_token=tokens["refresh_token"])
    assert refused.get_json()["error"] == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    with house.database.connect() as connection:
        (notice,) = connection.execute(sa.select(logout_notices.c.client_id)).all()
    assert notice.client_id == RP
    assert audited(house).count("session:end:accepted") == 1


def test_ended_twice_it_was_closed_already(house: Provider, here: Browser, there: Browser) -> None:
    there.sign_in()
    fields = form(here.get(SECTION), "one")
    answers = [here.follow(here.post(SECTION, data=fields)) for _ in range(2)]
    assert [said(page).partition(".")[0] for page in answers] == [
        "La session est fermée, et ses applications sont prévenues",
        "Cette session était déjà fermée",
    ]
    assert audited(house).count("session:end:accepted") == 1


def test_ended_by_two_browsers_at_once_it_ends_once(house: Provider, here: Browser, there: Browser) -> None:
    there.sign_in()
    third = house.browser()
    third.sign_in()
    sid = form(here.get(SECTION), "one")["sid"]
    forms = [(one, {**form(one.get(SECTION), "one"), "sid": sid}) for one in (here, third)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda it: it[0].post(SECTION, data=it[1]), forms))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert audited(house).count("session:end:accepted") == 1


@pytest.mark.parametrize("guessed", ["another person's", "unknown", "", "\x00", "é" * 300])
def test_what_is_not_theirs_is_gone_and_nothing_is_done(
    house: Provider, here: Browser, there: Browser, guessed: str
) -> None:
    there.sign_in()
    sid = guessed
    if guessed == "another person's":
        other = an_account(
            id=AccountId("account-of-bob"),
            subject="subject-bob",
            identity=an_identity(rpps="10000000116"),
            email="bob@hopital.example",
        )
        house.accounts.add(other)
        with house.database.begin() as connection:
            (sid,) = all_sids(house) - {str(form(here.get(SECTION), "one")["session"])}
            connection.execute(sa.update(sessions).where(sessions.c.sid == sid).values(account_id=other.id))
            value = connection.execute(
                sa.select(ephemeral.c.value).where(
                    ephemeral.c.value.contains(sid), ephemeral.c.kind == "session"
                )
            ).scalar_one()
            connection.execute(
                sa.update(ephemeral)
                .where(ephemeral.c.value == value)
                .values(value=value.replace(house.account.id, other.id))
            )
    page = here.get(SECTION)
    fields = {"csrf": csrf(page), "session": own_sid(page), "end": "one", "sid": sid}
    answer = here.follow(here.post(SECTION, data=fields))
    assert said(answer).startswith("Cette session était déjà fermée")
    assert audited(house).count("session:end:accepted") == 0
    with house.database.connect() as connection:
        assert connection.execute(sa.select(ended_sessions)).all() == []


def csrf(page: TestResponse) -> str:
    return form(page, "all")["csrf"]


def own_sid(page: TestResponse) -> str:
    return form(page, "all")["session"]


def test_the_session_of_the_page_itself_is_left_by_the_sign_out(here: Browser) -> None:
    page = here.get(SECTION)
    fields = {"csrf": csrf(page), "session": own_sid(page), "end": "one", "sid": own_sid(page)}
    answer = here.post(SECTION, data=fields)
    assert answer.headers["Location"] == "/end_session"
    assert is_signed_in(here)


def test_all_others_end_and_this_one_goes_on(house: Provider, here: Browser, there: Browser) -> None:
    tokens = tokens_of(house, there)
    third = house.browser()
    third.sign_in()
    page = end(here, "others")
    assert said(page).startswith("Toutes les autres sessions sont fermées")
    assert [is_signed_in(one) for one in (here, there, third)] == [True, False, False]
    refused = house.exchange("", grant_type="refresh_token", code=None, refresh_token=tokens["refresh_token"])
    assert refused.get_json()["error"] == "invalid_grant"
    assert facts(house, "session:end:accepted") == [{"by": "person", "others": True}]
    assert len(listed(here)) == 1


def test_others_that_ended_meanwhile_are_none(house: Provider, here: Browser, there: Browser) -> None:
    there.sign_in()
    fields = form(here.get(SECTION), "others")
    there.submit(there.get("/end_session"), "/confirm")
    assert said(here.follow(here.post(SECTION, data=fields))).startswith("Il n'y avait aucune autre session")


def test_all_end_with_what_is_under_way_and_the_applications_are_told(
    house: Provider, here: Browser, there: Browser
) -> None:
    tokens = tokens_of(house, there)
    unredeemed = answer_of(here.authorize())["code"]
    page = end(here, "all")
    assert said(page).startswith("Toutes vos sessions sont fermées")
    assert "Aucune session ouverte" in page.text
    assert [is_signed_in(one) for one in (here, there)] == [False, False]
    refused = house.exchange("", grant_type="refresh_token", code=None, refresh_token=tokens["refresh_token"])
    assert refused.get_json()["error"] == "invalid_grant"
    assert house.exchange(unredeemed).get_json()["error"] == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    with house.database.connect() as connection:
        assert connection.execute(sa.select(logout_notices.c.client_id)).scalars().all() == [RP]
    assert facts(house, "session:end:accepted") == [{"by": "person", "all": True}]


def test_a_form_of_before_another_sign_in_ends_nothing(
    house: Provider, here: Browser, there: Browser
) -> None:
    there.sign_in()
    fields = form(here.get(SECTION), "others")
    end(here, "all")
    here.sign_in()
    answer = here.follow(here.post(SECTION, data={**fields, "csrf": csrf(here.get(SECTION))}))
    assert said(answer).startswith("La session de ce navigateur a changé")
    assert len(facts(house, "session:end:accepted")) == 1


@pytest.mark.parametrize("unknown", [{}, {"end": ""}, {"end": "everything"}])
def test_an_unknown_wish_ends_nothing(house: Provider, here: Browser, unknown: dict[str, str]) -> None:
    page = here.get(SECTION)
    fields = {"csrf": csrf(page), "session": own_sid(page), **unknown}
    assert here.post(SECTION, data=fields).headers["Location"] == SECTION
    assert facts(house, "session:end:accepted") == []


def test_a_forged_form_ends_nothing(house: Provider, here: Browser) -> None:
    page = here.get(SECTION)
    fields = {"csrf": "0" * 64, "session": own_sid(page), "end": "all"}
    assert here.post(SECTION, data=fields).status_code == 403
    assert is_signed_in(here)


def test_an_ended_session_opens_nothing_though_its_record_is_still_there(
    house: Provider, here: Browser, there: Browser
) -> None:
    """The ephemeral store was down when it was to be deleted."""
    there.sign_in()
    (sid,) = all_sids(house) - {own_sid(here.get(SECTION))}
    house.grants.end_session(sid, house.account.created_at, ())
    assert "Identifiez-vous" in there.follow(there.get(SECTION)).text
    assert "Aucune session ouverte" in there.get("/").text
    assert len(listed(here)) == 1


def test_a_session_of_before_the_list_is_there_all_the_same(house: Provider, here: Browser) -> None:
    with house.database.begin() as connection:
        connection.execute(sa.delete(sessions))
    (alone,) = listed(here)
    assert alone.startswith("Firefox sur Linux La session de cette page")


def test_a_session_that_waited_too_long_is_not_listed(house: Provider, here: Browser, there: Browser) -> None:
    there.sign_in()
    (sid,) = all_sids(house) - {own_sid(here.get(SECTION))}
    of_it = sa.and_(ephemeral.c.kind == "session", ephemeral.c.value.contains(sid))
    with house.database.begin() as connection:
        record = json.loads(connection.execute(sa.select(ephemeral.c.value).where(of_it)).scalar_one())
        record["last_seen_at"] = house.account.created_at.isoformat()
        connection.execute(sa.update(ephemeral).where(of_it).values(value=json.dumps(record)))
    assert len(listed(here)) == 1
