"""Logout tokens of Pro Santé Connect: what ends, what is refused; nothing listens unless the operator says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.kept_logout_schema import kept_logouts
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from idp.protocol.logout.kept_logouts import KeptLogoutJudge
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_kept_logout_judge
from tests.adapters.psc.hostile_psc import SID, HostilePsc, Lie, say_status
from tests.fakes import NOON
from tests.protocol.psc import SUBJECT, by_psc, facts, listening, person, settings_of
from tests.provider import ISSUER, RP, Browser, Provider, answer_of, audited

RP_URI = "https://trajectoire.example/backchannel"
SIGNED_IN = "Session ouverte depuis"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        honest = person()
        psc.lie = replace(honest, claims={**honest.claims, "sid": SID})
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), psc_backchannel_logout=True)


def tell(house: Provider, *tokens: str, **more: Any) -> TestResponse:
    return Client(house.app, TestResponse).post(
        "/psc/backchannel_logout", base_url=ISSUER, data={"logout_token": list(tokens)}, **more
    )


def told_of_logouts(house: Provider) -> Provider:
    """Its relying party has a logout URI."""
    path, name = house.settings.where.clients_file, "    client_name: ViaTrajectoire\n"
    path.write_text(path.read_text().replace(name, f"{name}    backchannel_logout_uri: {RP_URI}\n"))
    return house


def is_signed_in(browser: Browser) -> bool:
    return SIGNED_IN in browser.get("/").text


def signed_in(house: Provider, psc: HostilePsc) -> tuple[Browser, str]:
    """A browser with a session that came from theirs, and an access token of it."""
    browser = house.browser()
    received = house.exchange(answer_of(by_psc(browser, psc))["code"]).json
    assert received is not None
    assert is_signed_in(browser)
    return browser, received["access_token"]


def test_sign_out_there_ends_the_session_here_and_its_tokens(house: Provider, psc: HostilePsc) -> None:
    browser, access_token = signed_in(house, psc)
    assert house.userinfo(access_token).status_code == 200
    answer = tell(house, psc.logout_token())
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not is_signed_in(browser)
    assert house.userinfo(access_token).status_code == 401
    assert audited(house).count("session:end:accepted") == 1
    assert "error=login_required" in browser.authorize(prompt="none").headers["Location"]


@pytest.mark.parametrize("names", [{}, {"sid": ..., "sub": SUBJECT}], ids=["the session", "the person"])
def test_relying_parties_are_told_of_the_end(house: Provider, psc: HostilePsc, names: dict[str, Any]) -> None:
    signed_in(told_of_logouts(house), psc)
    tell(house, psc.logout_token(**names))
    notices = SqlLogoutNotices(house.database).newest(9, client_id=None, state=None)
    assert [notice.client_id for notice in notices] == [RP]


def test_sign_out_there_ends_what_the_ephemeral_store_forgot(house: Provider, psc: HostilePsc) -> None:
    """Redis came back empty: grants name the session there that they came from, single sign-on or not."""
    browser, access_token = signed_in(told_of_logouts(house), psc)
    by_single_sign_on = answer_of(browser.authorize())["code"]
    with house.database.begin() as connection:
        connection.execute(sa.delete(ephemeral).where(ephemeral.c.kind.like("upstream_session%")))
        connection.execute(sa.delete(ephemeral).where(ephemeral.c.kind == Kind.SESSION))
    for _ in range(2):
        tell(house, psc.logout_token())
    assert house.userinfo(access_token).status_code == 401
    assert house.exchange(by_single_sign_on).get_json()["error"] == "invalid_grant"
    notices = SqlLogoutNotices(house.database).newest(9, client_id=None, state=None)
    assert [notice.client_id for notice in notices] == [RP]
    assert audited(house).count("session:end:accepted") == 1


def test_other_sessions_are_left_alone(house: Provider, psc: HostilePsc) -> None:
    browser, _ = signed_in(house, psc)
    by_password = house.browser()
    by_password.sign_in()
    assert tell(house, psc.logout_token(sid="another-session")).status_code == 200
    assert is_signed_in(browser)
    tell(house, psc.logout_token())
    assert not is_signed_in(browser)
    assert is_signed_in(by_password)


def test_every_session_here_that_came_from_theirs_ends(house: Provider, psc: HostilePsc) -> None:
    browsers = [signed_in(house, psc)[0] for _ in range(3)]
    tell(house, psc.logout_token())
    assert not any(is_signed_in(browser) for browser in browsers)


def test_token_that_names_the_person_alone_ends_all_of_theirs(house: Provider, psc: HostilePsc) -> None:
    browser, access_token = signed_in(house, psc)
    tell(house, psc.logout_token(sid=..., sub=SUBJECT))
    assert not is_signed_in(browser)
    assert house.userinfo(access_token).status_code == 401
    # And the person may come back at once.
    psc.now += 1
    assert "code=" in by_psc(house.browser(), psc).headers["Location"]


@pytest.mark.parametrize("names", [{}, {"sid": ..., "sub": SUBJECT}], ids=["the session", "the person"])
def test_sign_in_under_way_when_they_signed_out_there_opens_no_session(
    house: Provider, psc: HostilePsc, names: dict[str, Any]
) -> None:
    """Signed out there while our charter was on the screen."""
    by_psc(house.browser(), psc)  # who they are is known here
    house.charters.publish(
        CharterRevision(
            revision="2026-2", published_at=house.account.created_at, texts={"fr": "# Charte\n\nEncore."}
        )
    )
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Charte" in page.text
    assert tell(house, psc.logout_token(**names)).status_code == 200
    form = BeautifulSoup(page.text, "html.parser").select_one("form[action$='/charter']")
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input", type="hidden")}
    left = browser.follow(browser.post(str(form["action"]), data={**hidden, "accepted": "yes"}))
    if names:  # all that the person had proved is void: the doors are shown again
        assert BeautifulSoup(left.text, "html.parser").select_one("form[action$='/psc']") is not None
    else:
        assert "error=login_required" in left.headers["Location"]
    assert not is_signed_in(browser)


def test_flood_of_forged_tokens_does_not_fill_the_trail(house: Provider, psc: HostilePsc) -> None:
    for _ in range(12):
        assert tell(house, "a.b.c").status_code == 400
    assert audited(house).count("psc:logout:refused") == 5


def test_unknown_person_or_session_is_no_error(house: Provider, psc: HostilePsc) -> None:
    assert tell(house, psc.logout_token(sid=..., sub="nobody")).status_code == 200
    assert tell(house, psc.logout_token(sid="never-seen")).status_code == 200


def test_the_same_token_again_is_refused(house: Provider, psc: HostilePsc) -> None:
    browser, _ = signed_in(house, psc)
    token = psc.logout_token()
    assert [tell(house, token).status_code for _ in range(2)] == [200, 400]
    assert not is_signed_in(browser)
    assert facts(house, "psc:logout:refused") == [{"reason": "logout token: replayed"}]


REFUSED: dict[str, tuple[Lie, dict[str, Any]]] = {
    "another issuer": (Lie(), {"iss": "https://evil.example"}),
    "another audience": (Lie(), {"aud": "another-client"}),
    "no audience": (Lie(), {"aud": ...}),
    "an ID token's nonce": (Lie(), {"nonce": "n"}),
    "no event": (Lie(), {"events": ...}),
    "another event": (Lie(), {"events": {"http://schemas.openid.net/event/other": {}}}),
    "an event that is no object": (
        Lie(),
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}},
    ),
    "nobody named": (Lie(), {"sub": ..., "sid": ...}),
    "a name that is none": (Lie(), {"sub": ["x"], "sid": ...}),
    "no jti": (Lie(), {"jti": ...}),
    "a jti in a list": (Lie(), {"jti": ["x"]}),
    "no iat": (Lie(), {"iat": ...}),
    "an iat of yesterday": (Lie(), {"iat": 1}),
    "an iat of tomorrow": (Lie(), {"iat": 9999999999}),
    "expired": (Lie(), {"exp": 1}),
    "the type of an ID token": (Lie(), {"typ": "ID"}),
    "signed by a stranger": (Lie(signed_by="a stranger"), {}),
    "signed by nobody": (Lie(header={"alg": "none"}, signed_by="nobody"), {}),
    "signed with our secret": (Lie(header={"alg": "HS256"}, signed_by="whoever knows our secret"), {}),
    "an unknown key": (Lie(header={"kid": "never-seen"}), {}),
    "a critical extension": (Lie(header={"crit": ["x"], "x": 1}), {}),
}


@pytest.mark.parametrize(("lie", "claims"), REFUSED.values(), ids=REFUSED)
def test_token_that_does_not_verify_ends_nothing(
    house: Provider, psc: HostilePsc, lie: Lie, claims: dict[str, Any]
) -> None:
    browser, _ = signed_in(house, psc)
    refused = tell(house, psc.logout_token(lie, **claims))
    assert (refused.status_code, refused.json) == (400, {"error": "invalid_request"})
    assert is_signed_in(browser)
    assert audited(house).count("psc:logout:refused") == 1


def test_request_that_is_none_is_refused_and_recorded(house: Provider, psc: HostilePsc) -> None:
    assert tell(house).status_code == 400
    assert tell(house, psc.logout_token(), psc.logout_token()).status_code == 400
    assert tell(house, "").status_code == 400
    assert tell(house, "x" * 20_000).status_code == 400
    assert [one["reason"] for one in facts(house, "psc:logout:refused")] == [
        "logout token: 0 in one request",
        "logout token: 2 in one request",
        "ID token: size or form",
        "ID token: size or form",
    ]
    get = Client(house.app, TestResponse).get("/psc/backchannel_logout", base_url=ISSUER)
    assert get.status_code == 405


def judge_of(house: Provider) -> KeptLogoutJudge:
    """What `idp worker` runs, with its own view of Pro Santé Connect."""
    judge = build_kept_logout_judge(open_resources(house.settings))
    assert judge is not None
    return judge


@pytest.mark.parametrize("names", [{}, {"sid": ..., "sub": SUBJECT}], ids=["the session", "the person"])
def test_token_that_came_while_its_keys_could_not_be_had_is_judged_by_the_worker(
    house: Provider, psc: HostilePsc, names: dict[str, Any]
) -> None:
    browser, _ = signed_in(told_of_logouts(house), psc)
    honest, psc.kid = psc.lie, "psc-2"
    psc.lie = replace(honest, instead={"jwks": say_status(503)})
    kept = tell(house, psc.logout_token(**names))
    # Back-Channel Logout §2.8: 200 would say that the session is over.
    assert (kept.status_code, kept.json and kept.json["error"]) == (400, "temporarily_unavailable")
    judge_of(house).judge_due()
    assert is_signed_in(browser)
    psc.lie = honest
    with house.database.begin() as connection:  # ten seconds later
        connection.execute(sa.update(kept_logouts).values(not_before=NOON))
    judge_of(house).judge_due()
    assert not is_signed_in(browser)
    assert len(SqlLogoutNotices(house.database).newest(9, client_id=None, state=None)) == 1
    with house.database.connect() as connection:
        assert connection.execute(sa.select(kept_logouts)).first() is None


def test_token_that_waits_shows_nobody_to_a_reader_of_the_database(house: Provider, psc: HostilePsc) -> None:
    psc.lie = Lie(instead={"jwks": say_status(503)})
    token = psc.logout_token()
    tell(house, token)
    with house.database.connect() as connection:
        (row,) = connection.execute(sa.select(kept_logouts)).all()
    assert token.split(".")[1] not in str(row)


def test_worker_judges_nothing_unless_the_operator_says_so(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    for house in (app_factory(**settings_of(psc)), app_factory(psc_backchannel_logout=True)):
        assert build_kept_logout_judge(open_resources(house.settings)) is None


def test_token_passes_a_rotation_after_forged_ones(house: Provider, psc: HostilePsc) -> None:
    browser, _ = signed_in(house, psc)
    assert tell(house, psc.logout_token(Lie(header={"kid": "forged"}))).status_code == 400
    psc.kid = "psc-2"
    assert tell(house, psc.logout_token()).status_code == 200
    assert not is_signed_in(browser)


def test_session_named_with_a_space_ends(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    """RFC 6749 A.1: a client identifier, and so a `sid`, may contain one."""
    psc.lie = replace(psc.lie, claims={**psc.lie.claims, "sid": "44 and 5"})
    house = app_factory(**settings_of(psc), psc_backchannel_logout=True)
    browser, _ = signed_in(house, psc)
    assert tell(house, psc.logout_token(sid="44 and 5")).status_code == 200
    assert not is_signed_in(browser)


def test_person_named_with_a_space_is_signed_out(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    psc.lie = person(sub="somebody 1")
    house = app_factory(**settings_of(psc), psc_backchannel_logout=True)
    browser, _ = signed_in(house, psc)
    assert tell(house, psc.logout_token(sid=..., sub="somebody 1")).status_code == 200
    assert not is_signed_in(browser)


def test_nothing_listens_unless_the_operator_says_so(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc))
    browser, _ = signed_in(house, psc)
    assert tell(house, psc.logout_token()).status_code == 404
    assert is_signed_in(browser)
