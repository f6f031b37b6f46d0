"""What a person finds of the charters accepted: all of them, with the exact text, and nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterRevision
from idp.adapters.sql.schema import outbox
from idp.core.sealing import Sealer, derive_key
from tests.people import an_account, an_identity
from tests.protocol.policed import PolicedParty
from tests.protocol.psc import subjects_of_mails
from tests.provider import Browser, Provider

TEXTS = {"fr": "# Charte\n\nLisez **tout**.", "en": "# Terms\n\nRead **all**."}


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


def publish(house: Provider, revision: str, **changes: str) -> CharterRevision:
    """`changes`: the note of what changed, by language."""
    house.charters.publish(
        CharterRevision(revision=revision, published_at=datetime.now(UTC), texts=TEXTS, changes=changes)
    )
    return house.charters.current()


def at_the_charter(house: Provider) -> tuple[Browser, TestResponse]:
    browser = house.browser()
    return browser, browser.prove(browser.follow(browser.authorize()))


def accepted(house: Provider) -> Browser:
    browser, page = at_the_charter(house)
    browser.submit(page, "/charter", accepted="yes")
    return browser


def text_of(page: TestResponse) -> str:
    main = BeautifulSoup(page.text, "html.parser").find("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def newest_mail(house: Provider) -> str:
    newest = sa.select(outbox.c.text).order_by(outbox.c.id.desc()).limit(1)
    with house.database.connect() as connection:
        sealed = connection.execute(newest).scalar_one()
    return Sealer(derive_key(house.settings.keys.application, "seal")).open(sealed) or ""


def test_the_list_holds_every_acceptance_the_newest_first_and_each_leads_to_its_text(house: Provider) -> None:
    current = publish(house, "2026-2")
    browser = accepted(house)
    page = browser.get("/account/charters")
    links = [str(link["href"]) for link in BeautifulSoup(page.text, "html.parser").select(".records a")]
    assert links == [f"/account/charters/{current.number}", "/account/charters/1"]
    assert "mot de passe, code reçu par e-mail" in text_of(page)
    shown = browser.get(links[0])
    words = text_of(shown)
    for expected in (
        "2026-2",
        current.sha256("fr"),
        "ViaTrajectoire",
        "Lisez tout .",
        "c'est celui que vous avez",
    ):
        assert expected in words, expected
    assert "<strong>tout</strong>" in shown.text
    assert house.account.identity.rpps in words


def test_the_text_is_that_of_the_language_accepted_whatever_the_page_speaks(house: Provider) -> None:
    current = publish(house, "2026-2")
    browser = house.browser()
    browser.client.set_cookie("caducee_locale", "en", domain="localhost")
    page = browser.prove(browser.follow(browser.authorize()))
    browser.submit(page, "/charter", accepted="yes")
    browser.client.set_cookie("caducee_locale", "fr", domain="localhost")
    words = text_of(browser.get(f"/account/charters/{current.number}"))
    assert "Read all" in words
    assert current.sha256("en") in words


def test_an_acceptance_whose_text_is_not_known_says_so(house: Provider) -> None:
    """That of long ago has a digest that no published text has."""
    browser = house.browser()
    browser.sign_in()
    words = text_of(browser.get("/account/charters/1"))
    assert "n'est pas connue" in words
    assert "Aucun texte publié de cette version n'a cette empreinte" in words
    assert "c'est celui que vous avez accepté" not in words


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "99999999999999999999", "١", "1/2"])
def test_no_other_address_shows_a_text(house: Provider, number: str) -> None:
    browser = house.browser()
    browser.sign_in()
    publish(house, "2026-2")
    assert browser.get(f"/account/charters/{number}").status_code == 404


def test_nobody_sees_what_another_accepted(house: Provider) -> None:
    other = an_account(
        id=AccountId("another"),
        subject="another",
        email="b@b.example",
        identity=an_identity(rpps="10000000025"),
    )
    house.accounts.add(other)
    browser = house.browser()
    browser.sign_in()
    publish(house, "2026-2")
    (mine,) = house.charters.evidence_of(house.account.id)
    assert mine.revision == "2026-1"
    assert house.charters.accepted_by(other.id) == []
    assert house.charters.acceptance(other.id, 1) is None
    assert browser.get("/account/charters/1").status_code == 200
    assert house.browser().get("/account/charters/1").status_code == 303
    assert house.browser().get("/account/charters").headers["Location"] == "/account/sign-in?to=charters"


def test_a_receipt_is_posted_once_with_the_digest_and_the_address(house: Provider) -> None:
    current = publish(house, "2026-2")
    browser, page = at_the_charter(house)
    browser.submit(page, "/charter", accepted="yes")
    browser.submit(page, "/charter", accepted="yes")
    assert subjects_of_mails(house).count("Vous avez accepté une charte") == 1
    text = newest_mail(house)
    for expected in (
        "2026-2",
        current.sha256("fr"),
        f"http://localhost:8400/account/charters/{current.number}",
    ):
        assert expected in text, expected


def test_no_receipt_where_the_operator_hands_over_what_was_agreed_otherwise(
    app_factory: Callable[..., Provider],
) -> None:
    house = app_factory(charter_receipt=False)
    publish(house, "2026-2")
    accepted(house)
    assert "Vous avez accepté une charte" not in subjects_of_mails(house)
    assert house.charters.evidence_of(house.account.id)[-1].revision == "2026-2"


def test_what_changed_is_told_before_the_text_since_the_revision_accepted_last(house: Provider) -> None:
    publish(house, "2026-2", fr="L'article **6** est nouveau.", en="Article 6 is new.")
    publish(house, "2026-3")
    publish(house, "2026-4", fr="L'article 9 disparaît.")
    browser, page = at_the_charter(house)
    words = text_of(page)
    assert (
        words.index("L'article 6 est nouveau.")
        < words.index("L'article 9 disparaît.")
        < words.index("Lisez tout")
    )
    assert "<strong>6</strong>" in page.text
    browser.client.set_cookie("caducee_locale", "en", domain="localhost")
    again = browser.get(page.request.path)
    assert "Article 6 is new." in text_of(again)
    assert BeautifulSoup(again.text, "html.parser").select_one('.changes [lang="fr"]') is not None


def test_what_changed_is_told_to_nobody_who_accepted_no_earlier_revision(house: Provider) -> None:
    terms = "policed-terms"
    for revision in ("1", "2"):
        house.charters.publish(
            CharterRevision(
                revision=revision,
                published_at=datetime.now(UTC),
                texts=TEXTS,
                charter=terms,
                changes={"fr": "Le mot « nouveau »."},
            )
        )
    party = PolicedParty(house)
    party.govern(charters=[terms])
    browser = house.browser()
    browser.sign_in()
    page = party.ask(browser)
    assert "Charte demandée par Policed" in unescape(page.text)
    assert "Le mot « nouveau »." not in unescape(page.text)


def test_the_text_accepted_may_be_kept_as_a_file_with_the_digest_of_the_receipt(house: Provider) -> None:
    current = publish(house, "2026-2")
    browser = house.browser()
    browser.client.set_cookie("caducee_locale", "en", domain="localhost")
    page = browser.prove(browser.follow(browser.authorize()))
    browser.submit(page, "/charter", accepted="yes")
    browser.client.set_cookie("caducee_locale", "fr", domain="localhost")
    shown = browser.get(f"/account/charters/{current.number}")
    (link,) = BeautifulSoup(shown.text, "html.parser").select(".reading a")
    file = browser.get(str(link["href"]))
    assert (file.status_code, file.data) == (200, TEXTS["en"].encode())
    assert sha256(file.data).hexdigest() in text_of(shown)
    assert file.headers["Content-Disposition"] == 'attachment; filename="charte-2026-2.en.txt"'


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "99999999999999999999", "١"])
def test_no_other_text_is_handed_over(house: Provider, number: str) -> None:
    browser = house.browser()
    browser.sign_in()
    publish(house, "2026-2")
    assert browser.get(f"/account/charters/{number}/text").status_code == 404
    away = house.browser().get("/account/charters/1/text")
    assert (away.status_code, away.headers["Location"]) == (303, "/account/sign-in?to=charters")
