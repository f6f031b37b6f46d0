"""How pages, mails and the help desk's commands speak: short, without begging or shouting, one name for one thing."""

import re
from collections.abc import Iterator, Mapping

import pytest

from idp.web.catalogues import load_catalogues
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import TEMPLATES, rendered
from sandbox.style_guide.state import LOCALES
from tests.pages.plain_words import read

#: What most people read: sign-in, password, code, first connection, charter without its text, refusals, « Mon compte ».
MAIN_PAGES = {
    "choice.html",
    "door.html",
    "password.html",
    "email_otp.html",
    "first_connection.html",
    "enrolment.html",
    "charter.html",
    "psc.html",
    "cps.html",
    "error.html",
    "account/home.html",
}
LONGEST_SENTENCE = 19
#: By folder of templates: the pages and mails, what `idp card` and `idp why` say.
CATALOGUES = {
    name: load_catalogues(TEMPLATES / folder).texts
    for name, folder in (("pages", ""), ("card", "help_desk"), ("why", "why"))
}
#: In the words of the customer's guide (`test_wording`).
OF_THE_GUIDE = {("first_connection.title", "CPx"), ("password.rpps_hint", "login")}
NOT_SAID: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "begging": r"veuillez|s'il vous pla[iî]t|\bsvp\b|\bmerci\b",
        "shouting": r"!",
        "another person": r"\b(tu|toi|ton|tes)\b",
        "an e-mail": r"courriels?|\bm[ée]l\b|\bemails?\b|(?<!e-)\bmails?\b",
        "the card": r"\bCPx\b|carte à puce|carte professionnelle",
        "its code": r"\bPIN\b|code confidentiel|code secret",
        "Pro Santé Connect": r"(?-i:\bPSC\b|ProSant|Pro Sante|[Pp]ro santé|santé connect)",
        "the number": r"\blogin\b|n° RPPS|matricule",
        "the help desk": r"\bsupport\b|help ?desk|hotline|centre d'aide",
        "a passkey": r"passkey",
        "a password": r"\bmdp\b",
        "an application": r"fournisseur de service|relying",
    },
    "en": {
        "begging": r"\bplease\b|\bsorry\b|\boops\b|\bkindly\b",
        "shouting": r"!",
        "an e-mail": r"\bemails?\b|(?<!e-)(?<!junk )\bmails?\b",
        "the card": r"\bCPx\b|smart ?card",
        "Pro Santé Connect": r"(?-i:\bPSC\b|ProSant|Pro Sante|[Pp]ro santé|santé connect)",
        "the number": r"\blogin\b|matricule",
        "signing in": r"\blog(ged|ging)? ?(in|on|off)\b",
        "the help desk": r"\bsupport\b|helpdesk|hotline",
        "an application": r"\bwebsite\b|relying",
    },
}


def sentences(html: str, locale: str) -> Iterator[str]:
    """Yields those of a page, but for the text of a charter."""
    for paragraph in read(html, locale, frozenset(("article",))).paragraphs():
        yield from re.split(r"(?<=[.?…])\s+", paragraph)


def words(sentence: str) -> int:
    return sum(any(sign.isalnum() for sign in word) for word in sentence.split())


@pytest.mark.parametrize("locale", LOCALES)
def test_no_sentence_of_the_main_pages_is_long(locale: str) -> None:
    long = {}
    states = [state for state in every_state(locale) if state.template in MAIN_PAGES]
    assert {state.template for state in states} == MAIN_PAGES
    for state in states:
        for sentence in sentences(rendered(locale, state), locale):
            if words(sentence) > LONGEST_SENTENCE:
                long[sentence] = f"{state.name}: {words(sentence)} words"
    assert long == {}


def test_a_long_sentence_would_be_found() -> None:
    long = " ".join(["mot"] * 20)
    html = f'<div><p title="Un.">Un. <b>{long}</b> : fin.</p><ul><li>Deux<li>Trois</ul><article>Non</article></div>'
    assert [words(one) for one in sentences(html, "fr")] == [1, 1, 21, 1, 1]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_each_thing_has_one_name_and_nobody_is_begged(catalogue: str, locale: str) -> None:
    found = {
        (key, named.group(), what)
        for key, text in CATALOGUES[catalogue][locale].items()
        for what, names in NOT_SAID[locale].items()
        for named in re.finditer(names, _without_fields(text), re.IGNORECASE)
    }
    found -= {(key, named, what) for key, named, what in found if (key, named) in OF_THE_GUIDE}
    assert found == set()


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_quotes_apostrophes_and_spaces_are_of_one_kind(catalogue: str) -> None:
    for locale, texts in CATALOGUES[catalogue].items():
        for key, text in texts.items():
            said, place = _without_fields(text), f"{catalogue} {locale} {key}"
            assert not re.search(r"[’‘´]|\.\.\.", said), f"{place}: ' and … are the ones of the house"
            opening, closing, other = "«»“" if locale == "fr" else "“”«"
            assert said.count(opening) == said.count(closing), f"{place}: {opening} {closing}"
            assert not re.search(f'["{other}]', said), f"{place}: quotes of another language"
            # `idp card` and `idp why` write columns.
            assert catalogue != "pages" or not re.search(r"\S  | \n", said), f"{place}: a space too many"
            if locale == "fr":
                assert not re.search(r"\w[;?!»]|[^\d\s]:(?!//|\d|\w)|«\S", said), f"{place}: no space before"
                # Lines of a terminal do not wrap, and their words are copied into tickets.
                assert catalogue == "pages" or "\u00a0" not in said, f"{place}: plain spaces in a terminal"
            else:
                assert not re.search(r"\s[:;?,.]( |$)", said), f"{place}: a space before"


@pytest.mark.parametrize("locale", LOCALES)
def test_what_went_wrong_is_never_all_that_is_said(locale: str) -> None:
    texts = CATALOGUES["pages"][locale]
    names = r"\b(erreur|problème|échec)\b" if locale == "fr" else r"\b(error|problem|failure|failed)\b"
    for key, text in texts.items():
        if re.search(names, text, re.IGNORECASE) and not key.startswith(("frame.error_", "operations.")):
            explained = (
                texts.get(f"{key.removesuffix('.title')}.text", "") if key.endswith(".title") else text
            )
            assert len(explained.splitlines()) > 1 or len(re.findall(r"[.?](\s|$)", explained)) > 1, key


def _without_fields(text: str) -> str:
    return re.sub(r"\{[a-z_]+\}|`[^`]+`", "…", text)
