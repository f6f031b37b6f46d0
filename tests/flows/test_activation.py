"""An administrator's code: its holder chooses a password and signs in at the lowest level; nobody else, and once."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.activation import new_activation
from idp.accounts.password import HashingBusy, Passwords
from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.schema import outbox
from idp.core.sealing import Sealer, derive_key
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.people import BOB, an_account, an_identity
from tests.protocol.psc import facts, listening, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

NEW = "un tout autre mot de passe, bien long"
OTHER_RPPS, CODE_PAGE = "10000000025", "Saisissez le code reçu par e-mail"
TITLE, REFUSED = "Utiliser un code d'activation", "Ce numéro et ce code ne vont pas ensemble"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc))


def issue(house: Provider, *, ago: timedelta = timedelta(0)) -> str:
    account = house.accounts.get(house.account.id)
    code, activation = new_activation(account, datetime.now(UTC) - ago, timedelta(hours=24))
    SqlActivations(house.database).put(activation)
    return code


def mail_code(house: Provider) -> str:
    """Of the last mail with one: the notice of the new password comes after it."""
    sealer = Sealer(derive_key(house.settings.keys.application, "seal"))
    with house.database.connect() as connection:
        sealed = connection.execute(sa.select(outbox.c.text).order_by(outbox.c.id)).scalars().all()
    texts = "".join(sealer.open(one) or "" for one in sealed)
    return str(re.findall(r"^\s*([0-9]{8})\s*$", texts, re.MULTILINE)[-1])


def at_page(browser: Browser, **changes: str) -> TestResponse:
    """By the link of the sign-in page."""
    choice = browser.follow(browser.authorize(**changes))
    (link,) = BeautifulSoup(choice.text, "html.parser").select('a[href$="/activation"]')
    page = browser.get(str(link["href"]))
    assert heading(page) == TITLE
    return page


def heading(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").h1
    return "" if found is None else found.get_text()


def activated(
    browser: Browser, page: TestResponse, code: str, *, rpps: str = RPPS, password: str = NEW
) -> TestResponse:
    return browser.submit(page, "/activation", rpps=rpps, code=code, new_password=password)


def claims(house: Provider, code: str) -> dict[str, object]:
    token = house.exchange(code).get_json()["id_token"]
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_its_holder_chooses_a_password_and_signs_in_with_the_code_by_mail(house: Provider) -> None:
    browser = house.browser()
    page = activated(browser, at_page(browser), issue(house).lower().replace("-", " "))
    assert heading(page) == CODE_PAGE
    told = claims(house, answer_of(browser.submit(page, "/email_otp", code=mail_code(house)))["code"])
    # Two codes that count once: no password was proved, and it is the least there is.
    assert (told["amr"], told["acr"]) == (["otp"], "urn:caducee:acr:pwd-otp")
    assert facts(house, "activation:use:accepted") == [{}]
    assert facts(house, "password:change:accepted") == [{"by": "activation"}]
    assert "Votre mot de passe a été changé" in subjects_of_mails(house)
    other = house.browser()
    page = other.submit(other.follow(other.authorize()), "/password", rpps=RPPS, password=NEW)
    assert claims(house, answer_of(other.submit(page, "/email_otp", code=house.last_code()))["code"])[
        "amr"
    ] == ["pwd", "otp"]


def test_the_old_password_and_its_sessions_are_over(house: Provider) -> None:
    elsewhere = house.browser()
    elsewhere.sign_in()
    browser = house.browser()
    activated(browser, at_page(browser), issue(house))
    assert answer_of(elsewhere.authorize(prompt="none"))["error"] == "login_required"
    other = house.browser()
    page = other.submit(other.follow(other.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    assert page.status_code == 422


def test_more_time_comes_back_to_the_page(house: Provider) -> None:
    browser = house.browser()
    page = browser.submit(at_page(browser), "/activation/more_time")
    assert heading(page) == TITLE


def test_the_code_alone_signs_nobody_in(house: Provider) -> None:
    browser = house.browser()
    page = activated(browser, at_page(browser), issue(house))
    hub = page.request.path.rpartition("/")[0]
    assert heading(browser.follow(browser.get(hub))) == CODE_PAGE
    assert "session:start:accepted" not in audited(house)
    assert "code:issue:accepted" not in audited(house)


def test_twice_late_void_and_wrong_read_alike(house: Provider) -> None:
    browser, account = house.browser(), house.account
    page = at_page(browser)
    first = issue(house)
    assert REFUSED in activated(browser, page, "0" * 20).text
    assert REFUSED in activated(browser, page, first, rpps=OTHER_RPPS).text
    assert REFUSED in activated(browser, page, first, rpps="pas un numéro").text
    late = issue(house, ago=timedelta(hours=25))
    assert REFUSED in activated(browser, page, late).text
    # Another one takes its place.
    assert REFUSED in activated(browser, page, first).text
    void = issue(house)
    house.accounts.save(house.accounts.get(account.id).next_generation())
    assert REFUSED in activated(browser, page, void).text
    good = issue(house)
    activated(browser, page, good)
    again = house.browser()
    refused = activated(again, at_page(again), good)
    assert (refused.status_code, heading(refused)) == (422, TITLE)
    assert REFUSED in refused.text
    reasons = [one["reason"] for one in facts(house, "activation:use:refused")]
    assert reasons == ["unknown", "other_person", "other_person", "late", "unknown", "void", "used"]


def test_a_disabled_account_and_an_old_identity_are_refused_like_a_wrong_code(house: Provider) -> None:
    browser, account = house.browser(), house.account
    page, code = at_page(browser), issue(house)
    house.accounts.save(replace(account, enabled=False))
    assert REFUSED in activated(browser, page, code).text
    long_ago = replace(account.identity, verified_at=datetime.now(UTC) - timedelta(days=4 * 365))
    house.accounts.save(replace(house.accounts.get(account.id), enabled=True, identity=long_ago))
    assert REFUSED in activated(browser, page, code).text
    assert [one["reason"] for one in facts(house, "activation:use:refused")] == [
        "account_disabled",
        "identity_old",
    ]


def test_a_bad_password_uses_nothing_up_and_is_told_to_the_holder_alone(house: Provider) -> None:
    browser = house.browser()
    page, code = at_page(browser), issue(house)
    assert REFUSED in activated(browser, page, "1" * 20, password="court").text
    refused = activated(browser, page, code, password="court")
    assert (refused.status_code, REFUSED in refused.text) == (422, False)
    assert "15\u00a0caractères" in refused.text
    assert heading(activated(browser, refused, code)) == CODE_PAGE


def test_an_application_that_wants_a_card_is_not_opened_by_it(house: Provider) -> None:
    browser, code = house.browser(), issue(house)
    page = browser.follow(
        browser.authorize(client_id="card-only", redirect_uri="https://card.example/callback")
    )
    assert "/activation" not in page.text
    hub = page.request.path.rpartition("/")[0]
    assert browser.get(f"{hub}/activation").headers["Location"] == hub
    csrf = str(BeautifulSoup(page.text, "html.parser").select("input[name=csrf]")[0]["value"])
    form = {"csrf": csrf, "rpps": RPPS, "code": code, "new_password": NEW}
    assert browser.post(f"{hub}/activation", data=form).headers["Location"] == hub
    assert "activation:use:accepted" not in audited(house)
    # Nor afterwards, by the session that it began.
    page = activated(browser, at_page(browser), code)
    assert answer_of(browser.submit(page, "/email_otp", code=mail_code(house)))["code"]
    page = browser.follow(
        browser.authorize(client_id="card-only", redirect_uri="https://card.example/callback")
    )
    assert page.status_code == 200


def test_of_several_at_once_one_counts(house: Provider) -> None:
    code, people = issue(house), [house.browser() for _ in range(4)]
    pages = [at_page(browser) for browser in people]

    def use(number: int) -> str:
        return heading(activated(people[number], pages[number], code, password=f"{NEW} {number}"))

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(use, range(4)))
    assert outcomes == [CODE_PAGE, *[TITLE] * 3]
    assert audited(house).count("password:change:accepted") == 1


def test_a_colleague_who_proved_a_password_before_is_forgotten(house: Provider) -> None:
    house.accounts.add(
        an_account(
            id=BOB,
            subject="bob",
            email="bob@hopital.example",
            identity=an_identity(rpps=OTHER_RPPS),
            password_hash=house.account.password_hash,
            email_verified_at=datetime.now(UTC),
        )
    )
    browser = house.browser()
    page = at_page(browser)
    browser.post(
        page.request.path.replace("/activation", "/password"),
        data={"csrf": _csrf(page), "rpps": OTHER_RPPS, "password": PASSWORD},
    )
    page = activated(browser, browser.get(page.request.path), issue(house))
    told = claims(house, answer_of(browser.submit(page, "/email_otp", code=mail_code(house)))["code"])
    assert told["sub"] == house.account.subject
    assert told["amr"] == ["otp"]


def _csrf(page: TestResponse) -> str:
    return str(BeautifulSoup(page.text, "html.parser").select("input[name=csrf]")[0]["value"])


def test_a_network_that_tries_too_often_waits(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    house = app_factory(**settings_of(psc), password_posts_per_ip=1)
    browser = house.browser()
    page = at_page(browser)
    activated(browser, page, "0" * 20)
    late = activated(browser, page, issue(house))
    assert (late.status_code, late.headers["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    ("changes", "status"), [({"password_door": False}, 404), ({"passkeys": "demand"}, 303)]
)
def test_without_the_way_that_it_leads_to_there_is_no_page(
    psc: HostilePsc, app_factory: Callable[..., Provider], changes: dict[str, object], status: int
) -> None:
    house = app_factory(**settings_of(psc), **changes)
    browser = house.browser()
    page = browser.follow(browser.authorize())
    assert "/activation" not in page.text
    assert browser.get(page.request.path.replace("/choice", "/activation")).status_code == status


def test_too_many_hashes_at_once_use_nothing_up(house: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_self: Passwords, _password: str) -> str:
        raise HashingBusy

    browser = house.browser()
    page, code = at_page(browser), issue(house)
    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "hash", busy)
        assert activated(browser, page, code).status_code == 503
    assert heading(activated(browser, page, code)) == CODE_PAGE


def test_its_form_sent_again_opens_nothing_more_than_it_did(
    house: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, code = house.browser(), issue(house)
    page, before = at_page(browser), house.browser()
    for cookie in vars(browser.client)["_cookies"].values():
        before.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    assert heading(activated(browser, page, code)) == CODE_PAGE
    # Another code, no code, another password than the one just chosen; no room to compare it.
    for wrong in ({"code": issue(house)}, {"code": "none"}, {"code": code, "password": PASSWORD}):
        assert activated(before, page, **wrong).status_code == 403  # type: ignore[arg-type]

    def busy(_self: Passwords, *_typed: object) -> bool:
        raise HashingBusy

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "is_right", busy)
        assert activated(before, page, code).status_code == 403
    # By now another code is the one of this account: what came of the first is not opened by it either.
    assert activated(before, page, code).status_code == 403
    assert audited(house).count("activation:use:accepted") == 1


def test_of_two_clicks_at_once_the_slower_one_follows_the_faster(
    house: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser throws the answer to the first away, and the second found the code unused when it came."""
    browser, code = house.browser(), issue(house)
    page, first = at_page(browser), house.browser()
    for cookie in vars(browser.client)["_cookies"].values():
        first.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    whole = Passwords.hash

    def overtaken(passwords: Passwords, password: str) -> str:
        """The first is done while the second is at its hash."""
        patched.setattr(Passwords, "hash", whole)
        with ThreadPoolExecutor(1) as thread:
            assert heading(thread.submit(activated, first, page, code).result()) == CODE_PAGE
        return whole(passwords, password)

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "hash", overtaken)
        assert heading(activated(browser, page, code)) == CODE_PAGE
    assert audited(house).count("activation:use:accepted") == 1


def test_its_form_sent_again_is_no_place_to_try_passwords(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), password_posts_per_ip=3)
    browser, code = house.browser(), issue(house)
    page, before = at_page(browser), house.browser()
    for cookie in vars(browser.client)["_cookies"].values():
        before.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    assert heading(activated(browser, page, code)) == CODE_PAGE
    # Who knows the code, and has what the browser was known by before it.
    for guess in ("the first guess of many", "the second guess of many"):
        assert activated(before, page, code, password=guess).status_code == 403
    assert activated(before, page, code).status_code == 403
