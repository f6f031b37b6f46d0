"""The previous colleague's identification is never taken for the next person's: when we ask anew, and what we check."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.schema import ephemeral
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind
from idp.flows.shared.psc_freshness import Demand, demand_in
from idp.interaction.session import ends_at
from idp.interaction.sessions import Sessions
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, facts, listening, person, settings_of
from tests.provider import Browser, Provider


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    return lambda **changes: app_factory(**settings_of(psc), **changes)


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    return make()


def authenticated(psc: HostilePsc, seconds_ago: float) -> None:
    honest = person()
    psc.lie = replace(honest, claims={**honest.claims, "auth_time": psc.now - seconds_ago})


def asked_prompt(browser: Browser, page: object) -> str | None:
    """The `prompt` of the request that the button of this page leads to."""
    left = browser.submit(page, "/psc")
    found = parse_qs(urlsplit(left.headers["Location"]).query).get("prompt")
    return found[0] if found else None


def choice(browser: Browser, **asked: str) -> TestResponse:
    return browser.follow(browser.authorize(**asked))


def test_ordinary_sign_in_lets_the_session_there_serve(house: Provider) -> None:
    browser = house.browser()
    assert asked_prompt(browser, choice(browser)) is None


def test_relying_party_that_wants_a_login_gets_one(house: Provider) -> None:
    browser = house.browser()
    assert asked_prompt(browser, choice(browser, prompt="login")) == "login"


def test_change_of_account_asks_to_be_identified_anew(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    path, sent = changing(choice(browser))
    assert sent["fresh"] == "1"
    left = browser.post(path, data=sent)
    assert "prompt=login" in left.headers["Location"]


def changing(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Address and fields of « Changer de compte »."""
    for form in BeautifulSoup(page.text, "html.parser").find_all("form"):
        if "Changer de compte Pro Santé Connect" in form.text:
            hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input", type="hidden")}
            return str(form["action"]), hidden
    raise AssertionError("no change of account")


