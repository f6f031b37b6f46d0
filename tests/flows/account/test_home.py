"""The root page: the sections, and the applications that a person may open."""

from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.provider import RP, Browser, Provider

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def signed_in(fresh: Provider) -> Browser:
    browser = fresh.browser()
    browser.sign_in()
    return browser


def applications(browser: Browser) -> dict[str, str]:
    """Each with the words on how it opens."""
    page = BeautifulSoup(browser.get("/").text, "html.parser")
    return {
        str(item.a.get_text()): " ".join(item.p.get_text().split()).replace("\xa0", " ") if item.p else ""
        for item in page.select(".applications li")
        if item.a
    }


def test_it_leads_to_every_section_that_there_is(signed_in: Browser) -> None:
    links = [
        str(link["href"]) for link in BeautifulSoup(signed_in.get("/").text, "html.parser").select("nav a")
    ]
    of_account = "identity email address password passkeys sessions history charters data".split()
    assert links == [f"/account/{name}" for name in of_account]
    for link in links:
        assert signed_in.get(link).status_code == 200


def test_applications_say_by_which_doors_they_open(signed_in: Browser) -> None:
    shown = applications(signed_in)
    assert shown["ViaTrajectoire"] == "S'ouvre avec : mot de passe"
    # No card and no Pro Santé Connect here.
    assert "Carte seule" not in shown


def test_person_without_password_is_shown_no_application_that_only_a_password_opens(
    fresh: Provider, signed_in: Browser
) -> None:
    fresh.accounts.save(replace(fresh.accounts.get(fresh.account.id), password_hash=""))
    assert applications(signed_in) == {}


def test_doors_are_those_of_the_application(every_door_house: Provider) -> None:
    browser = every_door_house.browser()
    browser.sign_in()
    shown = applications(browser)
    assert shown["Carte seule"] == "S'ouvre avec : Pro Santé Connect, carte CPS"
    assert shown["Poster"] == "S'ouvre avec : carte CPS"


@pytest.fixture
def every_door_house(app_factory, every_door) -> Provider:  # type: ignore[no-untyped-def]
    house: Provider = app_factory(**every_door)
    return house.register("poster", authenticators="[cps]")


def test_nobody_is_shown_all_of_them_without_a_word_on_doors(provider: Provider) -> None:
    shown = applications(provider.browser())
    assert len(shown) == 5
    assert set(shown.values()) == {""}


@pytest.mark.parametrize(
    "path",
    [
        f"/interaction/{'A' * 43}",
        f"/interaction/{'A' * 43}/choice",
        "/authorize?client_id=gone",
        "/authorize",
        "/psc/callback?state=x",
        "/no/such/page",
    ],
)
def test_page_opened_from_a_bookmark_ends_with_a_way_to_the_account(provider: Provider, path: str) -> None:
    page = provider.browser().get(path)
    assert page.status_code >= 400
    (link,) = [
        link for link in BeautifulSoup(page.text, "html.parser").select("main a") if link["href"] == "/"
    ]
    assert link.get_text(strip=True) == "Aller à Mon compte"


class TestLogo:
    def test_is_served_from_here(self, fresh: Provider) -> None:
        self.give(fresh, PNG)
        browser = fresh.browser()
        (picture,) = BeautifulSoup(browser.get("/").text, "html.parser").select(".applications img")
        assert (picture["src"], picture["alt"]) == (f"/logos/{RP}", "")
        served = browser.get(f"/logos/{RP}")
        assert (served.data, served.mimetype) == (PNG, "image/png")
        assert "default-src 'none'" in served.headers["Content-Security-Policy"]
        assert served.headers["X-Content-Type-Options"] == "nosniff"

    def test_that_changed_is_taken(self, fresh: Provider) -> None:
        file = self.give(fresh, PNG)
        assert fresh.browser().get(f"/logos/{RP}").data == PNG
        file.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        self.touch(fresh)
        assert fresh.browser().get(f"/logos/{RP}").mimetype == "image/svg+xml"

    @pytest.mark.parametrize("name", [RP, "no-such-client", "..%2fclients.yaml"])
    def test_that_is_none_is_not_found(self, provider: Provider, name: str) -> None:
        assert provider.browser().get(f"/logos/{name}").status_code == 404

    def give(self, house: Provider, content: bytes) -> Path:
        file = house.settings.where.clients_file.parent / "logo"
        file.write_bytes(content)
        house.register(RP, logo="{file: logo}")
        return file

    def touch(self, house: Provider) -> None:
        clients = house.settings.where.clients_file
        clients.write_text(clients.read_text() + "\n")
