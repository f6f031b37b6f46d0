"""What single pages say and offer: the words of the customer's guide, the doors, the ways on."""

import re
from dataclasses import replace

import pytest
from bs4 import Tag

from idp.pages import sign_in as pages
from idp.pages.choice import ChoicePage
from sandbox.style_guide.cast import ALL
from sandbox.style_guide.families.codes import otp
from sandbox.style_guide.rendering import ROOT
from sandbox.style_guide.state import LOCALES, State
from tests.pages.reading import AUTOCOMPLETE, page_of, parsed, text_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("choice-all", "S'identifier avec Pro Santé Connect"),
        ("choice-all", "Se connecter par CPS"),
        ("choice-all", "code porteur"),
        ("choice-all", "Se connecter"),
        ("choice-all", "Annuler et revenir à ViaTrajectoire"),
        (
            "enrolment-empty",
            "Choisir un mot de passe pour une connexion OTP sans passer par Pro Santé Connect",
        ),
        ("enrolment-empty", "Créer mon compte"),
        ("charter-first", "J'ai lu et accepte les conditions ci-dessus"),
        ("charter-first", "Valider"),
        ("otp-login", "Valider"),
        ("first-connection", "La première connexion doit être réalisée avec votre carte CPx"),
        ("first-connection", "Se connecter par CPS"),
        ("cps-none", "Réessayer avec ma carte"),
    ],
)
def test_the_wording_of_the_guide_is_kept(name: str, words: str) -> None:
    page = page_of(name)
    exact = {text_of(tag) for tag in page.find_all(["button", "label", "h1"])}
    assert words in exact or (words == "code porteur" and words in text_of(page.main))


@pytest.mark.parametrize(
    ("locale", "hidden"),
    [
        (
            "fr",
            ("expirée", "ne la propose même pas", "retient ce refus", "code porteur", "Cryptolib", "Lecteur"),
        ),
        ("en", ("expired", "does not even offer it", "remembers that refusal", "PIN", "Cryptolib", "Reader")),
    ],
)
def test_the_page_of_no_card_tells_what_browsers_hide_and_the_ways_on(
    locale: str, hidden: tuple[str, ...]
) -> None:
    page = page_of("cps-none", locale)
    assert [words for words in hidden if words not in text_of(page.main)] == []
    actions = [str(form["action"]).rpartition("/")[2] for form in page.find_all("form")]
    assert actions[:3] == ["cps", "psc", "password"]


def test_psc_comes_last_while_it_is_down_and_the_page_says_so() -> None:
    page = page_of("choice-psc-out")
    buttons = [text_of(button) for button in page.select("button.button")]
    assert buttons[:3] == ["Se connecter par CPS", "Se connecter", "S'identifier avec Pro Santé Connect"]
    (said,) = page.select('[role="status"]')
    assert text_of(said).startswith("Pro Santé Connect est en panne en ce moment.")
    assert [text_of(button) for button in page.select(".primary")] == ["Se connecter par CPS"]


def test_every_page_with_doors_puts_psc_last_while_it_is_down() -> None:
    out = replace(ALL, psc_out=True)
    for state in (
        State("password", "password.html", pages.PasswordPage(doors=out, rpps="", error="password.refused")),
        State("cps", "cps.html", pages.CpsPage("none", out)),
        State("psc", "psc.html", pages.PscPage(reason="unavailable", doors=out)),
        State("otp", "email_otp.html", otp(doors=out)),
    ):
        actions = [str(form["action"]).rsplit("/", 1)[1] for form in parsed("fr", state).find_all("form")]
        assert "psc" in actions, state.name
        assert "cps" not in actions or actions.index("cps") < actions.index("psc"), state.name


