"""What every mail has: whose it is, how to get help, the same words in both forms, colours that are read."""

import re

import pytest
from bs4 import BeautifulSoup

from idp.pages.frame import NO_HOUSE, HelpDesk, House
from idp.settings.colours import CONTROL, TEXT, contrast
from sandbox.style_guide.families.mails import mails
from sandbox.style_guide.houses import POSTAL, SAID
from sandbox.style_guide.mails import FORMS, every_mail, written_state
from sandbox.style_guide.rendering import CATALOGUES, TEMPLATES, written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE, text_of

MAILS = list(every_mail())
CODE = mails()[0]
each_language = pytest.mark.parametrize("locale", LOCALES)
STYLE = re.findall(r"<style>(.*?)</style>", (TEMPLATES / "mail/frame.html").read_text(), re.DOTALL)[0]
LIGHT, _, DARK = STYLE.partition("@media (prefers-color-scheme: dark)")


def words(text: str) -> list[str]:
    return text.split()


def body_of(html: str) -> str:
    page = BeautifulSoup(html, "html.parser")
    return text_of(page.body)


def test_every_template_has_a_state() -> None:
    shared = {"frame", "parts"}
    assert {mail.template for mail in MAILS} == {f.stem for f in (TEMPLATES / "mail").iterdir()} - shared
    assert len({mail.name for mail in MAILS}) == len(MAILS)


@each_language
def test_both_forms_of_a_mail_say_the_same(locale: str) -> None:
    for mail in MAILS:
        text, html = (written_state(form, locale, mail) for form in FORMS)
        plain = [word for word in words(text) if word not in ("-", "--")]
        # In HTML the name is at the head; an address of its own line is its words.
        name = mail.house.name or CATALOGUES.translator(locale)("frame.service")
        assert sorted(words(body_of(html))) == sorted(plain + words("" if mail.house.name else name)), (
            mail.name
        )


@each_language
def test_text_is_read_without_a_line_too_many(locale: str) -> None:
    for mail in MAILS:
        text = written_state("txt", locale, mail)
        assert "\n\n\n" not in text, mail.name
        assert not text.startswith("\n"), mail.name
        assert "\n-- \n" in text, mail.name  # RFC 3676 §4.3
        assert all(line == line.rstrip() or line == "-- " for line in text.splitlines()), mail.name
        assert "{" not in text, mail.name


def test_text_of_a_code_reads_as_a_person_writes() -> None:
    text = written("txt", "fr", "code", CODE, house=SAID).replace("\u00a0", " ")
    head, _, foot = text.partition("\n\n-- \n")
    assert head.split("\n\n")[:4] == [
        "48213907 est votre code, valable jusqu'à 14 h 32.",
        "Bonjour,",
        "Voici votre code pour vous connecter à ViaTrajectoire :",
        "    48213907",
    ]
    assert foot.splitlines() == [
        SAID.name,
        "Assistance : 03 20 00 00 00, poste 4242 · du lundi au vendredi, 8 h – 18 h · assistance@ght.example",
        "Caducée, identification des professionnels de santé. Message automatique, ne répondez pas.",
    ]


@each_language
@pytest.mark.parametrize("form", FORMS)
def test_a_mail_names_the_operator_and_how_to_reach_the_help_desk(locale: str, form: str) -> None:
    contact = SAID.help_desk
    for house, said in ((SAID, (SAID.name, contact.telephone, contact.hours)), (POSTAL, ("CHU", "1 place"))):
        text = written(form, locale, "code", CODE, house=house)
        assert "Caducée, " in text
        assert [one for one in said if one not in text] == []
    assert CATALOGUES.translator(locale)("house.help") not in written(
        form, locale, "code", CODE, house=NO_HOUSE
    )


def test_hours_in_french_are_marked_in_an_english_mail() -> None:
    page = BeautifulSoup(written("html", "en", "code", CODE, house=SAID), "html.parser")
    assert text_of(page.find("bdi", lang="fr")) == SAID.help_desk.hours


def test_what_an_operator_says_comes_out_as_text() -> None:
    house = House(name=HOSTILE, help_desk=HelpDesk(telephone=HOSTILE, hours=HOSTILE, address=HOSTILE))
    page = BeautifulSoup(written("html", "fr", "code", CODE, house=house), "html.parser")
    assert not page.find("script")
    assert page.get_text().count(HOSTILE) == 4
    assert written("txt", "fr", "code", CODE, house=house).count(HOSTILE) == 4


@each_language
def test_the_code_is_what_a_list_of_mails_shows_of_it(locale: str) -> None:
    for page in mails():
        for house in (NO_HOUSE, SAID):
            assert written("txt", locale, "code", page, house=house).startswith(f"{page.code} ")
            html = written("html", locale, "code", page, house=house)
            assert body_of(html).startswith(f"{page.code} ")
    # In the mail itself it stands once, in its place.
    assert re.search(r"\.preview \{ display: none;", LIGHT)
    assert len(BeautifulSoup(html, "html.parser").select(".preview")) == 1


def test_only_a_mail_with_a_code_hides_words() -> None:
    hiding = {m.template for m in MAILS if 'class="preview"' in written_state("html", "fr", m)}
    assert hiding == {"code"}


def test_a_mail_fetches_nothing_and_runs_nothing() -> None:
    for mail in MAILS:
        html = written_state("html", "fr", mail)
        assert not re.search(r"src=|url\(|@import|<script|<img|<link|<form", html), mail.name
        assert len(html.encode()) < 6_000, mail.name


def colours(rules: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for selector, body in re.findall(r"([.\w]+) \{([^{}]*)\}", rules):
        found[selector] = dict(re.findall(r"(color|background|border[a-z-]*): [^;#]*(#[0-9a-f]{6})", body))
    return found


@pytest.mark.parametrize("rules", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_are_read_in_both_schemes(rules: str) -> None:
    found = colours(rules)
    ground = found["body"]["background"]
    for selector, of in found.items():
        if "color" in of:
            assert contrast(of["color"], of.get("background", ground)) >= TEXT, selector
        for name in [name for name in of if name.startswith("border")]:
            assert contrast(of[name], ground) >= CONTROL, selector
        # A mailbox that turns colours round by itself turns the pair.
        assert "background" not in of or "color" in of, selector


def test_what_has_a_colour_has_one_in_the_dark_as_well() -> None:
    light, dark = colours(LIGHT), colours(DARK)
    assert {s for s, of in light.items() if of} == {s for s, of in dark.items() if of}
    assert {"body", "a", ".code", ".small"} <= set(dark)
    page = BeautifulSoup(written("html", "fr", "code", CODE), "html.parser")
    for name in ("color-scheme", "supported-color-schemes"):
        assert page.find("meta", attrs={"name": name, "content": "light dark"})
