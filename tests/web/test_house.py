"""Whose service it is: on the pages, at its addresses, and refused at the start where a file cannot serve."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from idp.core.clock import SystemClock
from idp.settings import BadSetting
from idp.web.house import open_house
from idp.wiring.house import build_houses
from idp.wiring.mail import build_transport
from idp.wiring.web import build_mails
from sandbox.style_guide.families.mails import mails
from tests.configured import settings_with
from tests.provider import Provider

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NAME = "Groupement hospitalier de territoire Flandre intérieure"
ORIGINS = {"issuer": "https://id.example", "card_host": "https://carte.id.example"}
SECRETS = {"application_key": "k" * 43, "password_pepper": "p" * 43}
NOW = datetime(2026, 12, 24, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pages"
    made.mkdir()
    (made / "legal.fr.md").write_text("# Éditeur\n\nLe groupement. <script>alert(1)</script>")
    (made / "legal.en.md").write_text("# Publisher")
    (made / "privacy.fr.md").write_text("Données.")
    (made / "accessibility.fr.md").write_text("Les documents PDF.")
    return made


@pytest.fixture
def house(app_factory: Callable[..., Provider], tmp_path: Path, folder: Path) -> Provider:
    logo = tmp_path / "logo"
    logo.write_bytes(SVG)
    return app_factory(
        operator_name=NAME,
        operator_logo_file=logo,
        operator_colour="#003189",
        operator_pages=folder,
        help_desk_telephone="03 20 00 00 00, poste 4242",
        help_desk_hours="du lundi au vendredi",
        help_desk_hours_en="Monday to Friday",
        help_desk_address="assistance@ght.example",
    )


def read(house: Provider, path: str) -> BeautifulSoup:
    return BeautifulSoup(house.browser().get(path).text, "html.parser")


def test_every_page_says_whose_service_it_is(house: Provider) -> None:
    browser = house.browser()
    for page in (browser.follow(browser.authorize()), browser.get("/"), browser.get("/nowhere")):
        soup = BeautifulSoup(page.text, "html.parser")
        assert soup.title is not None
        assert soup.title.text.endswith(f"– {NAME}")
        assert soup.select_one(".brand img.logo") is not None
        footer = soup.select_one("footer")
        assert footer is not None
        assert [link["href"] for link in footer.select("a")] == [
            *("tel:0320000000", "mailto:assistance@ght.example"),
            *("/about/legal", "/about/privacy", "/about/accessibility"),
        ]
        assert "du lundi au vendredi" in footer.text


def test_a_refusal_says_how_to_reach_the_help_desk_above_the_footer(house: Provider) -> None:
    refusal = read(house, "/nowhere").select_one("main .contact")
    assert refusal is not None
    assert "03 20 00 00 00, poste 4242" in refusal.text


def test_its_logo_and_colours_come_from_addresses_that_their_content_names(house: Provider) -> None:
    soup = read(house, "/")
    logo = soup.select_one("img.logo")
    sheet = soup.select_one("link[rel=stylesheet][href^='/house/']")
    assert logo is not None
    assert sheet is not None
    picture, colours = house.browser().get(str(logo["src"])), house.browser().get(str(sheet["href"]))
    assert (picture.data, picture.mimetype) == (SVG, "image/svg+xml")
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    assert colours.mimetype == "text/css"
    assert "--accent:#003189" in colours.text
    # The nearest that is read on dark pages.
    assert "(prefers-color-scheme:dark){:root{--accent:#5491ff" in colours.text
    assert (
        picture.headers["Cache-Control"]
        == colours.headers["Cache-Control"]
        == ("public, max-age=31536000, immutable")
    )
    assert house.browser().get("/house/0000000000000000.css").status_code == 404


def test_its_pages_are_markdown_without_html_in_the_language_that_there_is(house: Provider) -> None:
    legal = read(house, "/about/legal")
    assert legal.select_one(".charter h2") is not None
    assert legal.find("script") is None
    browser = house.browser()
    browser.get("/about/legal?lang=en")
    assert "Publisher" in browser.get("/about/legal").text
    privacy = BeautifulSoup(browser.get("/about/privacy").text, "html.parser").select_one("article")
    assert privacy is not None
    assert privacy["lang"] == "fr"


def test_where_nothing_is_set_nothing_is_shown_but_that_the_pages_were_not_audited(
    provider: Provider,
) -> None:
    soup = read(provider, "/")
    footer = soup.select_one("footer")
    assert footer is not None
    assert [link["href"] for link in footer.select("a")] == ["/about/accessibility"]
    assert "Accessibilité\u00a0: non conforme" in footer.text
    assert soup.select_one(".contact") is None
    assert "/house/" not in str(soup)
    for page in ("/about/legal", "/about/privacy"):
        assert provider.browser().get(page).status_code == 404
    statement = read(provider, "/about/accessibility").text
    assert "Aucun audit" in statement
    assert "Adressez-vous à l'assistance de l'application" in statement
    assert "Défenseur des droits" in statement


def test_what_the_operator_says_of_accessibility_stands_in_the_statement(house: Provider) -> None:
    assert "Les documents PDF." in read(house, "/about/accessibility").text


def test_an_audit_in_force_is_told(app_factory: Callable[..., Provider]) -> None:
    audited = app_factory(
        accessibility_audit_by="Auditeur", accessibility_audit_on="2026-01-02", accessibility_audit_rate=83
    )
    statement = read(audited, "/about/accessibility").text
    assert "partiellement conforme" in statement
    assert "L'audit du 2\u00a0janvier\u00a02026, mené par Auditeur, a trouvé 83" in statement


@pytest.mark.parametrize(
    ("day", "rate", "state"),
    [
        ("2026-12-24", 100, "total"),
        ("2026-12-24", 99, "partial"),
        ("2026-12-24", 50, "partial"),
        ("2026-12-24", 49, "none"),
        ("2023-12-25", 100, "total"),
        ("2023-12-24", 100, "none"),
        ("2020-02-29", 100, "none"),
    ],
)
def test_the_state_is_never_better_than_an_audit_in_force(day: str, rate: int, state: str) -> None:
    settings = settings_with(
        **ORIGINS,
        **SECRETS,
        accessibility_audit_by="A",
        accessibility_audit_on=day,
        accessibility_audit_rate=rate,
    )
    assert open_house(settings.house, "").of("fr", NOW).accessibility == state


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("assistance@ght.example", "mailto:assistance@ght.example"),
        ("https://ght.example/aide", "https://ght.example/aide"),
        ("1 place de l'Hôpital, 59000 Lille", ""),
        ("http://ght.example/", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_an_address_is_a_link_where_it_can_be_one(address: str, link: str) -> None:
    settings = settings_with(**ORIGINS, **SECRETS, help_desk_address=address)
    assert open_house(settings.house, "").of("fr", NOW).help_desk.link == link


def test_the_one_line_of_mails_is_what_a_footer_has_without_more_and_the_other_way_round() -> None:
    line = settings_with(**ORIGINS, **SECRETS, help_desk="poste 42")
    assert build_houses(line).of("fr", NOW).help_desk.address == "poste 42"
    parts = settings_with(
        **ORIGINS, **SECRETS, help_desk_telephone="03 20 00 00 00", help_desk_address="a@b.fr"
    )
    assert parts.help_line == "03 20 00 00 00, a@b.fr"
    hours = settings_with(**ORIGINS, **SECRETS, help_desk_hours="8 h – 18 h")
    english = build_houses(hours).of("en", NOW).help_desk
    assert (english.hours, english.hours_lang) == ("8 h – 18 h", "fr")


BAD_LOGOS = {b"GIF89a": "it is something else", b"": "it is something else", SVG + b" " * 70_000: "larger"}


@pytest.mark.parametrize("content", BAD_LOGOS)
def test_a_logo_that_is_none_refuses_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "logo").write_bytes(content)
    settings = settings_with(**ORIGINS, **SECRETS, operator_logo_file=tmp_path / "logo")
    with pytest.raises(BadSetting, match=f"OPERATOR_LOGO_FILE: a PNG or SVG .*{BAD_LOGOS[content]}") as told:
        build_houses(settings)
    assert str(tmp_path) not in str(told.value)


def test_a_logo_that_is_not_there_refuses_the_start(tmp_path: Path) -> None:
    settings = settings_with(**ORIGINS, **SECRETS, operator_logo_file=tmp_path / "none")
    with pytest.raises(BadSetting, match="OPERATOR_LOGO_FILE: .*; it is absent"):
        build_houses(settings)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("mentions.fr.md", b"", "a page of another name"),
        ("legal.de.md", b"", "a page of another name"),
        ("readme.txt", b"", "without any of them"),
        ("legal.fr.md", b"\xff", "not UTF-8 text"),
        ("legal.fr.md", b" " * 300_000, "larger than such a file can be"),
    ],
)
def test_pages_that_cannot_serve_refuse_the_start(
    tmp_path: Path, file: str, content: bytes, words: str
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(BadSetting, match=rf"OPERATOR_PAGES: a folder of legal\.fr\.md.*; it is .*{words}"):
        build_houses(settings_with(**ORIGINS, **SECRETS, operator_pages=tmp_path))


def test_a_folder_that_is_not_there_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="OPERATOR_PAGES: .*; it is no folder"):
        build_houses(settings_with(**ORIGINS, **SECRETS, operator_pages=tmp_path / "none"))


def test_mails_name_the_operator_and_its_help_desk_without_a_file_of_its_own() -> None:
    settings = settings_with(
        **ORIGINS,
        **SECRETS,
        operator_name="GHT Flandre",
        operator_logo_file=Path("/nowhere/logo.png"),
        help_desk_telephone="03 20 00 00 00",
        help_desk_hours="8 h – 18 h",
        help_desk_hours_en="8 am to 6 pm",
    )
    page = mails()[0]
    for locale, hours in (("fr", "8 h – 18 h"), ("en", "8 am to 6 pm")):
        mail = build_mails(settings).write(
            "code", page, to="a@b.example", subject="mail.code.subject_login", locale=locale
        )
        for form in (mail.text, mail.html):
            assert [said for said in ("GHT Flandre", "03 20 00 00 00", hours) if said not in form] == []
    # From the process that sends as well.
    assert build_transport(settings, SystemClock()).owner == "GHT Flandre"
