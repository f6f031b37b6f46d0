"""The style guide as a site: everything is on show, once, in each language, and nothing leads away from it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from jinja2 import FileSystemLoader
from werkzeug.test import Client, TestResponse

from idp.web.headers import SECURITY_HEADERS
from sandbox.style_guide import exhibits, rendering
from sandbox.style_guide.mails import every_mail
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.site import build_app
from sandbox.style_guide.state import LOCALES
from tests.limits import within
from tests.sandbox.processes import free_port, start, stop

STATES = [state.name.rstrip("!") for state in every_state("fr")]
MAILS = [mail.name for mail in every_mail()]
POLICY = SECURITY_HEADERS["Content-Security-Policy"]
TAGS = (*LOCALES, "qps", "qpr")
each_language = pytest.mark.parametrize("locale", LOCALES)


@pytest.fixture(scope="module")
def site() -> Client:
    return Client(build_app())


def tree(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


@pytest.fixture(scope="module")
def pages(site: Client) -> dict[str, TestResponse]:
    """Each page in each language, by its address."""
    return {
        address: site.get(address) for tag in TAGS[:3] for address in (f"/{tag}/{name}" for name in STATES)
    }


def test_every_page_is_shown_in_each_language_as_the_provider_sends_it(
    pages: dict[str, TestResponse],
) -> None:
    assert len(pages) == 3 * len(STATES) > 900
    for address, answer in pages.items():
        assert (answer.status_code, answer.mimetype) == (200, "text/html"), address
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert f'<html lang="{address.split("/")[1]}"' in answer.text, address


def test_a_page_leads_to_itself_in_every_language(site: Client, pages: dict[str, TestResponse]) -> None:
    for address, answer in pages.items():
        name = address.rpartition("/")[2]
        for tag in {"fr", "en"} - {address.split("/")[1]}:
            # What the one carries and the other waits for is in no other address.
            leads = name not in ("form-post", "psc-waiting")
            assert (f'href="/language/{name}?lang={tag}"' in answer.text) == leads, address
    answer = site.get("/language/choice-all?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/en/choice-all")
    for address in ("/language/choice-all?lang=de", "/language/choice-all", "/language/nothing?lang=fr"):
        assert site.get(address).status_code == 404


def test_no_page_goes_on_by_itself_nor_takes_what_it_needs_from_elsewhere(
    site: Client, pages: dict[str, TestResponse]
) -> None:
    assert any('name="refresh"' in answer.text for answer in pages.values())
    assert not any('http-equiv="refresh"' in answer.text for answer in pages.values())
    needing = re.compile(r'<(?:link|img|script)[^>]* (?:href|src)="([^"]*)"')
    needed = {path for answer in pages.values() for path in needing.findall(answer.text)}
    assert "/static/caducee.css" in needed
    for path in needed:
        with site.get(path) as answer:
            assert answer.status_code == 200, path


@pytest.mark.parametrize("locale", TAGS)
def test_every_mail_is_shown_as_html_and_as_text(site: Client, locale: str) -> None:
    for name in MAILS:
        html, text = (site.get(f"/{locale}/mails/{name}.{form}") for form in ("html", "txt"))
        assert (html.status_code, html.mimetype) == (200, "text/html")
        assert (text.status_code, text.mimetype) == (200, "text/plain")
        # Its rules are in its head; scripts and pictures stay forbidden.
        assert html.headers["Content-Security-Policy"] == POLICY.replace("'self'", "'unsafe-inline'", 1)
        assert f'<html lang="{locale}"' in html.text
        assert "<p" not in text.text


@each_language
def test_the_index_names_each_state_and_mail_once_and_says_what_it_says(site: Client, locale: str) -> None:
    page = tree(site.get(f"/?lang={locale}"))
    rows = {str(row["id"]): row for row in page.select("tbody tr")}
    names = [str(row["id"]) for row in page.select("tbody tr")]
    assert sorted(names) == sorted([*STATES, *MAILS])
    for name, row in rows.items():
        (leads, *others) = (str(link["href"]) for link in row.select("a"))
        assert leads == (f"/{locale}/mails/{name}.html" if name in MAILS else f"/{locale}/{name}")
        assert len(others) == len(TAGS) * (2 if name in MAILS else 1)
        assert len(row.select_one("td").get_text()) > 3, name  # type: ignore[union-attr]
    said = {name: row.select_one("td").get_text() for name, row in rows.items()}  # type: ignore[union-attr]
    assert (
        said["password-refused"]
        == {
            "fr": "Erreur : Se connecter avec votre mot de passe · "
            "Erreur : Identifiant ou mot de passe incorrect. Vérifiez les deux, puis recommencez.",
            "en": "Error: Sign in with your password · "
            "Error: Incorrect identifier or password. Check both and try again.",
        }[locale]
    )
    # Where two of a template say the same, it is told what sets each apart.
    assert said["choice-last-passkey"].endswith(" doors.passkey=True, last_door=passkey")
    assert len(set(said.values())) >= len(said) - 3, [one for one in said.values() if len(one) < 60]


@pytest.mark.parametrize(
    "address",
    [
        "/fr/nothing",
        "/de/choice-all",
        "/fr/mails/nothing.html",
        "/fr/mails/mail-notice-00.eml",
        "/de/mails/mail-code-login.html",
        "/static/../templates/base.html",
        "/static/%2e%2e/app.py",
        "/interaction/AbC",
        "/language/de",
        "/fr/<script>",
    ],
)
def test_what_is_not_there_says_so(site: Client, address: str) -> None:
    answer = site.get(address)
    assert answer.status_code == 404
    assert tree(answer).h1.get_text() == "Rien à cette adresse"  # type: ignore[union-attr]
    assert "<script>" not in answer.text


def test_a_form_does_nothing(site: Client) -> None:
    assert site.post("/interaction/AbC/password").status_code == 404
    for path in ("/", "/parts", "/fr/choice-all", "/fr/mails/mail-code-login.html"):
        assert site.post(path, data={"rpps": "99700218896"}).status_code == 405


def test_a_page_of_another_site_reaches_nothing_by_another_name(site: Client) -> None:
    assert site.get("/", headers={"Host": "rebound.example"}).status_code == 400


def test_templates_and_words_are_those_of_this_instant(
    site: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(rendering.TEMPLATES, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(exhibits, "TEMPLATES", tmp_path)
    monkeypatch.setattr(rendering.ENVIRONMENT, "loader", FileSystemLoader(tmp_path))
    before = site.get("/fr/choice-all").text
    for file, words in (("messages.fr.toml", "Identifiez-vous"), ("base.html", "</body>")):
        text = (tmp_path / file).read_text("utf-8")
        (tmp_path / file).write_text(text.replace(words, f"Changé {words}"), "utf-8")
    after = site.get("/fr/choice-all").text
    assert "Changé" not in before
    assert "<h1>Changé Identifiez-vous</h1>" in after
    assert "Changé </body>" in after


@each_language
def test_the_page_of_the_pieces_is_there(site: Client, locale: str) -> None:
    page = tree(site.get(f"/parts?lang={locale}"))
    assert page.html["lang"] == locale  # type: ignore[index]
    assert len(page.select("h1")) == 1


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = free_port()
    process = start("sandbox.style_guide", "--port", str(port))
    yield f"http://localhost:{port}"
    assert stop(process) == 0


def test_it_is_a_program_that_ends_when_asked(address: str) -> None:
    answer = requests.get(f"{address}/fr/choice-all", timeout=within(10))
    assert answer.ok
    assert re.search(r"<h1>\s*Identifiez-vous", answer.text)