@pytest.mark.parametrize("psc", [True, False])
@pytest.mark.parametrize("cps", [True, False])
@pytest.mark.parametrize("password", [True, False])
def test_only_open_doors_are_shown(psc: bool, cps: bool, password: bool) -> None:
    doors = pages.Doors(psc=psc, cps=cps, password=password)
    for state in (
        State("choice", "choice.html", ChoicePage(doors=doors)),
        State("cps", "cps.html", pages.CpsPage("none", doors)),
        State("psc", "psc.html", pages.PscPage(reason="stale", doors=doors)),
    ):
        actions = [str(form["action"]).rsplit("/", 1)[1] for form in parsed("fr", state).find_all("form")]
        shown = {"psc": psc, "cps": cps, "password": password}
        # « Changer de compte » is Pro Santé Connect's door as well.
        assert sorted(set(actions)) == sorted(
            [name for name, is_open in shown.items() if is_open] + ["cancel"]
        )


def test_only_a_page_on_the_way_to_an_application_names_it() -> None:
    assert "Pour accéder à ViaTrajectoire" in text_of(page_of("choice-all").main)
    assert "Pour accéder à" not in text_of(page_of("signed-out-done").main)


def test_code_page_says_where_until_when_and_how_many_tries_are_left() -> None:
    text = text_of(page_of("otp-refused").main)
    for words in (
        "e•••••d@hopital-saint-louis.fr",
        "10 minutes",
        "14 h 32",
        "reste 3 essais",
        "indésirables",
    ):
        assert words in text
    assert "essai" not in text_of(page_of("otp-login").main)


@pytest.mark.parametrize("name", ["otp-expired", "otp-used-up", "otp-used", "otp-closed", "otp-email-taken"])
def test_a_dead_code_leaves_no_field_but_a_way_on(name: str) -> None:
    page = page_of(name)
    assert page.find(id="code") is None
    ways = {str(form["action"]).removeprefix("/interaction/AbC/") for form in page.find_all("form")} - {
        "cancel"
    }
    assert ways


def test_what_was_typed_comes_back_but_never_the_password() -> None:
    page = page_of("enrolment-errors")
    values = {
        field["name"]: field.get("value") for field in page.find_all("input") if field["name"] != "csrf"
    }
    assert values["email"] == "elise.marchand@hopital"
    assert values["city"] == "Lyon"
    assert values["password"] is None
    assert page_of("password-refused").select_one("#rpps")["value"] == "99700218896"  # type: ignore[index]


def test_identity_is_text_and_no_field() -> None:
    page = page_of("enrolment-empty")
    facts = page.select_one("dl.identity")
    assert facts is not None
    assert "MARCHAND-LEFÈVRE" in text_of(facts)
    assert "Gériatrie" in text_of(facts)
    assert not facts.find_all("input")
    assert {f["name"] for f in page.find_all("input")} == {"csrf", "proof", *AUTOCOMPLETE} - {
        "rpps",
        "code",
        "new_password",
        "name",
    }


def test_charter_ends_with_an_unticked_box_and_carries_its_revision() -> None:
    page = page_of("charter-first")
    form = page.find("form", action="/interaction/AbC/charter")
    assert isinstance(form, Tag)
    box = form.find("input", type="checkbox")
    assert isinstance(box, Tag)
    assert (box["name"], box["value"], box.get("checked")) == ("accepted", "yes", None)
    assert form.find("input", attrs={"name": "revision", "value": "2026-1"})
    article = page.find("article")
    assert isinstance(article, Tag)
    assert form in article.find_all_next("form")


def test_both_charters_have_the_same_articles() -> None:
    texts = [(ROOT / "charters" / f"2026-1.{locale}.md").read_text() for locale in LOCALES]
    articles = [re.findall(r"^## Article (\d+) – ", text, re.MULTILINE) for text in texts]
    assert articles[0] == articles[1] == [str(number) for number in range(1, 9)]


def test_the_page_of_administrators_shows_what_one_types_as_such() -> None:
    for name, typed in (
        ("operations-full", "idp db backup"),
        ("operations-unavailable", "idp charter publish"),
    ):
        main = page_of(name).main
        assert main is not None
        assert typed in [text_of(code) for code in main.select('[lang="en"] code')]
        assert "`" not in text_of(main)


def test_hours_and_minutes_are_words_with_spaces_between() -> None:
    for locale, words in (("fr", "Réessayez dans 1 heure et 6 minutes,"), ("en", "in 1 hour and 6 minutes")):
        assert words in text_of(page_of("password-wait-hour-and-minutes", locale).main)
