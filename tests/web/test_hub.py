"""Another way to start a login, in the real application: its pages, its database, its hub; only `Finish` is a fake."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from idp.interaction.authenticator import Acr
from idp.interaction.binding import Bindings
from idp.interaction.hub import Done, Failed, Failure, GoTo
from idp.interaction.record import Interaction
from idp.interaction.store import fingerprint, random_token
from idp.web.addresses import redirect
from idp.web.hub import HubEndpoint
from idp.web.page_routes import PageRoute
from idp.wiring.flask_app import build_pages
from idp.wiring.flows import build_flows
from idp.wiring.parts import Parts, build_parts
from tests.fakes import FakeFinish
from tests.provider import PASSWORD, RP, RPPS, Browser, Provider


@dataclass(frozen=True)
class OwnPage:
    """What a person's own page demands of them."""

    client_id: str = RP
    minimum_acr: Acr = Acr.PWD_OTP
    charters: tuple[str, ...] = ()


@dataclass
class HomeFinish(FakeFinish):
    """Signs the person in, by the house's own gate and session, and shows whose page it is."""

    parts: Parts | None = None

    def success(self, asked: Request, done: Done) -> Response:
        assert self.parts
        cookies = self.parts.web.cookies
        visit = self.parts.visits.of(asked)
        entered = self.parts.sign_in.enter(done, OwnPage(), visit)
        response: Response = super().success(asked, done)
        if entered.cookie is not None:
            cookies.set(response, "session", entered.cookie)
        return response


@dataclass
class Home:
    """A person comes to their own page, which no relying party asked for: no /authorize is mounted at all."""

    parts: Parts
    finish: HomeFinish = field(init=False)

    def __post_init__(self) -> None:
        self.finish = HomeFinish(answer=Response, parts=self.parts)

    def app(self) -> Callable[..., Any]:
        parts, web = self.parts, self.parts.web
        finishes = {self.finish.name: self.finish}
        hub = HubEndpoint(
            hub=parts.hub,
            bindings=Bindings(parts.interactions),
            finishes=finishes,
            visits=parts.visits,
            cookies=web.cookies,
            forms=web.forms,
        )
        routes = [*hub.routes(), PageRoute("GET", "/home", self.start)]
        for flow in build_flows(parts, finishes):
            routes += flow.routes()
        return build_pages(parts, routes)

    def start(self, request: Request) -> Response:
        cookies = self.parts.web.cookies
        visit = self.parts.visits.of(request)
        browser = visit.browser or random_token()
        new = Interaction(
            id=random_token(),
            client_id=RP,
            request={},
            needed=Acr.PWD_OTP,
            silent=False,
            browser=fingerprint(browser),
            locale="fr",
            started_at=visit.now,
            expires_at=visit.now + self.parts.settings.lives.interaction_life,
        )
        outcome = self.parts.hub.begin(new, visit, self.finish, partial(self.parts.entrance.share, request))
        if isinstance(outcome, Done):
            return self.finish.success(request, outcome)
        assert isinstance(outcome, GoTo)
        response = redirect(outcome.path)
        cookies.know_browser(request, response, browser)
        return response


@pytest.fixture
def make_home(app_factory: Callable[..., Provider]) -> Callable[..., tuple[Home, Browser]]:
    def make(**changes: Any) -> tuple[Home, Browser]:
        house = app_factory(**changes)
        home = Home(build_parts(house.settings))
        return home, Provider(home.app(), house.settings, house.database, house.account).browser()

    return make


def test_it_runs_through_the_pages_and_the_hub_to_its_own_end(
    make_home: Callable[..., tuple[Home, Browser]],
) -> None:
    home, browser = make_home()
    choice = browser.follow(browser.get("/home"))
    code = browser.submit(choice, "/password", rpps=RPPS, password=PASSWORD)
    end = browser.submit(code, "/email_otp", code=browser.house.last_code())
    assert (end.status_code, end.text) == (200, f"welcome {browser.house.account.id}")
    (done,) = home.finish.ends
    assert isinstance(done, Done)
    assert (done.assurance.acr, done.interaction.started_by) == (Acr.PWD_OTP, "home")
    # Used up: the same address answers with the page of a finished interaction.
    assert browser.get(f"/interaction/{done.interaction.id}").status_code == 409
    # Signed in: the second time nothing is asked.
    again = browser.get("/home")
    assert (again.status_code, again.text) == (200, end.text)


def test_leaving_it_is_its_own_failure(make_home: Callable[..., tuple[Home, Browser]]) -> None:
    home, browser = make_home()
    left = browser.submit(browser.follow(browser.get("/home")), "/cancel")
    assert left.text == "left: refused"
    (failed,) = home.finish.ends
    assert isinstance(failed, Failed)
    assert failed.reason is Failure.REFUSED


def test_what_expired_is_begun_again_by_the_way_that_started_it(
    make_home: Callable[..., tuple[Home, Browser]],
) -> None:
    home, browser = make_home(interaction_life=timedelta(microseconds=1))
    expired = browser.follow(browser.get("/home"))
    assert expired.status_code == 410
    again = browser.submit(expired, "/restart")
    assert again.text.startswith("again: ")
    assert home.finish.ends == []
