"""Every page and mail in a language that nobody speaks: each word comes from its catalogue, or is told as French."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from idp.web.languages import Languages, open_languages
from sandbox.style_guide.mails import FORMS, every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.pseudo_language import RIGHT_TO_LEFT_TAG, TAG, write_pseudo_language
from sandbox.style_guide.rendering import rendered
from sandbox.style_guide.state import frame
from tests.pages.plain_words import plain_words, read, values_of, words_of
from tests.pages.reading import page_of


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Languages:
    directory: Path = tmp_path_factory.mktemp("languages")
    write_pseudo_language(directory)
    write_pseudo_language(directory, RIGHT_TO_LEFT_TAG, "rtl")
    return open_languages(directory)


@pytest.fixture(scope="module")
def t(languages: Languages) -> Callable[..., str]:
    return languages.catalogues.translator(TAG)


def test_no_page_has_a_word_of_its_own(t: Callable[..., str]) -> None:
    left = {}
    for state in every_state("fr"):
        page = read(rendered("fr", state, t, locale=TAG), TAG)
        assert (page.root["lang"], page.root["dir"]) == (TAG, "ltr"), state.name
        left[state.name] = plain_words(page) - values_of(state.page) - values_of(frame(state, "fr"))
    assert {name: words for name, words in left.items() if words} == {}


def test_no_mail_has_a_word_of_its_own(t: Callable[..., str]) -> None:
    left = {}
    for mail in every_mail():
        text, html = (written_state(form, "fr", mail, t) for form in FORMS)
        page = read(html, TAG)
        assert (page.root["lang"], page.root["dir"]) == (TAG, "ltr"), mail.name
        left[mail.name] = plain_words(page) | words_of(text)
        left[mail.name] -= values_of(mail.page) | values_of(mail.house)
    assert {name: words for name, words in left.items() if words} == {}


def test_a_word_that_a_template_wrote_itself_would_be_seen(t: Callable[..., str]) -> None:
    state = next(state for state in every_state("fr") if state.name == "choice-all")
    html = rendered("fr", state, t, locale=TAG)
    for written in ("<p>Bonjour</p>", '<img alt="Bonjour">', '<p lang="qps"><b>Bonjour</b></p>'):
        assert "Bonjour" in plain_words(read(html.replace("</main>", f"{written}</main>"), TAG))
    assert "Bonjour" not in plain_words(read(html.replace("</main>", '<p lang="fr">Bonjour</p></main>'), TAG))


def test_a_language_that_is_read_from_the_right_says_so(languages: Languages) -> None:
    t = languages.catalogues.translator(RIGHT_TO_LEFT_TAG)
    state, mail = every_state("fr")[0], next(every_mail())
    page = rendered("fr", state, t, locale=RIGHT_TO_LEFT_TAG)
    for html in (page, written_state("html", "fr", mail, t)):
        root = read(html, RIGHT_TO_LEFT_TAG).root
        assert (root["lang"], root["dir"]) == (RIGHT_TO_LEFT_TAG, "rtl")


def test_what_is_copied_from_a_mail_is_read_from_the_left_in_every_language(languages: Languages) -> None:
    t = languages.catalogues.translator(RIGHT_TO_LEFT_TAG)
    copied: dict[str, list[str]] = {}
    for mail in every_mail():
        page = BeautifulSoup(written_state("html", "fr", mail, t), "html.parser")
        for one in page.select(".code, .exact, a"):
            (ltr,) = [one, *one.find_all(True)][-1:]
            copied.setdefault(str(ltr.get("dir")), []).append(one.get_text())
    assert set(copied) == {"ltr"}
    assert {"48213907", "https://caducee.example/"} <= set(copied["ltr"])


def test_it_is_two_fifths_longer_than_french(languages: Languages) -> None:
    french, pseudo = (languages.catalogues.texts[tag] for tag in ("fr", TAG))
    texts = [key for key in french if not key.startswith("language.")]
    assert all(len(pseudo[key]) >= 1.4 * len(french[key].strip()) for key in texts)


def test_the_languages_are_links_side_by_side_and_each_in_its_own_words(languages: Languages) -> None:
    state = next(state for state in every_state("fr") if state.name == "choice-all")
    page = read(rendered("fr", state, other_languages=languages.others["fr"]), "fr")
    assert "English" not in " ".join(page.said)  # said in English
    html = rendered("fr", state, other_languages=languages.others["fr"])
    for tag in ("en", TAG, RIGHT_TO_LEFT_TAG):
        assert f'<a href="/language?lang={tag}"' in html
        assert f'hreflang="{tag}"' in html
    assert page_of("choice-all").select("ul.languages a")[0]["lang"] == "en"
