"""A passkey as a door: what it proves, and everything that it does not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.accounts.passkeys import Passkey
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import audit_events
from tests.authenticator import Authenticator
from tests.passkeys import give, link_of, options_of
from tests.people import an_account, an_identity
from tests.protocol.psc import facts, subjects_of_mails
from tests.provider import PASSWORD, RP, RPPS, Browser, Provider, answer_of, audited

BOB = an_account(
    id=AccountId("account-of-bob"),
    subject="subject-of-bob",
    identity=an_identity(rpps="10000000116"),
    email="bob@hopital.example",
)


@dataclass
class Holder:
    """A person with a passkey, and a browser of theirs."""

    house: Provider
    authenticator: Authenticator = field(default_factory=Authenticator)
    passkey: Passkey = field(init=False)
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.passkey = give(self.house, self.authenticator)
        self.browser = self.house.browser()

    def door(self, **changes: str | None) -> TestResponse:
        """The page of the passkey, from the choice page."""
        page = self.browser.follow(self.browser.authorize(**changes))
        return self.browser.get(link_of(page))

    def answer(self, page: TestResponse, **lies: Any) -> TestResponse:
        credential = self.authenticator.answer(options_of(page), **lies)
        return self.browser.submit(page, "/passkey", credential=credential)

    def stored(self) -> Passkey:
        (one,) = SqlPasskeys(self.house.database).of(self.house.account.id)
        return one


def said(page: TestResponse) -> str:
    alert = BeautifulSoup(page.text, "html.parser").select_one("#problem")
    return " ".join(alert.get_text().split()).removeprefix("Erreur : ") if alert else ""


def claims(house: Provider, response: TestResponse) -> dict[str, Any]:
    token = house.exchange(answer_of(response)["code"]).get_json()["id_token"]
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.fixture
def holder(fresh: Provider) -> Holder:
    return Holder(fresh)


class TestAccepted:
    @pytest.mark.parametrize(("is_synced", "kind"), [(False, "hwk"), (True, "swk")])
    def test_it_signs_in_alone_and_the_relying_party_reads_what_it_was(
        self, fresh: Provider, is_synced: bool, kind: str
    ) -> None:
        holder = Holder(fresh, Authenticator(is_synced=is_synced))
        told = claims(fresh, holder.answer(holder.door()))
        assert (told["acr"], told["amr"]) == ("urn:caducee:acr:passkey", [kind, "user", "mfa"])
        assert facts(fresh, "passkey:login:accepted") == [{"passkey": "passkey-1"}]
        assert holder.stored().last_used_at is not None
        assert subjects_of_mails(fresh) == []

    def test_its_counter_is_kept(self, holder: Holder) -> None:
        holder.authenticator.count = 8
        holder.answer(holder.door())
        assert holder.stored().sign_count == 8

    def test_a_counter_of_a_synced_one_that_goes_back_signs_in_and_the_person_and_the_operator_are_told(
        self, fresh: Provider
    ) -> None:
        holder = Holder(fresh, Authenticator(count=9, is_synced=True))
        holder.authenticator.count = 3
        assert answer_of(holder.answer(holder.door()))["code"]
        warned = {"passkey": "passkey-1", "known": 9, "told": 3}
        assert facts(fresh, "passkey:counter:warned") == [warned]
        assert subjects_of_mails(fresh) == ["Une de vos clés d'accès existe peut-être en double"]

    def test_it_is_enough_for_a_client_that_demands_one_and_too_little_for_the_card(
        self, fresh: Provider
    ) -> None:
        holder = Holder(fresh.register(RP, minimum_acr="passkey"))
        page = holder.browser.follow(holder.browser.authorize())
        assert "password" not in page.text
        assert answer_of(holder.answer(holder.browser.get(link_of(page))))["code"]
        card_only = holder.browser.authorize(
            client_id="card-only", redirect_uri="https://card.example/callback"
        )
        assert "plus sûr" in holder.browser.follow(card_only).text

    def test_in_place_of_the_mail_code_it_is_what_the_token_tells(self, holder: Holder) -> None:
        browser = holder.browser
        page = browser.follow(browser.authorize())
        code_page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        door = browser.get(link_of(code_page))
        # The person is known: the browser is told which passkeys would do.
        assert [one["id"] for one in options_of(door)["allowCredentials"]] == [holder.passkey.credential_id]
        told = claims(holder.house, holder.answer(door))
        assert (told["acr"], told["amr"]) == ("urn:caducee:acr:passkey", ["hwk", "user", "mfa"])


class TestRefused:
    def refused(self, holder: Holder, page: TestResponse, reason: str) -> str:
        assert page.status_code in (403, 409, 422)
        assert facts(holder.house, "passkey:login:refused")[-1] == {"reason": reason}
        assert "passkey:login:accepted" not in audited(holder.house)
        assert holder.stored() == holder.passkey
        return said(page)

    def test_without_the_verification_of_the_person(self, holder: Holder) -> None:
        holder.authenticator.verifies = False
        assert "vérifié que c'était vous" in self.refused(
            holder, holder.answer(holder.door()), "not_verified"
        )

    @pytest.mark.parametrize("lie", [{"origin": "https://evil.example"}, {"crossOrigin": True}])
    def test_of_another_site(self, holder: Holder, lie: dict[str, Any]) -> None:
        assert "n'ouvre rien ici" in self.refused(holder, holder.answer(holder.door(), **lie), "elsewhere")

    def test_of_another_key(self, holder: Holder) -> None:
        holder.authenticator.key = Authenticator().key
        assert "n'ouvre rien ici" in self.refused(holder, holder.answer(holder.door()), "wrong")

    def test_of_a_person_that_the_authenticator_takes_for_another(self, holder: Holder) -> None:
        holder.authenticator.user_handle = b"account-of-bob"
        self.refused(holder, holder.answer(holder.door()), "unknown")

    @pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "\ud800", '{"id": 1, "response": {}}'])
    def test_which_is_no_answer(self, holder: Holder, answer: str) -> None:
        page = holder.browser.submit(holder.door(), "/passkey", credential=answer.encode("utf-8", "replace"))
        self.refused(holder, page, "malformed")

    def test_answered_a_second_time(self, holder: Holder) -> None:
        """The answer is right: of another interaction, and of a page whose answer was used."""
        page = holder.door()
        right = holder.authenticator.answer(options_of(page))
        other = Holder.__new__(Holder)
        other.house, other.browser = holder.house, holder.house.browser()
        elsewhere = other.door()
        self.refused(holder, other.browser.submit(elsewhere, "/passkey", credential=right), "wrong")
        wrong = holder.browser.submit(page, "/passkey", credential="{}")
        assert wrong.status_code == 422
        again = holder.browser.submit(page, "/passkey", credential=right)
        self.refused(holder, again, "wrong")  # of the challenge before: this page has a new one

    def test_answered_twice_at_once(self, holder: Holder) -> None:
        page = holder.door()
        form = BeautifulSoup(page.text, "html.parser").select_one("form[data-options]")
        assert form is not None
        hidden = {str(one["name"]): str(one["value"]) for one in form.find_all("input")}
        sent = {**hidden, "credential": holder.authenticator.answer(options_of(page))}

        def post(_: int) -> int:
            twin = holder.house.browser()
            twin.client = holder.browser.client
            return twin.post(str(form["action"]), data=sent).status_code

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(post, range(3)))
        assert audited(holder.house).count("passkey:login:accepted") == 1

    def test_after_it_was_removed(self, holder: Holder) -> None:
        page = holder.door()
        SqlPasskeys(holder.house.database).remove(holder.house.account.id, holder.passkey.id)
        refused = holder.answer(page)
        assert (refused.status_code, "n'ouvre rien ici" in said(refused)) == (403, True)
        assert facts(holder.house, "passkey:login:refused") == [{"reason": "unknown"}]

    def test_of_a_disabled_account_reads_as_any_other(self, holder: Holder) -> None:
        account = holder.house.accounts.get(holder.house.account.id)
        holder.house.accounts.save(replace(account, enabled=False))
        assert "n'ouvre rien ici" in self.refused(holder, holder.answer(holder.door()), "account_disabled")
        assert owners(holder.house, "passkey:login:refused") == [account.id]

    def test_of_one_device_whose_counter_goes_back_and_stays_so_until_it_is_removed(
        self, fresh: Provider
    ) -> None:
        holder = Holder(fresh, Authenticator(count=9))
        for tries in (1, 2):
            holder.authenticator.count = 3
            assert "peut-être été copiée" in self.refused(holder, holder.answer(holder.door()), "counter")
            assert len(facts(fresh, "passkey:counter:warned")) == tries
        assert facts(fresh, "passkey:counter:warned")[0] == {"passkey": "passkey-1", "known": 9, "told": 3}
        assert owners(fresh, "passkey:counter:warned") == [fresh.account.id] * 2
        assert set(subjects_of_mails(fresh)) == {"Une de vos clés d'accès a été refusée"}

    @pytest.mark.parametrize("is_second", [False, True])
    def test_of_a_person_whose_identity_was_proved_too_long_ago(
        self, app_factory: Callable[..., Provider], is_second: bool
    ) -> None:
        house = app_factory(passkeys="demand", account_identity_proved_every=1)
        holder, account = Holder(house), house.accounts.get(house.account.id)
        old = replace(account.identity, verified_at=datetime.now(UTC) - timedelta(days=40))
        page = holder.browser.follow(holder.browser.authorize())
        if is_second:
            page = holder.browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        else:
            page = holder.browser.get(link_of(page))
        house.accounts.save(replace(account, identity=old))
        assert "n'a pas été confirmée depuis longtemps" in self.refused(
            holder, holder.answer(page), "identity_old"
        )

    def test_of_a_colleague_after_ones_own_password(self, holder: Holder) -> None:
        house, browser = holder.house, holder.browser
        house.accounts.add(BOB)
        authenticator = Authenticator(credential_id=b"credential of bob")
        give(replace(house, account=BOB), authenticator, passkey_id="passkey-2")
        page = browser.follow(browser.authorize())
        code_page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        holder.authenticator = authenticator
        page = holder.answer(browser.get(link_of(code_page)))
        assert "d'une autre personne" in self.refused(holder, page, "other_person")

    def test_from_a_network_of_which_too_many_were(self, app_factory: Callable[..., Provider]) -> None:
        holder = Holder(
            app_factory(passkey_failures_per_ip=1, passkey_failures_per_ip_window=timedelta(minutes=10))
        )
        page = holder.answer(holder.door(), origin="https://evil.example")
        self.refused(holder, page, "elsewhere")
        page = holder.answer(page)
        assert (page.status_code, "votre réseau" in said(page)) == (429, True)
        assert len(facts(holder.house, "passkey:login:refused")) == 1
        assert holder.stored() == holder.passkey

    def test_when_the_page_waited_too_long(self, holder: Holder) -> None:
        page = holder.door()
        with holder.house.database.begin() as connection:
            connection.execute(
                sa.text("UPDATE ephemeral SET expires_at = 0 WHERE kind = 'passkey_challenge'")
            )
        page = holder.answer(page)
        assert page.status_code == 409
        assert "trop attendu" in self.refused(holder, page, "stale")
        holder.authenticator.count += 1
        assert answer_of(holder.answer(page))["code"]


def owners(house: Provider, event: str) -> list[str]:
    asked = sa.select(audit_events.c.account_id).where(audit_events.c.event == event)
    with house.database.connect() as connection:
        return list(connection.execute(asked).scalars())


class TestSettings:
    def test_where_passkeys_are_forbidden_none_is_asked_for_and_none_opens(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        house = app_factory(passkeys="forbid")
        holder = Holder(house)
        page = holder.browser.follow(holder.browser.authorize())
        assert "/passkey" not in page.text
        assert holder.browser.get("/.well-known/passkey-endpoints").status_code == 404
        assert holder.browser.get("/account/passkeys").status_code == 404

    def test_a_client_may_close_the_door_for_itself(self, fresh: Provider) -> None:
        holder = Holder(fresh)
        page = holder.door()
        fresh.register(RP, authenticators="[password]")
        back = holder.browser.get(str(page.request.path))
        assert (back.status_code, "/passkey" in holder.browser.follow(back).text) == (303, False)
        refused = holder.browser.follow(holder.answer(page))
        assert "passkey:login:accepted" not in audited(fresh)
        assert refused.status_code == 200

    def test_where_it_is_demanded_it_follows_the_password_and_no_code_is_mailed(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        holder = Holder(app_factory(passkeys="demand"))
        browser = holder.browser
        page = browser.follow(browser.authorize())
        assert "votre clé d'accès vous sera demandée" in BeautifulSoup(page.text, "html.parser").get_text()
        page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        assert "Votre mot de passe est juste" in page.text
        assert subjects_of_mails(holder.house) == []
        told = claims(holder.house, holder.answer(page))
        assert (told["acr"], told["amr"]) == ("urn:caducee:acr:passkey", ["pwd", "hwk", "user", "mfa"])

    def test_where_it_is_demanded_a_person_without_one_is_told_how_to_get_one(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        house = app_factory(passkeys="demand")
        browser = house.browser()
        page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
        assert "enregistrée dans votre compte" in page.text
        assert "data-options" not in page.text


class TestPage:
    def test_its_script_is_ours_and_it_says_what_works_without(self, holder: Holder) -> None:
        page = holder.door()
        assert "; script-src 'self';" in page.headers["Content-Security-Policy"] + ";"
        soup = BeautifulSoup(page.text, "html.parser")
        form, without = soup.select_one("form[data-options]"), soup.find("noscript")
        assert form is not None
        assert without is not None
        assert "hidden" in form.attrs
        assert "JavaScript" in without.get_text()
        assert "/static/passkey.js" in {str(script["src"]) for script in soup.find_all("script")}

    def test_the_script_is_small_and_asks_no_other_server(self, holder: Holder) -> None:
        with holder.browser.get("/static/passkey.js") as script:
            assert len(script.data) <= 4096
            assert b"http" not in script.data

    def test_nothing_of_it_is_due_without_its_interaction(self, holder: Holder) -> None:
        assert holder.browser.get("/interaction/of-nobody/passkey").status_code == 404

    def test_the_endpoints_of_passkeys_are_told_without_a_session(self, holder: Holder) -> None:
        told = holder.browser.get("/.well-known/passkey-endpoints")
        section = "http://localhost:8400/account/passkeys"
        assert told.get_json() == {"enroll": section, "manage": section}
        assert told.headers["Content-Type"] == "application/json"
