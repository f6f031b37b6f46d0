"""Two nodes whose clocks differ within the tolerance: no sign-in is refused for it, and nothing void lives on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from idp.app import assemble
from idp.wiring.parts import build_parts
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of

NEW = "un tout autre mot de passe, bien long"
#: Nearly twice CLOCK_SKEW.
APART = timedelta(seconds=100)


@dataclass
class ShiftedClock:
    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Nodes:
    """Two nodes on one database, behind one address. `at`: the one that answers next."""

    apps: dict[str, Callable[..., Any]]
    at: str = "right"

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.apps[self.at](environ, start_response)


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture(params=[APART, -APART], ids=["ahead", "behind"])
def two(request: pytest.FixtureRequest, psc: HostilePsc, app_factory: Any) -> tuple[Provider, Nodes]:
    """The house, and its two nodes: the clock of "right" is right."""
    made: Provider = app_factory(**settings_of(psc))
    file = made.settings.where.clients_file
    file.write_text(file.read_text().replace("address, professional]", "professional, professional_context]"))
    parts = build_parts(made.settings)
    shifted = replace(parts, resources=replace(parts.resources, clock=ShiftedClock(request.param)))
    nodes = Nodes({"right": made.app, "other": assemble(shifted)})
    return replace(made, app=nodes), nodes


def test_a_new_password_refuses_nobody_after_it_and_ends_everything_before(
    two: tuple[Provider, Nodes], psc: HostilePsc
) -> None:
    house, nodes = two
    older, proved = house.browser(), house.browser()
    tokens = house.exchange(older.sign_in()).get_json()
    unredeemed = answer_of(older.authorize())["code"]
    by_psc(proved, psc)
    nodes.at = "other"
    page = proved.submit(proved.get("/account/password"), "/password", new_password=NEW)
    assert "Votre mot de passe est changé" in page.text
    nodes.at = "right"
    assert answer_of(older.authorize(prompt="none"))["error"] == "login_required"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert house.exchange(unredeemed).get_json()["error"] == "invalid_grant"
    assert house.exchange(_by_password(house.browser(), NEW)).status_code == 200


def _by_password(browser: Browser, password: str, **asked: str) -> str:
    """A whole sign-in, from the choice page. Returns the code."""
    page = browser.follow(browser.authorize(**asked))
    page = browser.submit(page, "/password", rpps=RPPS, password=password)
    done = browser.submit(page, "/email_otp", code=browser.house.last_code())
    return answer_of(done)["code"]


def test_a_login_that_is_asked_for_on_one_node_is_done_on_the_other(two: tuple[Provider, Nodes]) -> None:
    house, nodes = two
    browser = house.browser()
    nodes.at = "other"
    page = browser.follow(browser.authorize(prompt="login"))
    nodes.at = "right"
    page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert answer_of(browser.submit(page, "/email_otp", code=house.last_code()))["code"]


def test_a_session_of_one_node_is_no_login_that_is_asked_for_on_the_other(
    two: tuple[Provider, Nodes],
) -> None:
    house, nodes = two
    browser = house.browser()
    nodes.at = "other"
    browser.sign_in()
    nodes.at = "right"
    assert browser.follow(browser.authorize(prompt="login")).status_code == 200
    assert browser.follow(browser.authorize(max_age="0")).status_code == 200
    assert answer_of(browser.authorize())["code"]


def test_a_choice_that_is_asked_for_on_one_node_is_made_on_the_other(
    two: tuple[Provider, Nodes], psc: HostilePsc
) -> None:
    house, nodes = two
    exercice = {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "nomDexercice": "DUPONT-NŒL"}
    places = [{"codeModeExercice": "S", "raisonSocialeSite": name} for name in ("NORD", "SUD")]
    practices = [{**exercice, "prenomDexercice": "Aïcha", "activities": places}]
    psc.lie = person(SubjectRefPro={"exercices": practices})
    asked = {"scope": "openid professional_context", "prompt": "consent"}
    browser = house.browser()
    page = by_psc(browser, psc, browser.follow(browser.authorize(**asked)))
    keys = [str(one["value"]) for one in BeautifulSoup(page.text, "html.parser").select(".choice input")]
    assert answer_of(browser.submit(page, "/professional_context", practice=keys[0]))["code"]
    nodes.at = "other"
    page = browser.follow(browser.authorize(**asked))
    nodes.at = "right"
    assert answer_of(browser.submit(page, "/professional_context", practice=keys[1]))["code"]
