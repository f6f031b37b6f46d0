"""`kc_idp_hint`: to which identity provider of Pro Santé Connect the browser is sent, by application and by network."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.policed import PolicedParty, claims_in
from tests.protocol.psc import listening, person, settings_of
from tests.provider import Browser, Provider, answer_of

CHU, WARD, ELSEWHERE = "192.0.2.7", "192.0.2.130", "198.51.100.4"
OF_CHU, OF_WARD = "OKTA_chu", "OKTA_ward"


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie, psc.now = person(), int(time.time())
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(
        **settings_of(psc),
        psc_watch_wallet=False,
        trusted_proxy_hops=1,
        named_networks=(
            "CHU_de_Lille=192.0.2.0/24",
            "CHU_de_Lille=2001:db8::/32",
            "Ward=192.0.2.128/25",
            "Car_park=203.0.113.0/24",
        ),
        psc_idp_hints=(f"CHU_de_Lille={OF_CHU}", f"Ward={OF_WARD}"),
    )


@pytest.fixture(scope="module")
def party(house: Provider) -> PolicedParty:
    return PolicedParty(house)


class At(Browser):
    address = ELSEWHERE

    def get(self, path: str, **options: Any) -> TestResponse:
        return super().get(path, headers={"X-Forwarded-For": self.address}, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return super().post(path, headers={"X-Forwarded-For": self.address}, **options)


def at(house: Provider, address: str) -> At:
    browser = At(house)
    browser.address = address
    return browser


def hint_of(answer: TestResponse) -> str | None:
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["Location"]).query).get("kc_idp_hint", [None])[0]


@pytest.mark.parametrize("by_hint", [False, True])
@pytest.mark.parametrize(
    ("own", "address", "expected"),
    [
        (None, ELSEWHERE, None),
        (None, CHU, OF_CHU),
        (None, "2001:db8:1::9", OF_CHU),
        # Of networks in one another, the smallest.
        (None, WARD, OF_WARD),
        # Named, and without a hint of its own.
        (None, "203.0.113.1", None),
        # The proxy does not tell the address: nothing is guessed.
        (None, "unknown", None),
        (None, "", None),
        # The application's own goes before the network's.
        ("4711", CHU, "4711"),
        ("OKTA_clinique.modele-2", ELSEWHERE, "OKTA_clinique.modele-2"),
    ],
)
def test_the_application_s_own_goes_before_that_of_the_network(
    party: PolicedParty, own: str | None, address: str, expected: str | None, by_hint: bool
) -> None:
    if own is not None:
        party.govern(psc_idp_hint=own)
    browser = at(party.house, address)
    if by_hint:
        assert hint_of(party.ask(browser, idp_hint="psc")) == expected
    else:
        assert hint_of(browser.submit(party.ask(browser), "/psc")) == expected
    if own is not None:
        party.govern()


def test_who_changes_account_chooses_at_pro_sante_connect(party: PolicedParty) -> None:
    browser = at(party.house, CHU)
    page = party.ask(browser)
    path = page.request.path.rpartition("/")[0]
    fields = {"csrf": page.text.partition('name="csrf" value="')[2].partition('"')[0]}
    assert hint_of(browser.post(f"{path}/psc", data={**fields, "fresh": "1"})) is None
    assert hint_of(browser.post(f"{path}/psc", data=fields)) == OF_CHU


def test_a_relying_party_cannot_name_another_one(party: PolicedParty) -> None:
    browser = at(party.house, CHU)
    assert hint_of(party.ask(browser, idp_hint="psc", kc_idp_hint="OKTA_other")) == OF_CHU


def test_what_is_begun_again_without_a_word_goes_the_same_way(party: PolicedParty, psc: HostilePsc) -> None:
    browser = at(party.house, CHU)
    away = party.ask(browser, idp_hint="psc")
    state = psc.authorize(away.headers["Location"])["state"]
    error = {
        "error": "temporarily_unavailable",
        "error_description": "authentication_expired",
        "state": state,
    }
    assert hint_of(browser.get(f"/psc/callback?{urlencode(error)}")) == OF_CHU


def test_the_sign_in_of_one_s_own_account_follows_the_network(house: Provider) -> None:
    browser = at(house, WARD)
    page = browser.follow(browser.get("/account/sign-in?to=identity"))
    assert hint_of(browser.submit(page, "/psc")) == OF_WARD


def test_what_an_establishment_identified_is_told_as_no_more_than_that(
    party: PolicedParty, psc: HostilePsc
) -> None:
    psc.lie = replace(psc.lie, claims={**psc.lie.claims, "authMode": "IDENTITY_BROKER"})
    browser = at(party.house, CHU)
    back = psc.authorize(party.ask(browser, idp_hint="psc").headers["Location"])
    answer = browser.follow(browser.get(f"/psc/callback?{urlencode(back)}"))
    claims = claims_in(party.redeem(answer_of(answer)["code"]).get_json()["id_token"])
    assert (claims["acr"], claims["psc_auth_mode"]) == ("urn:caducee:acr:psc", "IDENTITY_BROKER")
    assert not claims.get("amr")