def test_after_a_sign_out_the_next_person_is_identified_anew_once(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    authenticated(psc, 0)
    by_psc(browser, psc)
    page = browser.get("/end_session")
    out = browser.submit(page, "/end_session/confirm")
    assert "/logout?" in out.headers["Location"]
    # Pro Santé Connect may drop `state` on the way back (facts/psc §6).
    returned = browser.get("/end_session/psc")
    assert (returned.status_code, "Votre session est fermée" in returned.text) == (200, True)
    again = choice(browser)
    assert asked_prompt(browser, again) == "login"
    # Nobody was identified yet: still.
    assert asked_prompt(browser, choice(browser)) == "login"
    psc.now = int(time.time())
    authenticated(psc, 0)
    by_psc(browser, psc, choice(browser))
    other_party = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    assert asked_prompt(
        browser, choice(browser, **other_party, acr_values="urn:caducee:acr:psc", max_age="0")
    )


def test_session_that_expired_asks_nothing_of_pro_sante_connect(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    authenticated(psc, 0)
    by_psc(browser, psc)
    with house.database.begin() as connection:
        connection.execute(sa.delete(ephemeral).where(ephemeral.c.kind == Kind.SESSION))
    page = browser.get("/end_session")
    assert (page.status_code, "Votre session est fermée" in page.text) == (200, True)
    assert asked_prompt(browser, choice(browser)) is None


def test_shared_station_is_declared_and_withdrawn_on_the_root_page(house: Provider) -> None:
    browser = house.browser()
    page = browser.get("/")
    page = browser.submit(page, "/station")
    assert "Il est déclaré partagé" in page.text
    assert asked_prompt(browser, choice(browser)) == "login"
    page = browser.submit(browser.get("/"), "/station")
    assert "Plusieurs personnes s" in page.text
    assert asked_prompt(browser, choice(browser)) is None


def test_after_a_colleague_s_session_was_disowned_the_next_person_is_identified_anew(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    browser.submit(browser.get("/"), "/station")
    authenticated(psc, 0)
    by_psc(browser, psc)
    page = browser.submit(choice(browser), "/same_person/leave")
    assert asked_prompt(browser, page) == "login"
    # Also on the day when the station is no more a shared one.
    browser.submit(browser.get("/"), "/station")
    assert asked_prompt(browser, choice(browser)) == "login"


def test_station_is_not_declared_by_another_site(house: Provider) -> None:
    browser = house.browser()
    browser.get("/")
    refused = browser.post("/station", data={"shared": "1"}, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "Plusieurs personnes s" in browser.get("/").text


@pytest.mark.parametrize(
    ("networks", "prompt"), [(("127.0.0.0/8",), "login"), (("192.0.2.0/24", "2001:db8::/32"), None)]
)
def test_stations_of_a_network_may_be_declared_by_the_operator(
    make: Callable[..., Provider], networks: tuple[str, ...], prompt: str | None
) -> None:
    browser = make(shared_stations=networks).browser()
    form = BeautifulSoup(choice(browser).text, "html.parser").select_one("form[action$='/psc']")
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input", type="hidden")}
    left = browser.post(str(form["action"]), data=hidden, environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert parse_qs(urlsplit(left.headers["Location"]).query).get("prompt", [None])[0] == prompt


def test_prompt_login_that_pro_sante_connect_ignored_signs_nobody_in(
    house: Provider, psc: HostilePsc
) -> None:
    authenticated(psc, 356)
    browser = house.browser()
    browser.submit(browser.get("/"), "/station")
    page = by_psc(browser, psc)
    assert page.status_code == 403
    assert "ne vous a pas identifié à nouveau" in page.text
    assert [one["reason"] for one in facts(house, "psc:login:refused")] == ["not_fresh"]
    # It offers to close the session there, and the other doors work.
    assert leave(browser, page)["state"]
    assert "code=" in browser.prove(page).headers["Location"]


def moment_untold(psc: HostilePsc) -> None:
    honest = person()
    psc.lie = replace(honest, claims={**honest.claims, "auth_time": ...})


UNTOLD = "n'a pas dit quand il vous a identifié"


def test_a_moment_that_is_not_told_proves_no_new_identification(house: Provider, psc: HostilePsc) -> None:
    """The page says so, and nothing of an identification that was open already."""
    moment_untold(psc)
    shared, own = house.browser(), house.browser()
    shared.submit(shared.get("/"), "/station")
    page = by_psc(shared, psc)
    assert (page.status_code, UNTOLD in unescape(page.text)) == (403, True)
    assert [one["reason"] for one in facts(house, "psc:login:refused")] == ["no_auth_time"]
    # Neither another try nor a sign-out there would help on a shared station: the other doors do.
    assert actions_on(page) == {"password", "cancel", "more_time"}
    assert "code=" in by_psc(own, psc).headers["Location"]


def actions_on(page: TestResponse) -> set[str]:
    forms = BeautifulSoup(page.text, "html.parser").find_all("form")
    return {str(form["action"]).partition("/interaction/")[2].partition("/")[2] for form in forms}


@pytest.fixture
def signed_out(house: Provider, psc: HostilePsc) -> Browser:
    """A browser in which a person signed out a moment ago, whose session there lives on."""
    browser = house.browser()
    authenticated(psc, 0)
    by_psc(browser, psc)
    browser.submit(browser.get("/end_session"), "/end_session/confirm")
    return browser


def leave(browser: Browser, page: TestResponse) -> dict[str, str]:
    """Press the button that closes the session there: what Pro Santé Connect is asked."""
    left = browser.submit(page, "/psc/leave")
    where = urlsplit(left.headers["Location"])
    assert where.path.endswith("/logout")
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def test_session_there_that_is_not_of_this_person_is_closed_by_the_page_that_says_so(
    psc: HostilePsc, signed_out: Browser
) -> None:
    """What the page advises works at once: after 24 hours of the mark nobody would be at this station any more."""
    moment_untold(psc)
    page = by_psc(signed_out, psc, choice(signed_out))
    assert UNTOLD in unescape(page.text)
    assert actions_on(page) == {"psc/leave", "password", "cancel", "more_time"}
    asked = leave(signed_out, page)
    assert asked["post_logout_redirect_uri"].endswith("/end_session/psc")
    assert asked["id_token_hint"].count(".") == 2
    assert asked["id_token_hint"] not in page.text
    back = signed_out.get(f"/end_session/psc?state={asked['state']}")
    doors = signed_out.follow(back)
    assert "Identifiez-vous" in doors.text
    # The session there is over, and with it the reason to ask for more than an ordinary sign-in.
    assert "code=" in by_psc(signed_out, psc, doors).headers["Location"]
    # The way back serves once.
    again = signed_out.get(f"/end_session/psc?state={asked['state']}")
    assert "Votre session est fermée" in again.text


def test_mark_stays_until_the_session_there_is_over(psc: HostilePsc, signed_out: Browser) -> None:
    moment_untold(psc)
    leave(signed_out, by_psc(signed_out, psc, choice(signed_out)))
    for state in ("", "?state=", "?state=x"):
        signed_out.get(f"/end_session/psc{state}")
        assert asked_prompt(signed_out, choice(signed_out)) == "login"


def test_change_of_account_that_was_ignored_closes_the_session_there(
    house: Provider, psc: HostilePsc
) -> None:
    authenticated(psc, 356)
    browser = house.browser()
    path, sent = changing(choice(browser))
    answer = psc.authorize(browser.post(path, data=sent).headers["Location"])
    page = browser.follow(browser.get(f"/psc/callback?{urlencode(answer)}"))
    assert "ne vous a pas identifié à nouveau" in unescape(page.text)
    asked = leave(browser, page)
    assert "Identifiez-vous" in browser.follow(browser.get(f"/end_session/psc?state={asked['state']}")).text


def test_without_a_way_out_there_the_page_offers_another_try_or_the_other_doors(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    browser.submit(browser.get("/"), "/station")
    authenticated(psc, 356)
    psc.lie = replace(psc.lie, discovery={"end_session_endpoint": ...})
    page = by_psc(browser, psc)
    assert asked_prompt(browser, page) == "login"
    assert "Fermez toutes les fenêtres" in unescape(page.text)


@pytest.mark.parametrize(
    ("record", "demand"),
    [
        ({"fresh_since": "2026-11-29T10:00:00+00:00"}, Demand.ALWAYS),
        ({"fresh_since": None}, None),
        ({"fresh_since": "2026-11-29T10:00:00+00:00", "demand": "browser"}, Demand.BROWSER),
    ],
)
def test_login_that_the_version_before_began_ends_as_strictly(
    record: dict[str, str | None], demand: Demand | None
) -> None:
    assert demand_in(record) == demand


@pytest.mark.parametrize("leave", ["", "x"])
def test_way_out_that_nobody_offered_leads_to_the_doors(house: Provider, leave: str) -> None:
    browser = house.browser()
    page = choice(browser)
    path, sent = changing(page)
    there = browser.post(f"{path}/leave", data={**sent, "leave": leave})
    assert "Identifiez-vous" in browser.follow(there).text


def test_way_out_is_of_one_sign_in(psc: HostilePsc, signed_out: Browser) -> None:
    moment_untold(psc)
    page = by_psc(signed_out, psc, choice(signed_out))
    form = BeautifulSoup(page.text, "html.parser").select_one('input[name="leave"]')
    assert form is not None
    path, sent = changing(choice(signed_out))
    there = signed_out.post(f"{path}/leave", data={**sent, "leave": str(form["value"])})
    assert "/interaction/" in there.headers["Location"]


@pytest.mark.parametrize(("is_sent", "max_age"), [(True, ["0"]), (False, None)])
def test_moment_is_asked_for_beside_the_new_login(
    make: Callable[..., Provider], is_sent: bool, max_age: list[str] | None
) -> None:
    browser = make(psc_fresh_max_age=is_sent).browser()
    left = browser.submit(choice(browser, prompt="login"), "/psc")
    asked = parse_qs(urlsplit(left.headers["Location"]).query)
    assert (asked["prompt"], asked.get("max_age")) == (["login"], max_age)


def test_identification_older_than_a_session_may_live_signs_nobody_in(
    house: Provider, psc: HostilePsc
) -> None:
    authenticated(psc, 4 * 3600)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert page.status_code == 403
    assert "il y a trop longtemps pour ouvrir une session ici" in page.text
    assert asked_prompt(browser, page) == "login"


def test_session_begins_at_their_auth_time_so_that_it_ends_with_theirs(
    house: Provider, psc: HostilePsc
) -> None:
    authenticated(psc, 4 * 3600 - 120)
    browser = house.browser()
    code = by_psc(browser, psc).headers["Location"].split("code=")[1].split("&")[0]
    told = jwt.decode(house.exchange(code).json["id_token"], options={"verify_signature": False})
    assert told["auth_time"] == psc.now - 4 * 3600 + 120
    session = Sessions(
        store=SqlStore(house.database, SystemClock()),
        life=timedelta(hours=4),
        idle=timedelta(minutes=30),
        shared_idle=timedelta(minutes=5),
    )
    cookie = browser.client.get_cookie("caducee_session", domain="localhost")
    assert cookie is not None
    kept = session.open(cookie.value, datetime.now(UTC))
    assert kept is not None
    end = ends_at(kept, timedelta(hours=4), timedelta(minutes=30))
    assert end == datetime.fromtimestamp(psc.now + 120, UTC)


def test_retry_of_a_person_without_rpps_offers_another_account(house: Provider, psc: HostilePsc) -> None:
    psc.lie = person()
    psc.lie = replace(
        psc.lie,
        claims={**psc.lie.claims, "SubjectNameID": "0759300015"},
        userinfo={**psc.lie.userinfo, "SubjectNameID": "0759300015"},
    )
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Aucun numéro RPPS" in page.text
    assert "Changer de compte Pro Santé Connect" in page.text
    assert asked_prompt(browser, page) == "login"


def test_first_connection_page_is_not_a_dead_end_for_somebody_else(house: Provider, psc: HostilePsc) -> None:
    psc.lie = person("99700218896")
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Changer de compte Pro Santé Connect" in page.text
    assert asked_prompt(browser, page) == "login"


def test_identification_that_dies_on_the_way_is_an_error_for_the_application_and_no_failure(
    app_factory: Callable[..., Provider], psc: HostilePsc
) -> None:
    house = app_factory(**settings_of(psc))
    house.charters.publish(
        CharterRevision(
            revision="2026-2", published_at=house.account.created_at, texts={"fr": "# Charte\n\nEncore."}
        )
    )
    authenticated(psc, 4 * 3600 - 60)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Charte" in page.text
    (kind, key, value), *_ = _interactions(house)
    old = (datetime.now(UTC) - timedelta(hours=4)).isoformat()
    events = [{**event, "at": old} for event in value["events"]]  # type: ignore[attr-defined]
    with house.database.begin() as connection:
        connection.execute(
            sa.update(ephemeral)
            .where(ephemeral.c.kind == kind, ephemeral.c.key_hash == key)
            .values(value=json.dumps({**value, "events": events}))
        )
    form = BeautifulSoup(page.text, "html.parser").select_one("form[action$='/charter']")
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input", type="hidden")}
    left = browser.follow(browser.post(str(form["action"]), data={**hidden, "accepted": "yes"}))
    assert "error=login_required" in left.headers["Location"]


def _interactions(house: Provider) -> list[tuple[str, str, dict[str, object]]]:
    asked = sa.select(ephemeral.c.kind, ephemeral.c.key_hash, ephemeral.c.value)
    with house.database.connect() as connection:
        rows = connection.execute(asked.where(ephemeral.c.kind == Kind.INTERACTION)).all()
    return [(kind, key, json.loads(value)) for kind, key, value in rows]
