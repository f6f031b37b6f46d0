"""The passkeys of a person: added, named and removed after a fresh proof, each told by mail; and nothing without it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.passkeys import Passkey
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import ephemeral
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.authenticator import AAGUID, Authenticator
from tests.passkeys import give, options_of
from tests.protocol.psc import by_psc, facts, subjects_of_mails
from tests.provider import Browser, Provider, audited

PATH = "/account/passkeys"


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    return make()


@pytest.fixture
def proved(house: Provider, psc: HostilePsc) -> Browser:
    browser = house.browser()
    by_psc(browser, psc)
    return browser


def text_of(page: TestResponse) -> str:
    main = BeautifulSoup(page.text, "html.parser").main
    assert main is not None
    return " ".join(main.get_text().split())


def add(browser: Browser, authenticator: Authenticator, name: str = "", **lies: Any) -> TestResponse:
    page = browser.get(PATH)
    credential = authenticator.make(options_of(page), **lies)
    return browser.submit(page, f"{PATH}/add", credential=credential, name=name)


def kept_by(house: Provider) -> tuple[Passkey, ...]:
    return SqlPasskeys(house.database).of(house.account.id)


class TestAdd:
    def test_a_passkey_is_added_named_and_told_by_mail(self, house: Provider, proved: Browser) -> None:
        page = add(proved, Authenticator(is_synced=True), name="  Téléphone\u200b de garde ")
        assert (page.status_code, page.request.path) == (200, PATH)
        assert "Clé d'accès ajoutée" in text_of(page)
        assert "Téléphone de garde" in text_of(page)
        assert "Jamais utilisée" in text_of(page)
        (one,) = kept_by(house)
        assert (one.name, one.is_synced, one.last_used_at) == ("Téléphone de garde", True, None)
        told = facts(house, "passkey:add:accepted")
        assert told == [{"passkey": one.id, "aaguid": one.aaguid, "is_synced": True}]
        assert one.aaguid.replace("-", "") == AAGUID.hex()
        assert subjects_of_mails(house)[-1] == "Une clé d'accès a été ajoutée à votre compte"

    def test_without_a_fresh_proof_the_list_is_all_there_is(self, house: Provider) -> None:
        give(house, Authenticator(), name="Clé de sécurité")
        browser = house.browser()
        browser.sign_in()
        page = browser.get(PATH)
        assert "Clé de sécurité" in text_of(page)
        assert "Confirmer mon identité" in text_of(page)
        assert ("data-options" in page.text, "/remove" in page.text) == (False, False)

    def test_a_form_posted_without_a_fresh_proof_adds_nothing_and_leads_to_one(
        self, house: Provider, proved: Browser
    ) -> None:
        page = proved.get(PATH)
        credential = Authenticator().make(options_of(page))
        form = BeautifulSoup(page.text, "html.parser").select_one("form[data-options]")
        assert form is not None
        hidden = {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}
        age_proofs(house)
        answer = proved.post(f"{PATH}/add", data={**hidden, "credential": credential})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/account/proof?to=passkeys")
        assert kept_by(house) == ()

    @pytest.mark.parametrize(
        ("authenticator", "lies", "reason"),
        [
            (Authenticator(verifies=False), {}, "not_verified"),
            (Authenticator(), {"origin": "https://evil.example"}, "elsewhere"),
            (Authenticator(rp_id="example"), {}, "elsewhere"),
            (Authenticator(), {"challenge": "AAAA"}, "wrong"),
        ],
    )
    def test_what_is_not_made_here_for_this_page_by_its_person_is_refused(
        self,
        house: Provider,
        proved: Browser,
        authenticator: Authenticator,
        lies: dict[str, Any],
        reason: str,
    ) -> None:
        page = add(proved, authenticator, **lies)
        assert (page.status_code, "n'a pas pu être ajoutée" in text_of(page)) == (422, True)
        assert facts(house, "passkey:add:refused") == [{"reason": reason}]
        assert kept_by(house) == ()

    def test_the_answer_to_one_page_is_good_once(self, house: Provider, proved: Browser) -> None:
        page = proved.get(PATH)
        form = BeautifulSoup(page.text, "html.parser").select_one("form[data-options]")
        assert form is not None
        hidden = {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}
        sent = {**hidden, "credential": Authenticator().make(options_of(page))}
        assert proved.post(f"{PATH}/add", data=sent).status_code == 303
        again = proved.follow(proved.post(f"{PATH}/add", data=sent))
        assert (again.status_code, "déjà servi" in text_of(again)) == (409, True)
        assert len(kept_by(house)) == 1

    def test_the_same_passkey_is_kept_once(self, house: Provider, proved: Browser) -> None:
        authenticator = Authenticator()
        add(proved, authenticator)
        excluded = options_of(proved.get(PATH))["excludeCredentials"]
        assert [one["id"] for one in excluded] == [kept_by(house)[0].credential_id]
        page = add(proved, authenticator)
        assert (page.status_code, "déjà enregistrée" in text_of(page)) == (409, True)
        assert len(kept_by(house)) == 1

    def test_a_person_has_as_many_as_the_operator_says(
        self, make: Callable[..., Provider], psc: HostilePsc
    ) -> None:
        house = make(passkeys_per_person=1)
        browser = house.browser()
        by_psc(browser, psc)
        page = browser.get(PATH)
        assert "ajoutée" in text_of(add(browser, Authenticator()))
        assert "autant que possible" in text_of(browser.get(PATH))
        assert "data-options" not in browser.get(PATH).text
        assert "data-options" in page.text

    def test_on_a_shared_station_it_is_made_on_another_device(self, proved: Browser) -> None:
        proved.submit(proved.get("/"), "/station")
        page = proved.submit(proved.follow(proved.get(PATH)), "/same_person")
        assert options_of(page)["authenticatorSelection"]["authenticatorAttachment"] == "cross-platform"
        assert "poste est partagé" in text_of(page)


class TestChange:
    def test_it_is_renamed(self, house: Provider, proved: Browser) -> None:
        add(proved, Authenticator())
        assert "Clé d'accès n° 1" in text_of(proved.get(PATH))
        page = proved.submit(proved.get(PATH), "/rename", name="<b>Poste</b>" + "x" * 100)
        assert "Clé d'accès renommée" in text_of(page)
        assert kept_by(house)[0].name == ("<b>Poste</b>" + "x" * 100)[:60]
        assert "<b>Poste" not in page.text
        assert audited(house)[-1] == "passkey:rename:accepted"

    def test_it_is_removed_and_told_once_and_opens_nothing_more(
        self, house: Provider, proved: Browser
    ) -> None:
        add(proved, Authenticator())
        page, twin = proved.get(PATH), proved.get(PATH)
        assert "Clé d'accès retirée" in text_of(proved.submit(page, "/remove"))
        assert kept_by(house) == ()
        assert "Clé d'accès retirée" in text_of(proved.submit(twin, "/remove"))
        assert audited(house).count("passkey:remove:accepted") == 1
        assert subjects_of_mails(house).count("Une clé d'accès a été retirée de votre compte") == 1

    def test_another_persons_is_neither_renamed_nor_removed(self, house: Provider, proved: Browser) -> None:
        add(proved, Authenticator())
        page = proved.get(PATH)
        for action in ("/rename", "/remove"):
            proved.submit(page, action, passkey="of-somebody-else", name="À moi")
        assert [one.name for one in kept_by(house)] == [""]
        assert not {"passkey:rename:accepted", "passkey:remove:accepted"} & set(audited(house))


class TestOffer:
    def test_after_psc_it_is_offered_until_later_is_said(self, house: Provider, proved: Browser) -> None:
        home = proved.get("/")
        assert "Se connecter sans carte" in text_of(home)
        home = proved.submit(home, "/passkey_offer")
        assert "Se connecter sans carte" not in text_of(home)
        assert "Clés d'accès" in text_of(home)  # the section stays

    def test_it_is_not_offered_to_a_person_who_has_one(self, house: Provider, proved: Browser) -> None:
        add(proved, Authenticator())
        assert "Se connecter sans carte" not in text_of(proved.get("/"))

    def test_an_application_that_wants_a_passkey_is_shown_to_whoever_has_one(
        self, house: Provider, proved: Browser
    ) -> None:
        house.register("poster", authenticators="[passkey]")
        assert "Poster" not in text_of(proved.get("/"))
        add(proved, Authenticator())
        assert "Poster" in text_of(proved.get("/"))

    def test_it_is_not_offered_after_a_password(self, house: Provider) -> None:
        browser = house.browser()
        browser.sign_in()
        assert "Se connecter sans carte" not in text_of(browser.get("/"))


def age_proofs(house: Provider) -> None:
    """Every proof of every session was an hour ago."""
    with house.database.begin() as connection:
        for row in connection.execute(sa.select(ephemeral).where(ephemeral.c.kind == "session")).all():
            session = json.loads(row.value)
            for event in session["events"]:
                event["at"] = (datetime.fromisoformat(event["at"]) - timedelta(hours=1)).isoformat()
            changed = sa.update(ephemeral).where(ephemeral.c.key_hash == row.key_hash)
            connection.execute(changed.values(value=json.dumps(session)))
