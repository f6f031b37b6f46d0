"""A name reaches relying parties, pages and the operator's terminal as it stands in the register."""

import dataclasses
import json
import unicodedata
from collections.abc import Callable

import jwt
import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings

from tests.examples import examples
from tests.people import written_names
from tests.provider import Browser, Provider

_ASKED = json.dumps({"id_token": {"name": None, "family_name": None, "given_name": None}})
_NAMES = ("given_name", "family_name", "name")


@pytest.fixture(scope="module")
def signed_in(app_factory: Callable[..., Provider]) -> tuple[Provider, Browser]:
    """A provider of its own, whose account the test renames, and the browser of that person."""
    house = app_factory()
    browser = house.browser()
    browser.sign_in()
    return house, browser


def rename(house: Provider, given_name: str, family_name: str) -> None:
    account = house.accounts.get(house.account.id)
    identity = dataclasses.replace(account.identity, given_name=given_name, family_name=family_name)
    house.accounts.save(dataclasses.replace(account, identity=identity))


def released(house: Provider, browser: Browser) -> tuple[dict[str, str], dict[str, str]]:
    """The names in the ID Token and at userinfo."""
    code = browser.sign_in(scope="openid profile", claims=_ASKED)
    tokens = house.exchange(code).get_json()
    id_token = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    userinfo = house.userinfo(tokens["access_token"]).get_json()
    return tuple({n: claims[n] for n in _NAMES if n in claims} for claims in (id_token, userinfo))  # type: ignore[return-value]


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given_name=written_names(), family_name=written_names())
def test_every_name_that_can_be_printed_is_released_byte_for_byte(
    signed_in: tuple[Provider, Browser], given_name: str, family_name: str
) -> None:
    house, browser = signed_in
    given_name, family_name = (unicodedata.normalize("NFC", name) for name in (given_name, family_name))
    rename(house, given_name, family_name)
    told = {
        "given_name": given_name,
        "family_name": family_name,
        "name": f"{given_name} {family_name}",
    }
    assert released(house, browser) == (told, told)
    shown = [dd.text.strip() for dd in BeautifulSoup(browser.get("/").text, "html.parser").select("dd")]
    assert shown[:2] == [family_name, given_name]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("", "SUKARNO"), {"family_name": "SUKARNO", "name": "SUKARNO"}),
        (("SUKARNO", ""), {"given_name": "SUKARNO", "name": "SUKARNO"}),
    ],
)
def test_the_one_name_of_a_person_is_told_once_and_the_other_is_absent(
    signed_in: tuple[Provider, Browser], names: tuple[str, str], told: dict[str, str]
) -> None:
    """OpenID Connect Core §5.3.2: absent rather than empty."""
    house, browser = signed_in
    rename(house, *names)
    assert released(house, browser) == (told, told)
    rows = BeautifulSoup(browser.get("/").text, "html.parser").select(".identity dt")
    assert len([dt for dt in rows if dt.text.strip() in ("Nom", "Prénom")]) == 1
