"""The sign-in that no relying party asked for: from the root page into a section, and a fresh proof in place."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.schema import audit_events
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.fakes import NOON
from tests.people import an_account, an_identity
from tests.protocol.psc import by_psc, facts, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

SIGN_IN, PROOF = "/account/sign-in?to=password", "/account/proof?to=password"
OTHER = "10000000116"


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc))


@pytest.fixture
def signed_in(house: Provider) -> Browser:
    """By password and code, which proves too little for what matters."""
    browser = house.browser()
    browser.sign_in()
    return browser


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None, page.text
    return heading.get_text()


def is_of_password(page: TestResponse, *, proved: bool = False) -> bool:
    """Whether it is that section: it asks for the present password where no proof is fresh."""
    asks = bool(BeautifulSoup(page.text, "html.parser").select('input[name="password"]'))
    return title(page) == "Changer de mot de passe" and asks is not proved


def told(page: TestResponse) -> str:
    notice = BeautifulSoup(page.text, "html.parser").select_one('[role="status"]')
    return notice.get_text().strip() if notice else ""


def enter(browser: Browser, path: str) -> TestResponse:
    return browser.follow(browser.get(path))


class TestSignIn:
    def test_root_page_leads_through_the_doors_to_the_account(self, fresh: Provider) -> None:
        browser = fresh.browser()
        page = browser.get("/")
        links = BeautifulSoup(page.text, "html.parser").find_all("a")
        link = next(link for link in links if "Se connecter" in link.get_text())
        assert "session:start:accepted" not in audited(fresh)
        doors = enter(browser, str(link["href"]))
        assert (title(doors), "Mon compte" in doors.text) == ("Identifiez-vous", True)
        home = browser.prove(doors)
        assert (title(home), "DUPONT-NŒL" in home.text) == ("Mon compte", True)
        assert audited(fresh)[-1] == "session:start:accepted"
        with fresh.database.connect() as connection:
            clients = connection.execute(
                sa.select(audit_events.c.client_id).where(audit_events.c.event == "session:start:accepted")
            ).scalars()
            assert list(clients) == [None]

    def test_a_section_asks_for_a_sign_in_and_is_there_after_it(self, fresh: Provider) -> None:
        browser = fresh.browser()
        asked = browser.get("/account/password")
        assert (asked.status_code, asked.headers["Location"]) == (303, SIGN_IN)
        page = browser.prove(browser.follow(asked))
        assert is_of_password(page)

    def test_its_session_is_that_of_every_application(self, fresh: Provider) -> None:
        browser = fresh.browser()
        browser.prove(enter(browser, "/account/sign-in"))
        assert answer_of(browser.authorize(prompt="none"))["code"]

    def test_its_session_ends_by_a_sign_out_like_any_other(self, fresh: Provider) -> None:
        browser = fresh.browser()
        home = browser.prove(enter(browser, "/account/sign-in"))
        browser.submit(home, "/end_session/confirm")
        assert title(browser.get("/")) == "Aucune session ouverte"
        assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
        assert audited(fresh)[-1] == "session:end:accepted"

    def test_session_of_an_application_opens_the_section_at_once(self, signed_in: Browser) -> None:
        answered = signed_in.get(SIGN_IN)
        assert answered.headers["Location"] == "/account/password"
        assert "Set-Cookie" not in answered.headers

    @pytest.mark.parametrize("wished", ["https://evil.example/", "//evil.example", "../x", "home", ""])
    def test_it_leads_nowhere_but_to_a_section(self, signed_in: Browser, wished: str) -> None:
        assert signed_in.get("/account/sign-in", query_string={"to": wished}).headers["Location"] == "/"

    def test_cancelling_leads_to_the_root_page_and_says_so_once(self, provider: Provider) -> None:
        browser = provider.browser()
        page = browser.submit(enter(browser, SIGN_IN), "/cancel")
        assert title(page) == "Aucune session ouverte"
        assert told(page).startswith("La demande est annulée")
        assert told(browser.get("/")) == ""

    def test_what_is_told_is_one_of_our_texts(self, provider: Provider) -> None:
        browser = provider.browser()
        for forged in ("nothing.of.ours", "{frame}", "<b>"):
            browser.client.set_cookie("caducee_said", forged, domain="localhost")
            assert told(browser.get("/")) == ""

    def test_charter_of_the_house_is_due_and_refusing_it_signs_nobody_in(self, fresh: Provider) -> None:
        fresh.charters.publish(
            CharterRevision(revision="2026-2", published_at=NOON, texts={"fr": "# Nouvelle"})
        )
        browser = fresh.browser()
        charter = browser.prove(enter(browser, SIGN_IN))
        assert "Refuser et revenir à Mon compte" in charter.text
        refused = browser.submit(charter, "/charter/refuse")
        assert title(refused) == "Aucune session ouverte"
        charter = browser.prove(enter(browser, SIGN_IN))
        assert is_of_password(browser.submit(charter, "/charter", accepted="yes"))

    def test_disabled_account_is_not_let_in(self, fresh: Provider) -> None:
        browser = fresh.browser()
        page = browser.submit(enter(browser, SIGN_IN), "/password", rpps=RPPS, password=PASSWORD)
        fresh.accounts.save(replace(fresh.accounts.get(fresh.account.id), enabled=False).next_generation())
        refused = browser.submit(page, "/email_otp", code=fresh.last_code())
        assert "session:start:accepted" not in audited(fresh)
        assert title(browser.get("/")) == "Aucune session ouverte", refused.text

    def test_what_expired_begins_again_and_leads_to_the_same_section(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        house = app_factory(interaction_life=timedelta(seconds=1))
        browser = house.browser()
        page = enter(browser, SIGN_IN)
        time.sleep(1.1)
        expired = browser.submit(page, "/cancel")
        assert (expired.status_code, "Reprendre la connexion" in expired.text) == (410, True)
        again = browser.submit(expired, "/restart")
        assert "elle reprend ici" in again.text
        browser.submit(again, "/cancel")

    def test_begun_too_often_from_one_network_it_is_refused(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        house = app_factory(sign_ins_per_ip=2, crowded_networks_factor=1)
        answers = [enter(house.browser(), SIGN_IN).status_code for _ in range(3)]
        assert answers == [200, 200, 429]

    def test_shared_station_asks_whose_session_it_is(self, signed_in: Browser) -> None:
        signed_in.submit(signed_in.get("/"), "/station", shared="1")
        assert title(enter(signed_in, SIGN_IN)).startswith("Vous êtes Aïcha")

    def test_person_enrols_without_any_application(self, house: Provider, psc: HostilePsc) -> None:
        psc.lie = person(OTHER)
        browser = house.browser()
        page = by_psc(browser, psc, enter(browser, "/account/sign-in"))
        assert "première connexion" in page.text.lower()


class TestProof:
    def test_it_is_asked_in_place_and_leads_back(
        self, house: Provider, signed_in: Browser, psc: HostilePsc
    ) -> None:
        doors = enter(signed_in, PROOF)
        assert "Mon compte demande de confirmer à nouveau votre identité" in doors.text
        # The password proves nothing here.
        assert not BeautifulSoup(doors.text, "html.parser").select('input[name="password"]')
        identified_now(psc)
        page = by_psc(signed_in, psc, doors)
        assert is_of_password(page, proved=True)
        assert "identity:proof:refused" not in audited(house)

    def test_it_asks_pro_sante_connect_to_identify_anew(self, signed_in: Browser, psc: HostilePsc) -> None:
        left = signed_in.submit(enter(signed_in, PROOF), "/psc")
        assert "prompt=login" in left.headers["Location"]

    def test_old_session_at_pro_sante_connect_is_no_proof(
        self, house: Provider, signed_in: Browser, psc: HostilePsc
    ) -> None:
        honest = person()
        psc.lie = replace(honest, claims={**honest.claims, "auth_time": psc.now - 601})
        assert by_psc(signed_in, psc, enter(signed_in, PROOF)).status_code == 403
        assert is_of_password(signed_in.get("/account/password"))

    def test_another_person_is_told_and_opens_nothing(
        self, house: Provider, signed_in: Browser, psc: HostilePsc
    ) -> None:
        add_colleague(house)
        identified_now(psc, OTHER)
        page = by_psc(signed_in, psc, enter(signed_in, PROOF))
        assert title(page) == "Mon compte"
        assert told(page).startswith("L'identité présentée est celle d'une autre personne")
        assert "DUPONT-NŒL" in page.text
        assert is_of_password(signed_in.get("/account/password"))
        assert facts(house, "identity:proof:refused") == [{"reason": "other_person"}]

    @pytest.mark.parametrize("is_enrolled", [True, False])
    def test_nothing_is_asked_of_another_person(
        self, app_factory: Callable[..., Provider], psc: HostilePsc, is_enrolled: bool
    ) -> None:
        """Neither a charter nor an enrolment."""
        house = app_factory(**settings_of(psc), enrolment_from_psc=True)
        signed_in = house.browser()
        signed_in.sign_in()
        if is_enrolled:
            add_colleague(house, charter_revision=None)
        identified_now(psc, OTHER)
        page = by_psc(signed_in, psc, enter(signed_in, PROOF))
        assert told(page).startswith("L'identité présentée est celle d'une autre personne")
        assert facts(house, "identity:proof:refused") == [{"reason": "other_person"}]

    def test_fresh_proof_is_not_asked_again(self, house: Provider, psc: HostilePsc) -> None:
        browser = house.browser()
        identified_now(psc)
        assert answer_of(by_psc(browser, psc))["code"]
        assert browser.get(PROOF).headers["Location"] == "/account/password"

    def test_nobody_signs_in_first(self, provider: Provider) -> None:
        assert provider.browser().get(PROOF).headers["Location"] == SIGN_IN

    def test_cancelling_leaves_the_session_as_it_was(self, signed_in: Browser) -> None:
        page = signed_in.submit(enter(signed_in, PROOF), "/cancel")
        assert (title(page), told(page)) == ("Mon compte", "La demande est annulée. Rien n'a été changé.")
        assert answer_of(signed_in.authorize(prompt="none"))["code"]

    def test_session_keeps_its_name_so_applications_are_told_of_one_sign_out(
        self, house: Provider, signed_in: Browser, psc: HostilePsc
    ) -> None:
        identified_now(psc)
        by_psc(signed_in, psc, enter(signed_in, PROOF))
        assert audited(house).count("session:start:accepted") == 1

    def test_of_a_person_who_signed_out_meanwhile_it_signs_in(
        self, house: Provider, signed_in: Browser, psc: HostilePsc
    ) -> None:
        doors = enter(signed_in, PROOF)
        signed_in.submit(signed_in.get("/"), "/end_session/confirm")
        doors = enter(signed_in, hub_of(doors))
        identified_now(psc)
        assert is_of_password(by_psc(signed_in, psc, doors), proved=True)

    def test_house_whose_proving_doors_are_shut_says_so(self, fresh: Provider) -> None:
        browser = fresh.browser()
        browser.sign_in()
        assert "est ouvert pour Mon compte" in enter(browser, PROOF).text


def hub_of(page: TestResponse) -> str:
    return page.request.path.rpartition("/")[0]


def identified_now(psc: HostilePsc, rpps: str = RPPS) -> None:
    psc.now = int(time.time())
    psc.lie = replace(person(rpps), claims={**person(rpps).claims, "auth_time": psc.now})


def add_colleague(house: Provider, charter_revision: str | None = "2026-1") -> None:
    colleague: Any = an_account(
        id="account-of-bob",
        subject="subject-bob",
        identity=an_identity(rpps=OTHER, family_name="MARTIN"),
        email="bob@hopital.example",
        charter_revision=charter_revision,
    )
    house.accounts.add(colleague)
