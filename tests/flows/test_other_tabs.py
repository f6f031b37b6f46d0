"""Several tabs of one browser: a sign-in in one of them reaches the others, as far as their requests allow."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.accounts.account import Account, AccountId
from idp.accounts.charter import CharterEvidence, CharterRevision
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.test_copied_cookie import copied, filled, hub_of, send, title, type_password
from tests.limits import within
from tests.people import an_account, an_identity
from tests.protocol.policed import claims_in
from tests.protocol.psc import by_psc, go, listening, person, settings_of
from tests.provider import LONG_AGO, RP, Browser, Provider, answer_of, audited

OTHER_RPPS = "10000000025"
SIBLING = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
CARD_ONLY = {"client_id": "card-only", "redirect_uri": "https://card.example/callback"}


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture(autouse=True)
def alice_is_there(psc: HostilePsc) -> None:
    psc.lie = person()


@pytest.fixture(scope="module")
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    def made(**changes: Any) -> Provider:
        house = app_factory(**settings_of(psc), **changes)
        add_bob(house)
        return house

    return made


@pytest.fixture(scope="module")
def house(make: Callable[..., Provider]) -> Provider:
    return make()


def add_bob(house: Provider) -> Account:
    """Another person, who accepted the charter as well."""
    bob = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-bob",
        email="bob@hopital.example",
        identity=an_identity(rpps=OTHER_RPPS),
    )
    house.accounts.add(bob)
    evidence = CharterEvidence(
        account_id=bob.id,
        revision="2026-1",
        text_sha256="0" * 64,
        accepted_at=LONG_AGO,
        authenticator="psc",
        client_id=RP,
    )
    house.charters.accept(evidence)
    return bob


def publish_charter(house: Provider) -> None:
    revision = CharterRevision(
        revision="2026-2", published_at=datetime.now(UTC), texts={"fr": "# Charte\n\nMieux."}
    )
    house.charters.publish(revision)


def told(house: Provider, answer: TestResponse, client_id: str = RP, **changes: str) -> dict[str, Any]:
    """The claims that this code is worth."""
    tokens = house.exchange(answer_of(answer)["code"], client_id, **changes).get_json()
    return claims_in(tokens["id_token"])


def ended(house: Provider) -> int:
    return audited(house).count("session:end:accepted")


class TestSignInPageOfAnotherTab:
    """It was open before the sign-in."""

    @pytest.mark.parametrize("page", ["", "/choice", "/password", "/psc", "/email_otp", "/charter"])
    def test_passes_by_single_sign_on_at_its_next_load(
        self, house: Provider, psc: HostilePsc, page: str
    ) -> None:
        browser = house.browser()
        idle = browser.follow(browser.authorize(**SIBLING))
        first = told(house, by_psc(browser, psc))
        left = browser.follow(browser.get(hub_of(idle) + page))
        second = told(house, left, "grand-age", redirect_uri=SIBLING["redirect_uri"])
        assert (second["sid"], second["acr"]) == (first["sid"], "urn:caducee:acr:psc")

    def test_asks_whose_session_it_is_on_a_shared_station(self, house: Provider) -> None:
        browser = house.browser()
        browser.client.set_cookie("caducee_shared", "1", domain="localhost")
        idle = browser.follow(browser.authorize(**SIBLING))
        browser.sign_in()
        asked = browser.follow(browser.get(idle.request.path))
        assert asked.request.path == f"{hub_of(idle)}/same_person"

    def test_passes_when_the_same_person_had_proved_less_in_it(
        self, house: Provider, psc: HostilePsc
    ) -> None:
        browser = house.browser()
        at_code = browser.follow(type_password(browser, browser.follow(browser.authorize())))
        first = told(house, by_psc(browser, psc, browser.follow(browser.authorize())))
        second = told(house, browser.follow(browser.get(f"{hub_of(at_code)}/email_otp")))
        assert second["sid"] == first["sid"]

    def test_passes_after_a_step_up_elsewhere(self, house: Provider, psc: HostilePsc) -> None:
        browser = house.browser()
        browser.sign_in()
        waiting = browser.follow(browser.authorize(**CARD_ONLY))
        assert title(waiting).startswith("Identifiez-vous")
        by_psc(browser, psc, browser.follow(browser.authorize(**CARD_ONLY)))
        assert answer_of(browser.follow(browser.get(waiting.request.path)))["code"]

    def test_asks_for_more_when_its_application_demands_more(self, house: Provider) -> None:
        browser = house.browser()
        waiting = browser.follow(browser.authorize(**CARD_ONLY))
        browser.sign_in()
        again = browser.follow(browser.get(waiting.request.path))
        assert title(again).startswith("Identifiez-vous")
        assert again.request.path == waiting.request.path

    @pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
    def test_stays_when_its_request_demands_a_new_authentication(
        self, house: Provider, psc: HostilePsc, asked: dict[str, str]
    ) -> None:
        browser = house.browser()
        waiting = browser.follow(browser.authorize(**asked))
        by_psc(browser, psc)
        for page in ("", "/choice"):
            assert title(browser.follow(browser.get(hub_of(waiting) + page))).startswith("Identifiez-vous")

    def test_passes_when_its_request_only_bounds_the_age(self, house: Provider, psc: HostilePsc) -> None:
        browser = house.browser()
        waiting = browser.follow(browser.authorize(max_age="600"))
        by_psc(browser, psc)
        assert answer_of(browser.follow(browser.get(hub_of(waiting))))["code"]

    def test_stays_when_its_request_names_another_person(self, house: Provider, psc: HostilePsc) -> None:
        hint = house.exchange(house.browser().sign_in()).get_json()["id_token"]
        browser = house.browser()
        waiting = browser.follow(browser.authorize(id_token_hint=hint))
        psc.lie = person(OTHER_RPPS)
        assert answer_of(by_psc(browser, psc, browser.follow(browser.authorize())))["code"]
        assert title(browser.follow(browser.get(waiting.request.path))).startswith("Identifiez-vous")

    def test_stays_with_the_other_person_who_began_to_prove_something(
        self, house: Provider, psc: HostilePsc
    ) -> None:
        browser = house.browser()
        at_code = browser.follow(type_password(browser, browser.follow(browser.authorize())))
        alices = house.last_code()
        psc.lie = person(OTHER_RPPS)
        bob = told(house, by_psc(browser, psc, browser.follow(browser.authorize())))
        still = browser.follow(browser.get(at_code.request.path))
        assert title(still).startswith("Saisissez")
        # And nothing that she typed is lost: her sign-in ends his.
        before = ended(house)
        alice = told(house, browser.submit(still, "/email_otp", code=alices))
        assert alice["sid"] != bob["sid"]
        assert ended(house) == before + 1

    def test_reads_the_form_that_was_being_filled_in(self, house: Provider, psc: HostilePsc) -> None:
        browser = house.browser()
        idle = browser.follow(browser.authorize())
        at_code = browser.follow(type_password(browser, browser.follow(browser.authorize(state="2"))))
        code = house.last_code()
        first = told(house, by_psc(browser, psc, browser.follow(browser.authorize())))
        # The password in one tab, the code in the other: as typed before the sign-in elsewhere.
        for typed in (
            browser.submit(at_code, "/email_otp", code=code),
            browser.follow(type_password(browser, idle)),
        ):
            assert told(house, typed)["sid"] == first["sid"]

    def test_loses_again_what_the_session_lent_when_that_is_signed_out(
        self, make: Callable[..., Provider], psc: HostilePsc
    ) -> None:
        house = make()
        browser = house.browser()
        idle = browser.follow(browser.authorize())
        by_psc(browser, psc)
        publish_charter(house)
        charter = browser.follow(browser.get(hub_of(idle)))
        assert title(charter).startswith("Charte")
        elsewhere = copied(browser)
        browser.submit(browser.get("/end_session"), "/end_session/confirm")
        # Neither read nor accepted in the name of who left: in the tab itself, nor with what it held before.
        left_open = browser.follow(browser.get(charter.request.path))
        assert title(left_open).startswith("Identifiez-vous")
        path, data = filled(charter, "/charter", accepted="yes")
        assert title(browser.follow(browser.post(path, data=data))).startswith("Identifiez-vous")
        assert elsewhere.follow(elsewhere.post(path, data=data)).status_code == 403
        assert [one.revision for one in house.charters.evidence_of(house.account.id)] == ["2026-1"]

    def test_accepts_no_charter_after_the_session_was_ended_from_elsewhere(
        self, make: Callable[..., Provider], psc: HostilePsc
    ) -> None:
        house = make()
        browser = house.browser()
        by_psc(browser, psc)
        publish_charter(house)
        charter = browser.follow(browser.authorize())
        assert title(charter).startswith("Charte")
        browser.client.delete_cookie("caducee_session", domain="localhost")
        browser.client.set_cookie("caducee_session", "ended.elsewhere", domain="localhost")
        page = browser.submit(charter, "/charter", accepted="yes")
        assert title(page).startswith("Identifiez-vous")
        assert [one.revision for one in house.charters.evidence_of(house.account.id)] == ["2026-1"]


class TestTwoSignInsThatEndAtOnce:
    REPETITIONS = 20

    def ready(self, browser: Browser, **asked: str) -> str:
        """All is proved: the address that ends the sign-in, not yet opened."""
        at_code = browser.follow(type_password(browser, browser.follow(browser.authorize(**asked))))
        return str(send(browser, at_code, "/email_otp", code=browser.house.last_code()).headers["Location"])

    def at_once(self, browser: Browser, *hubs: str) -> list[TestResponse]:
        """Sent together, with the cookies of now; the browser then keeps what the answers set, in their order."""
        start, tabs = Barrier(len(hubs)), [copied(browser) for _ in hubs]

        def open_one(tab: Browser, hub: str) -> TestResponse:
            start.wait(timeout=within(10))
            return tab.get(hub)

        with ThreadPoolExecutor(len(hubs)) as threads:
            return list(threads.map(open_one, tabs, hubs))

    def arrive(self, browser: Browser, answers: list[TestResponse]) -> None:
        for answer in answers:
            for line in answer.headers.getlist("Set-Cookie"):
                name, _, rest = line.partition("=")
                browser.client.set_cookie(name, rest.partition(";")[0], domain="localhost")

    def test_make_one_session_whichever_answer_comes_last(self, house: Provider) -> None:
        for repetition in range(self.REPETITIONS):
            browser = house.browser()
            hubs = [self.ready(browser), self.ready(browser, state="2")]
            answers = self.at_once(browser, *hubs)
            sids = {told(house, answer)["sid"] for answer in answers}
            assert len(sids) == 1
            self.arrive(browser, answers[:: -1 if repetition % 2 else 1])
            # The browser has it, so signing out reaches the applications of both.
            again = told(house, browser.follow(browser.authorize()))
            assert {again["sid"]} == sids

    def test_make_one_session_of_a_step_up_and_a_repeated_login(self, house: Provider) -> None:
        browser = house.browser()
        first = told(house, browser.follow(browser.get(self.ready(browser))))
        hubs = [self.ready(browser, prompt="login"), self.ready(browser, prompt="login", state="2")]
        answers = self.at_once(browser, *hubs)
        assert {told(house, answer)["sid"] for answer in answers} == {first["sid"]}
        for order in (answers, answers[::-1]):
            self.arrive(browser, order)
            assert told(house, browser.follow(browser.authorize()))["sid"] == first["sid"]

    def test_of_two_persons_leave_one_signed_in(self, house: Provider, psc: HostilePsc) -> None:
        browser = house.browser()
        alices = self.ready(browser)
        psc.lie = person(OTHER_RPPS)
        bobs = hub_of(by_psc_unfinished(browser, psc))
        before = ended(house)
        answers = self.at_once(browser, alices, bobs)
        alice, bob = (answer_of(answer).get("code", "") for answer in answers)
        # Who came second ended the first, whose application is told; a code that was out already is void.
        assert ended(house) == before + 1
        redeemed = (
            house.exchange(alice).status_code,
            house.exchange(bob, "grand-age", redirect_uri=SIBLING["redirect_uri"]).status_code,
        )
        assert sorted(redeemed) == [200, 400]

    def test_when_the_answer_was_lost_the_next_sign_in_continues_the_session(self, house: Provider) -> None:
        browser = house.browser()
        hub = self.ready(browser)
        lost = told(house, copied(browser).get(hub))
        assert told(house, browser.follow(browser.get(self.ready(browser))))["sid"] == lost["sid"]


def by_psc_unfinished(browser: Browser, psc: HostilePsc) -> TestResponse:
    """Proved by Pro Santé Connect: the redirect to the hub is not followed."""
    page = browser.follow(browser.authorize(**SIBLING))
    browser.get(go(browser, psc, page))
    return page
