"""The ephemeral store goes away in the middle of a login: we refuse, say so, and go on once it is back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within
from tests.servers import RunningServer, redis_server

Browse = Callable[..., Browser]


@dataclass(frozen=True)
class Store:
    """The redis-server of the demo."""

    server: RunningServer

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It keeps its connections and answers nothing; what it held is there afterwards."""
        self.server.pause()
        try:
            yield
        finally:
            self.server.resume()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """It stops and comes back empty."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with redis_server() as server:
        yield Store(server)


@pytest.fixture(scope="module")
def demo(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo on that redis-server."""
    with running_demo(tmp_path_factory.mktemp("redis"), "--redis", store.server.url) as running:
        yield running


def status(demo: Demonstration, path: str) -> int:
    return requests.get(f"{demo.issuer}{path}", timeout=within(20)).status_code


def is_unavailable(page: Page) -> bool:
    """The friendly page: ours, with when to come back and a reference, and no cause."""
    assert page.title == "Erreur : Service momentanément indisponible – Caducée", (page.status, page.title)
    assert page.says("Rien de ce que vous avez validé n'est perdu.")
    assert page.says("Référence à donner à l'assistance")
    assert "redis" not in page.html.lower()
    return (page.status, do.header(page, "Retry-After")) == (503, "10")


def test_journeys_run_on_redis(demo: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, demo)
    do.by_password(browser, demo, demo.account("martin"))
    assert do.is_at_home(browser.page, demo)
    assert do.is_at_home(do.arrive(browser, demo, do.SIBLING), demo, do.SIBLING)


def test_silence_in_the_middle_of_a_login_is_told_and_the_person_goes_on_afterwards(
    demo: Demonstration, browse: Browse, store: Store
) -> None:
    martin, browser = demo.account("martin"), browse()
    do.arrive(browser, demo)
    last = do.last_mail(demo, martin["email"])
    do.type_password(browser, martin["rpps"], martin["password"])
    code = do.next_code(demo, martin["email"], last)
    with store.silent():
        with do.tab(browser) as other:
            assert is_unavailable(other.reload())
        with do.tab(browser) as other:
            assert is_unavailable(other.submit("Valider", one_time_code=code))
        with do.tab(browser) as other:
            assert is_unavailable(do.arrive(other, demo))
    assert do.is_at_home(browser.submit("Valider", one_time_code=code), demo)


def test_silence_while_the_card_is_read_is_told_and_the_card_gets_in_afterwards(
    demo: Demonstration, browse: Browse, store: Store
) -> None:
    browser = browse("martin", stop_at=(f"{demo.ready['card_host']}/card/",))
    do.arrive(browser, demo)
    with do.tab(browser) as other:
        attempt = do.by_card(other).url
    browser.stop_at = ()
    with store.silent(), do.tab(browser) as other:
        assert is_unavailable(other.get(attempt))
    assert do.is_at_home(do.by_card(browser), demo)


def test_machines_are_told_too_and_published_documents_stay(
    demo: Demonstration, browse: Browse, store: Store
) -> None:
    party, browser = OwnParty.of(demo), browse("martin")
    party.ask(browser)
    do.by_card(browser)
    code = party.answer(browser.page)["code"]
    with store.silent():
        refused = party.redeem(code)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert refused.headers["Retry-After"] == "10"
        told = party.userinfo("x")
        assert (told.status_code, told.json()["error"]) == (503, "temporarily_unavailable")
        found = {path: status(demo, path) for path in EXPECTED}
    assert found == EXPECTED
    assert status(demo, "/health/ready") == 200
    redeemed = party.redeem(code)
    assert redeemed.status_code == 200, redeemed.text
    assert party.userinfo(redeemed.json()["access_token"]).status_code == 200


EXPECTED = {
    "/.well-known/openid-configuration": 200,
    "/jwks": 200,
    "/health/live": 200,
    "/health/ready": 503,
    "/static/caducee.css": 200,
}


def test_store_that_comes_back_empty_loses_the_login_and_no_account(
    demo: Demonstration, browse: Browse, store: Store
) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    with store.gone():
        with do.tab(browser) as other:
            assert is_unavailable(do.by_card(other))
        assert status(demo, "/health/ready") == 503
        assert status(demo, "/jwks") == 200
    page = do.by_card(browser)
    assert (page.status, page.says("Aucune connexion en cours à cette adresse")) == (404, True)
    do.arrive(browser, demo)
    assert do.is_at_home(do.by_card(browser), demo)


def test_code_of_before_is_not_revived_by_a_store_that_lost_it(
    demo: Demonstration, browse: Browse, store: Store
) -> None:
    party, browser = OwnParty.of(demo), browse("martin")
    party.ask(browser)
    do.by_card(browser)
    code = party.answer(browser.page)["code"]
    with store.gone():
        pass
    assert party.redeem(code).json()["error"] == "invalid_grant"
