"""`idp_hint`: straight to one door, over the whole application, with a session by each of the others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.interaction.authenticator import Acr, AuthenticatorId
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.authenticator import Authenticator
from tests.passkeys import give, options_of
from tests.people import an_account, an_identity
from tests.protocol.policed import CALLBACK, POLICED, PolicedParty, claims_in, signed_in_by
from tests.protocol.psc import listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, authorization

PROOFS: dict[str, tuple[AuthenticatorId, ...]] = {
    "psc": ("psc",),
    "cps": ("cps",),
    "passkey": ("passkey",),
    "password": ("password", "email_otp"),
}
ACR = {"psc": Acr.PSC, "cps": Acr.CPS, "passkey": Acr.PASSKEY, "password": Acr.PWD_OTP}
TITLE = {
    "cps": "Se connecter avec votre carte CPS",
    "password": "Se connecter avec votre mot de passe",
    "passkey": "Utilisez votre clé d'accès",
    "choice": "Identifiez-vous",
}
DOORS = ("psc", "cps", "passkey", "password")
PAIRS = [(hint, other) for hint in DOORS for other in PROOFS if other != hint]


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    return app_factory(
        **{**every_door, **settings_of(psc)}, psc_circuit_failures=10**6, psc_watch_wallet=False
    )


@pytest.fixture(scope="module")
def party(house: Provider) -> PolicedParty:
    return PolicedParty(house)


@pytest.fixture
def governed(party: PolicedParty) -> Iterator[PolicedParty]:
    """The same, for a test that changes its registration."""
    yield party
    party.govern()


def place(answer: TestResponse, psc: HostilePsc) -> str:
    """Which door the browser stands at."""
    if answer.status_code == 303:
        location = answer.headers["Location"]
        return (
            "psc"
            if location.startswith(psc.issuer.partition("/auth/")[0]) or "/auth" in location
            else location
        )
    assert answer.status_code == 200, answer.text
    heading = BeautifulSoup(answer.text, "html.parser").select_one("h1")
    assert heading is not None
    said = " ".join(heading.get_text().split())
    return next((name for name, title in TITLE.items() if title == said), said)


def acr_of(party: PolicedParty, answer: TestResponse) -> str:
    tokens = party.redeem(answer_of(answer)["code"]).get_json()
    return str(claims_in(tokens["id_token"])["acr"])


def session_acr(party: PolicedParty, browser: Browser) -> str | None:
    """What the session of this browser proves to an application that hints at nothing; None: it is over."""
    answer = party.ask(browser, prompt="none")
    return acr_of(party, answer) if "code" in answer_of(answer) else None


def described(told: dict[str, str]) -> str:
    """The description, without the reference by which the log is found."""
    return told["error_description"].partition(" (reference ")[0]


# The five cases.


@pytest.mark.parametrize("door", PROOFS)
def test_a_session_by_the_hinted_door_is_single_sign_on(party: PolicedParty, door: str) -> None:
    browser = signed_in_by(party.house, *PROOFS[door])
    for prompt in (None, "none"):
        assert acr_of(party, party.ask(browser, idp_hint=door, prompt=prompt)) == ACR[door]


def test_of_a_session_by_several_doors_the_hinted_one_is_told(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps", "psc", "passkey", "password", "email_otp")
    for door in PROOFS:
        assert acr_of(party, party.ask(browser, idp_hint=door)) == ACR[door]


@pytest.mark.parametrize(("hint", "other"), PAIRS)
def test_a_session_by_another_door_goes_to_the_hinted_one_and_stays_whole_until_it_succeeds(
    party: PolicedParty, psc: HostilePsc, hint: str, other: str
) -> None:
    browser = signed_in_by(party.house, *PROOFS[other])
    assert place(party.ask(browser, idp_hint=hint), psc) == hint
    # Left there, unfinished: nothing of the session is gone.
    assert session_acr(party, browser) == ACR[other]


def test_once_the_hinted_door_succeeded_the_session_has_both(party: PolicedParty, psc: HostilePsc) -> None:
    browser = signed_in_by(party.house, "cps")
    back = psc.authorize(party.ask(browser, idp_hint="psc").headers["Location"])
    assert acr_of(party, browser.follow(browser.get(f"/psc/callback?{urlencode(back)}"))) == Acr.PSC
    for door in ("psc", "cps"):
        assert acr_of(party, party.ask(browser, idp_hint=door, prompt="none")) == ACR[door]


def test_a_weaker_door_is_told_as_what_it_is_beside_a_stronger_session(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser, idp_hint="password")
    assert "Votre session reste ouverte" in unescape(page.text)
    assert acr_of(party, browser.prove(page)) == Acr.PWD_OTP
    assert session_acr(party, browser) == Acr.CPS


def test_another_person_at_the_hinted_door_replaces_the_session_only_then(party: PolicedParty) -> None:
    house = party.house
    bob = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-of-bob",
        identity=an_identity(rpps="10000000116"),
        email="bob@hopital.example",
    )
    house.accounts.add(bob)
    browser = signed_in_by(replace(house, account=bob), "cps")

    def whose() -> str:
        answer = party.ask(browser, prompt="none", scope="openid")
        location = answer_of(answer)
        # Bob accepted no charter: his living session is what is told.
        return "alice" if "code" in location else location["error"]

    page = party.ask(browser, idp_hint="password")
    wrong = browser.submit(page, "/password", rpps=RPPS, password="faux")
    assert (wrong.status_code, whose()) == (422, "interaction_required")
    page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert whose() == "interaction_required"
    answer = browser.submit(page, "/email_otp", code=house.last_code())
    assert acr_of(party, answer) == Acr.PWD_OTP
    assert whose() == "alice"


@pytest.mark.parametrize(
    "hint",
    ["gate", "PSC", "psc cps", "psc,cps", "../psc", "é", "x" * 400, "email_otp", "none", "cps_unchecked"],
)
def test_an_unknown_hint_is_an_error_that_names_the_open_doors(party: PolicedParty, hint: str) -> None:
    for browser in (party.house.browser(), signed_in_by(party.house, "psc")):
        for prompt in (None, "none"):
            told = answer_of(party.ask(browser, idp_hint=hint, prompt=prompt))
            assert told["error"] == "invalid_request"
            assert described(told) == "idp_hint: open to this client: psc, cps, passkey, password"


@pytest.mark.parametrize("closed", PROOFS)
def test_a_door_closed_to_this_client_is_an_error_to_it(governed: PolicedParty, closed: str) -> None:
    allowed = [door for door in PROOFS if door != closed]
    governed.govern(authenticators=allowed)
    for browser in (governed.house.browser(), signed_in_by(governed.house, *PROOFS[closed])):
        told = answer_of(governed.ask(browser, idp_hint=closed))
        assert (told["error"], described(told)) == (
            "invalid_request",
            f"idp_hint: open to this client: {', '.join(allowed)}",
        )


def test_a_door_below_the_minimum_of_the_client_is_closed_to_it(governed: PolicedParty) -> None:
    governed.govern(minimum_acr="cps")
    told = answer_of(governed.ask(governed.house.browser(), idp_hint="password"))
    assert (told["error"], described(told)) == (
        "invalid_request",
        "idp_hint: open to this client: psc, cps",
    )


def test_a_door_closed_since_gives_the_choice_of_the_others(governed: PolicedParty, psc: HostilePsc) -> None:
    browser = governed.house.browser()
    page = governed.ask(browser, idp_hint="cps")
    governed.govern(authenticators=["psc", "password"])
    assert place(browser.submit(page, "/cps"), psc) == "choice"


@pytest.mark.parametrize("hint", DOORS)
def test_prompt_none_with_a_hint_never_shows_a_page(party: PolicedParty, hint: str) -> None:
    browsers = [party.house.browser()] + [
        signed_in_by(party.house, *path) for door, path in PROOFS.items() if door != hint
    ]
    for browser in browsers:
        assert answer_of(party.ask(browser, idp_hint=hint, prompt="none"))["error"] == "login_required"


# The page, and the way to the others.


@pytest.mark.parametrize("hint", DOORS)
def test_the_browser_goes_straight_to_the_hinted_door(
    party: PolicedParty, psc: HostilePsc, hint: str
) -> None:
    assert place(party.ask(party.house.browser(), idp_hint=hint), psc) == hint


@pytest.mark.parametrize("hint", ["cps", "password"])
def test_another_way_leads_to_the_doors_and_back_to_no_hint(
    party: PolicedParty, psc: HostilePsc, hint: str
) -> None:
    browser = signed_in_by(party.house, "psc")
    page = party.ask(browser, idp_hint=hint)
    hub = page.request.path.rpartition("/")[0]
    page = browser.submit(page, "/door/others")
    assert place(page, psc) == "choice"
    assert "demande un autre moyen d'identification que celui déjà utilisé" in unescape(page.text)
    for path in (hub, f"{hub}/door", f"{hub}/psc"):
        assert place(browser.follow(browser.get(path)), psc) == "choice"
    # Any door will do now, also the one used before.
    back = psc.authorize(browser.submit(page, "/psc").headers["Location"])
    assert acr_of(party, browser.follow(browser.get(f"/psc/callback?{urlencode(back)}"))) == Acr.PSC


def test_a_single_door_has_no_way_to_others(governed: PolicedParty) -> None:
    governed.govern(authenticators=["password"])
    assert "/door/others" not in governed.ask(governed.house.browser(), idp_hint="password").text


def test_who_comes_back_from_pro_sante_connect_without_a_proof_chooses(
    party: PolicedParty, psc: HostilePsc
) -> None:
    browser = signed_in_by(party.house, "cps")
    away = party.ask(browser, idp_hint="psc")
    hub = away.request.path.rpartition("/")[0]
    for path in (f"{hub}/psc", hub, f"{hub}/choice"):
        assert place(browser.follow(browser.get(path)), psc) == "choice"
    cancelled = {"error": "access_denied", "state": psc.authorize(away.headers["Location"])["state"]}
    page = browser.get(f"/psc/callback?{urlencode(cancelled)}")
    doors = BeautifulSoup(page.text, "html.parser").find_all("form")
    assert {"cps", "password"} <= {str(form["action"]).rpartition("/")[2] for form in doors}
    assert session_acr(party, browser) == Acr.CPS


def test_where_pro_sante_connect_is_out_and_a_passkey_is_demanded(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    party, authenticator = PolicedParty(app_factory(**every_door, passkeys="demand")), Authenticator()
    give(party.house, authenticator)

    def by_passkey(browser: Browser, page: TestResponse) -> TestResponse:
        return browser.submit(page, "/passkey", credential=authenticator.answer(options_of(page)))

    browser = party.house.browser()
    assert acr_of(party, by_passkey(browser, party.ask(browser, idp_hint="passkey"))) == Acr.PASSKEY
    # The hinted door is out: its page has the others. By the password, the passkey is what follows.
    for hint in ("psc", "passkey"):
        browser = party.house.browser()
        page = party.ask(browser, idp_hint=hint)
        assert page.status_code == (503 if hint == "psc" else 200)
        page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        tokens = party.redeem(answer_of(by_passkey(browser, page))["code"]).get_json()
        assert "pwd" in claims_in(tokens["id_token"])["amr"], hint


# With other parameters.


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
@pytest.mark.parametrize("hint", PROOFS)
def test_a_fresh_proof_is_asked_at_the_hinted_door(
    party: PolicedParty, psc: HostilePsc, hint: str, wish: dict[str, str]
) -> None:
    browser = signed_in_by(party.house, *PROOFS[hint])
    answer = party.ask(browser, idp_hint=hint, **wish)
    assert place(answer, psc) == hint
    if hint == "psc":
        assert "prompt=login" in answer.headers["Location"]
    elif hint != "passkey":
        assert "demande de confirmer à nouveau votre identité" in unescape(answer.text)
    assert session_acr(party, browser) == ACR[hint]


def test_a_session_young_enough_answers_max_age(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    assert acr_of(party, party.ask(browser, idp_hint="cps", max_age="3600")) == Acr.CPS


@pytest.mark.parametrize("prompt", [None, "none"])
@pytest.mark.parametrize(
    "wish",
    [
        {"acr_values": "urn:caducee:acr:cps"},
        {"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:caducee:acr:psc"}}}'},
    ],
)
def test_a_hint_below_the_acr_asked_for_is_an_error_that_names_the_doors(
    party: PolicedParty, wish: dict[str, str], prompt: str | None
) -> None:
    for browser in (party.house.browser(), signed_in_by(party.house, "psc")):
        told = answer_of(party.ask(browser, idp_hint="password", prompt=prompt, **wish))
        assert told["error"] == "unmet_authentication_requirements"
        reached = "psc, cps" if "acr_values" in wish else "psc"
        assert described(told) == f"idp_hint: the acr asked for is reached by: {reached}"


def test_a_wish_that_no_open_door_grants_leaves_the_hint(governed: PolicedParty, psc: HostilePsc) -> None:
    governed.govern(authenticators=["password"])
    assert (
        place(governed.ask(governed.house.browser(), idp_hint="password", acr_values=str(Acr.CPS)), psc)
        == "password"
    )


def test_the_login_hint_is_filled_in_at_the_hinted_password(party: PolicedParty) -> None:
    for given, shown in ((RPPS, [RPPS]), ("<b>", [])):
        page = party.ask(party.house.browser(), idp_hint="password", login_hint=given)
        field = BeautifulSoup(page.text, "html.parser").select_one("#rpps")
        assert field is not None
        assert field.get_attribute_list("value") == shown


def test_a_session_of_another_than_the_person_named_gives_nothing(
    party: PolicedParty, psc: HostilePsc
) -> None:
    hint = party.tokens(signed_in_by(party.house, "cps"))["id_token"]
    browser = signed_in_by(party.house, "cps")
    assert acr_of(party, party.ask(browser, idp_hint="cps", id_token_hint=hint)) == Acr.CPS
    stranger = '{"id_token":{"sub":{"value":"nobody-of-here"}}}'
    assert place(party.ask(browser, idp_hint="cps", claims=stranger), psc) == "cps"
    told = answer_of(party.ask(browser, idp_hint="cps", claims=stranger, prompt="none"))
    assert told["error"] == "login_required"


def test_a_shared_station_asks_whose_session_it_is_only_where_it_would_be_used(
    party: PolicedParty, psc: HostilePsc
) -> None:
    browser = signed_in_by(party.house, "cps")
    browser.submit(browser.get("/"), "/station")
    assert place(party.ask(browser, idp_hint="password"), psc) == "password"
    away = party.ask(browser, idp_hint="psc")
    assert place(away, psc) == "psc"
    # The session there may be a colleague's.
    assert "prompt=login" in away.headers["Location"]
    assert "Aïcha" in party.ask(browser, idp_hint="cps").text
    for hint, error in (("cps", "interaction_required"), ("password", "login_required")):
        assert answer_of(party.ask(browser, idp_hint=hint, prompt="none"))["error"] == error


def test_a_hint_given_twice_is_refused_as_any_parameter(party: PolicedParty) -> None:
    good = authorization(client_id=POLICED, redirect_uri=CALLBACK)
    for twice in (("psc", "psc"), ("psc", "cps"), ("psc", "gate")):
        query = urlencode([*good.items(), *(("idp_hint", one) for one in twice)])
        for browser in (party.house.browser(), signed_in_by(party.house, "psc")):
            assert answer_of(browser.get(f"/authorize?{query}"))["error"] == "invalid_request"


def test_a_hint_without_a_value_is_none(party: PolicedParty, psc: HostilePsc) -> None:
    assert place(party.ask(party.house.browser(), idp_hint=""), psc) == "choice"
