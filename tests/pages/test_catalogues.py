"""The catalogues: complete, equal in both languages, and said by a page to the last key."""

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from idp.accounts.code_keys import Purpose
from idp.accounts.code_refusal import CodeRefusal
from idp.accounts.mail_quota import SendRefusal
from idp.interaction.authenticator import AUTHENTICATORS
from idp.pages import charters as charter_pages
from idp.pages import choice as choice_pages
from idp.pages import enrolment as enrolment_pages
from idp.pages import mails as mail_pages
from idp.pages import sign_in as pages
from idp.web.catalogues import CatalogueError, load_catalogues
from sandbox.style_guide.cast import ALL
from sandbox.style_guide.families.refusals import CPS_REASONS, ERROR_NAMES, PSC_REASONS
from sandbox.style_guide.mails import FORMS, every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import CATALOGUES, ROOT, rendered
from sandbox.style_guide.state import LOCALES, State
from tests.pages.reading import HOSTILE

#: Where what the next page is to say is named.
FLOWS_OF_ACCOUNT = "".join(
    file.read_text("utf-8")
    for file in (*ROOT.glob("idp/flows/account/*.py"), ROOT / "idp/flows/shared/account_desk.py")
)

each_language = pytest.mark.parametrize("locale", LOCALES)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_the_same_fields() -> None:
    french, english = CATALOGUES.texts["fr"], CATALOGUES.texts["en"]
    assert set(french) == set(english)
    for key in french:
        assert placeholders(french[key]) == placeholders(english[key]), key


@each_language
def test_no_text_is_empty_and_no_field_reaches_into_a_value(locale: str) -> None:
    for key, text in CATALOGUES.texts[locale].items():
        assert text.strip(), key
        assert all(re.fullmatch(r"[a-z_]+", name) for name in placeholders(text)), key
        assert "’" not in text, f"{key}: the house writes the straight apostrophe"


def test_an_explanation_has_as_many_lines_in_both_languages() -> None:
    french, english = CATALOGUES.texts["fr"], CATALOGUES.texts["en"]
    for key in [key for key in french if key.endswith(".text")]:
        assert len(french[key].splitlines()) == len(english[key].splitlines()), key


def test_french_punctuation_never_falls_alone_on_a_line() -> None:
    breakable = {key for key, text in CATALOGUES.texts["fr"].items() if re.search(r" [:;?!»]|« ", text)}
    assert breakable == {"frame.error_prefix"}  # a page title does not wrap


#: Fields that are numbers.
_NUMBERS = "count|hours|maximum|millions|minimum|minutes|months|most|ms|number|own|rate"


@each_language
def test_no_line_ends_between_a_number_and_its_word(locale: str) -> None:
    cut = re.compile(rf"(?<![\w-])\d+ [\w%]|\{{({_NUMBERS})\}} [\w%]|n° ")
    texts = {key: text for key, text in CATALOGUES.texts[locale].items() if not key.startswith("language.")}
    assert {key: found[0] for key, text in texts.items() if (found := cut.search(text))} == {}


def test_every_key_named_by_the_view_models_exists() -> None:
    source = "".join(
        Path(str(module.__file__)).read_text()
        for module in (pages, choice_pages, charter_pages, enrolment_pages, mail_pages)
    )
    named = set(re.findall(r'"((?:choice|password|email_otp|enrolment|charter|mail)\.[a-z_.]+)"', source))
    named |= {f"cps.{reason}.{part}" for reason in CPS_REASONS for part in ("title", "text")}
    named |= {f"psc.{reason}.{part}" for reason in PSC_REASONS for part in ("title", "text")}
    named |= {f"email_otp.{reason}" for kind in (CodeRefusal, SendRefusal) for reason in kind}
    named |= {f"error.{name}.{part}" for name in ERROR_NAMES for part in ("title", "text")}
    assert {"choice.step_up", "email_otp.closed", "enrolment.busy", "charter.tick_needed"} <= named
    assert "mail.code.subject_" in named
    named = named - {"mail.code.subject_"} | {f"mail.code.subject_{purpose}" for purpose in get_args(Purpose)}
    assert named <= set(CATALOGUES.texts["fr"])


def test_no_key_is_left_that_no_page_says() -> None:
    # Said by code that disables accounts, or answers a script.
    said = {
        "leavers.motive",
        "enrolment.password_good",
        # Facts of a language (`web/languages`).
        *(
            f"language.{name}"
            for name in "name months day first hour moment enumeration enumeration_end".split()
        ),
    }

    def listening(key: str, /, **values: object) -> str:
        said.add(key)
        return CATALOGUES.translator("fr")(key, **values)

    for state in every_state("fr"):
        rendered("fr", state, listening)
    nameless = State("choice", "choice.html", choice_pages.ChoicePage(doors=ALL))
    rendered("fr", nameless, listening, client_name=None)
    for mail in every_mail():
        for form in FORMS:
            written_state(form, "fr", mail, listening)
    # By name in the cookie of the next page, or in place of a relying party's name.
    named = {f"said.{name}" for name in re.findall(r'"([a-z_]+)"', FLOWS_OF_ACCOUNT)} | {"frame.own_pages"}
    texts = set(CATALOGUES.texts["fr"])
    assert texts == said | (named & texts)


def test_an_unknown_key_a_missing_value_and_an_unknown_language_are_errors() -> None:
    t = CATALOGUES.translator("fr")
    with pytest.raises(KeyError):
        t("choice.no_such_key")
    with pytest.raises(KeyError):
        t("frame.cancel")
    with pytest.raises(KeyError):
        CATALOGUES.translator("de")


@pytest.mark.parametrize(
    ("locale", "names", "said"),
    [
        ("fr", (), "par  change"),
        ("fr", ("A",), "par A change"),
        ("fr", ("A", "B"), "par A et B change"),
        ("fr", ("A", "B", "C", "{x}"), "par A, B, C et {x} change"),
        ("en", ("A", "B", "C"), "by A, B and C change"),
        ("fr", ("A", "שרה"), "par A et \u2068שרה\u2069 change"),
    ],
)
def test_several_names_are_said_as_an_enumeration(locale: str, names: tuple[str, ...], said: str) -> None:
    t = CATALOGUES.translator(locale)
    assert said in t("mail.charter_reminder.of_client", client=names, revision="1", date="x")


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert CATALOGUES.translator("fr")("frame.cancel", client=HOSTILE).endswith(HOSTILE)


@pytest.mark.parametrize("content", ["a = 1", "[a]\nb = ['x']", "a = ", b"a = '\xff'"])
def test_a_catalogue_that_is_not_tables_of_texts_is_refused(tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / "messages.fr.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CatalogueError, match=r"messages\.fr\.toml"):
        load_catalogues(tmp_path)


def test_a_folder_without_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        load_catalogues(tmp_path)


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_door_by_which_a_charter_was_accepted_has_words(locale: str) -> None:
    for door in AUTHENTICATORS:
        assert CATALOGUES.translator(locale)(f"charters.door_{door}")
