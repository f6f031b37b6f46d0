"""The sign-in page has one obvious way: the door of the last time, else Pro Santé Connect."""

import pytest
from bs4 import BeautifulSoup

from idp.interaction.authenticator import DOORS
from idp.pages import sign_in as pages
from idp.pages.choice import ChoicePage
from sandbox.style_guide.cast import ALL_AND_PASSKEY
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.state import LOCALES, State
from tests.pages.reading import page_of, parsed, text_of

PSC, CARD, PASSKEY = "S'identifier avec Pro Santé Connect", "Se connecter par CPS", "Utiliser ma clé d'accès"
FOLDED = "Avec votre mot de passe"


def shown(page: BeautifulSoup) -> list[str]:
    """The doors, from top to bottom."""
    return [
        text_of(one.find(class_="button") if not one.summary else one.summary)
        for one in page.select(".doors li")
    ]


def filled(page: BeautifulSoup) -> list[str]:
    return [text_of(button) for button in page.select("main .primary")]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("choice-all", [PSC, CARD, FOLDED]),
        ("choice-passkey", [PSC, CARD, PASSKEY, FOLDED]),
        ("choice-last-psc", [PSC, CARD, PASSKEY, FOLDED]),
        ("choice-last-cps", [CARD, PSC, PASSKEY, FOLDED]),
        ("choice-last-passkey", [PASSKEY, PSC, CARD, FOLDED]),
        ("choice-last-password", [FOLDED, PSC, CARD, PASSKEY]),
        ("choice-mobile", [PSC, PASSKEY, FOLDED, CARD]),
        ("choice-mobile-last-password", [FOLDED, PSC, CARD]),
        ("choice-mobile-card-only", [CARD]),
    ],
)
def test_the_door_of_the_last_time_comes_first_and_is_the_only_filled_one(
    name: str, order: list[str]
) -> None:
    page = page_of(name)
    assert shown(page) == order
    assert filled(page) == ["Se connecter" if order[0] == FOLDED else order[0]]


def test_a_door_that_is_closed_now_is_not_shown_because_it_was_the_last() -> None:
    closed = pages.Doors(psc=True, cps=False, password=True)
    page = parsed("fr", State("choice", "choice.html", ChoicePage(doors=closed, last_door="cps")))
    assert shown(page) == [PSC, FOLDED]
    down = pages.Doors(psc=True, cps=True, password=True, psc_out=True)
    state = State("choice", "choice.html", ChoicePage(doors=down, last_door="psc"))
    assert shown(parsed("fr", state)) == [CARD, FOLDED, PSC]


@pytest.mark.parametrize(
    ("name", "is_open"),
    [
        ("choice-all", False),
        ("choice-last-cps", False),
        ("choice-last-password", True),
        # Whom the application suggests, or what is the first that works.
        ("choice-suggested", True),
        ("choice-psc-out-password", None),
        ("choice-password-only", None),
    ],
)
def test_the_password_is_folded_away_unless_it_is_the_one_to_take(name: str, is_open: bool | None) -> None:
    page = page_of(name)
    folds = page.select("details.door")
    assert [fold.has_attr("open") for fold in folds] == ([] if is_open is None else [is_open])
    assert page.find("input", attrs={"name": "password"})


def test_on_a_phone_the_card_is_quiet_unless_it_is_the_only_way() -> None:
    def kind(name: str) -> list[str]:
        return [str(name) for name in page_of(name).select_one("#door-cps button")["class"]]  # type: ignore[index]

    assert kind("choice-mobile") == ["button", "quiet"]
    assert kind("choice-mobile-card-only") == ["button", "primary"]
    assert kind("choice-all") == ["button", "secondary"]


@pytest.mark.parametrize(
    ("name", "sentence", "forms"),
    [
        ("choice-all", "Première connexion ? Utilisez votre carte CPS.", ["door-cps"]),
        (
            "choice-enrols-all",
            "Première connexion ? Utilisez votre carte CPS ou Pro Santé Connect.",
            ["door-cps", "door-psc"],
        ),
        (
            "choice-enrols-psc-and-password",
            "Première connexion ? Utilisez Pro Santé Connect.",
            ["door-psc"],
        ),
        (
            "choice-mobile",
            "Première connexion ? Utilisez votre carte CPS, sur un ordinateur qui a un lecteur.",
            [],
        ),
        ("choice-mobile-enrols", "Première connexion ? Utilisez Pro Santé Connect.", ["door-psc"]),
    ],
)
def test_who_comes_for_the_first_time_is_told_above_all_and_begins_there(
    name: str, sentence: str, forms: list[str]
) -> None:
    page = page_of(name)
    (line,) = page.select(".first-time")
    assert text_of(line).replace(" .", ".").replace("\u00a0", " ") == sentence
    assert line.find_previous_sibling().name == "h1"  # type: ignore[union-attr]
    assert [button["form"] for button in line.find_all("button")] == forms
    assert all(page.find("form", id=form) for form in forms)


@pytest.mark.parametrize("name", ["choice-password-only", "choice-psc-and-password", "choice-none"])
def test_who_cannot_begin_here_is_told_nothing_of_it(name: str) -> None:
    assert not page_of(name).select(".first-time")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_hints_of_the_doors_begin_with_words_of_their_own(locale: str) -> None:
    page = parsed(locale, State("choice", "choice.html", ChoicePage(doors=ALL_AND_PASSKEY)))
    first = [text_of(hint).split()[0] for hint in page.select(".doors li > .hint, .note .hint")]
    assert len(first) == len(set(first)) == 3


def test_change_of_account_stands_in_the_item_of_its_button() -> None:
    for state in every_state("fr"):
        if state.template == "choice.html":
            page = parsed("fr", state)
            doors = state.page.doors
            beside = page.select(".doors li:has(#psc-hint) form input[name=fresh]")
            assert (
                len(beside) == len(page.select("input[name=fresh]")) == int(doors.psc and not doors.psc_out)
            )


def test_every_door_has_its_place() -> None:
    doors = dict.fromkeys(DOORS, True)
    for is_phone in (False, True):
        page = ChoicePage(doors=pages.Doors(**doors), is_phone=is_phone)
        assert sorted(page.order) == sorted(DOORS)
