"""How a name is spelled refuses nobody; what would break a line or turn the text around is no spelling."""

import unicodedata
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings

from idp.cards.certificate import UnreadableCard, read_card
from idp.cards.person_name import (
    MAX_NAME_LENGTH,
    UnreadableName,
    completed,
    full_name,
    letters_of,
    parse_person_name,
)
from idp.cards.trust import CardPolicy, verify_card
from sandbox.igc.profile import professional_subject
from sandbox.igc.roster import demo_rpps
from tests.cards.characters import characters
from tests.cards.factory import NOW, CardFactory, RevocationTable
from tests.examples import examples
from tests.people import written_names

_HYPHENS = ["\u2212", "\u00b7", "\u2027"]
_APOSTROPHES = [
    *"'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u2032\uff07`\u00b4\u055a\ua78b\ua78c\u05f3"
]

SPELLINGS = [
    "'T HOOFT",
    "\u2019T HOOFT",
    "O'BRIEN-N\u00da\u00d1EZ",
    "INFIRMCS ADELI8751",
    "DUPONT (MARTIN)",
    "DUPONT/MARTIN",
    "DUPONT, \u00c9POUSE MARTIN",
    "ST. JOHN",
    ".",
    "-",
    "7",
    "\u0152",
    "\u041f\u0415\u0422\u0420\u041e\u0412",
    "\u05de\u05e9\u05d4",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0646",  # Persian, with its zero-width non-joiner
    "\u738b",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "A&B",
    'A"B\\',
    "%s {0} ${x}",
    "A\u00adB\u200bC",
    "A" * 65,
    "A" * MAX_NAME_LENGTH,
]


def test_names_come_out_composed_and_without_outer_spaces() -> None:
    assert parse_person_name(" HE\u0301LE\u0300NE\u00a0") == "H\u00c9L\u00c8NE"


@pytest.mark.parametrize("name", SPELLINGS)
def test_names_are_kept_as_they_stand(name: str) -> None:
    assert parse_person_name(name) == name


def test_every_hyphen_and_apostrophe_of_unicode_is_kept() -> None:
    for mark in (*characters("Pd"), *_HYPHENS, *_APOSTROPHES):
        for name in (f"A{mark}B", f"{mark}AB", f"AB{mark}"):
            assert parse_person_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("nothing", ["", " ", "\u00a0\u3000", "\u200b\ufeff", "\u3164"])
def test_what_nobody_sees_is_no_name(nothing: str) -> None:
    assert parse_person_name(nothing) == ""


def test_control_characters_bidi_controls_and_lone_surrogates_are_refused_without_being_repeated() -> None:
    bidi = characters(*"LRE RLE LRO RLO PDF LRI RLI FSI PDI".split(), of=unicodedata.bidirectional)
    controls = characters("Cc")
    for harmful in (*bidi, *controls, "\u200e", "\u200f", "\u061c", "\u2028", "\u2029", "\ud800", "\udfff"):
        for name in (f"AB{harmful}C", f"{harmful}AB", f"AB{harmful}"):
            with pytest.raises(UnreadableName) as refused:
                parse_person_name(name)
            assert "AB" not in str(refused.value)


def test_a_name_longer_than_anyone_s_is_refused() -> None:
    with pytest.raises(UnreadableName):
        parse_person_name("A" * (MAX_NAME_LENGTH + 1))
    # The length is that of the composed name.
    assert parse_person_name("E\u0301" * MAX_NAME_LENGTH) == "\u00c9" * MAX_NAME_LENGTH


@pytest.mark.parametrize(
    ("given", "family", "shown"), [("A", "B", "A B"), ("A", "", "A"), ("", "B", "B"), ("", "", "")]
)
def test_both_names_or_the_only_one_are_shown(given: str, family: str, shown: str) -> None:
    assert full_name(given, family) == shown


def test_names_are_compared_by_their_letters() -> None:
    assert letters_of("d'Arc-\u0152uvr\u00e9") == letters_of("D\u2019ARC \u0152UVRE\u0301")
    # Vowel signs of an Indic script are letters of the name, accents are not.
    assert letters_of("\u0915\u093f") != letters_of("\u0915\u093e")


def test_a_missing_name_is_completed_unless_it_is_the_one_beside() -> None:
    assert completed("", "MARTIN", beside="ANNE") == "MARTIN"
    assert completed("DUPONT", "MARTIN", beside="ANNE") == "DUPONT"
    assert completed("", "Sukarno", beside="SUKARNO") == ""
    assert completed("", "-", beside="") == "-"


def _card_of(cards: CardFactory, given: str | None, family: str | None) -> bytes:
    """A card of the pinned authority. None: it has no such attribute."""
    whole = professional_subject("M\u00e9decin", given or "", family or "", f"8{demo_rpps(1)}")
    absent = {oid for oid, value in ((NameOID.GIVEN_NAME, given), (NameOID.SURNAME, family)) if value is None}
    subject = x509.Name(
        [x509.RelativeDistinguishedName([one for one in rdn if one.oid not in absent]) for rdn in whole.rdns]
    )
    return cards.issue(replace(cards.plan("lefebvre"), subject=subject))


@pytest.mark.parametrize("name", [*SPELLINGS[:8], SPELLINGS[15], *SPELLINGS[16:18], SPELLINGS[-1]])
def test_a_card_is_accepted_whatever_the_spelling(
    cards: CardFactory, policy: CardPolicy, revocation: RevocationTable, name: str
) -> None:
    card = verify_card(_card_of(cards, name, name), policy, now=NOW, revocation=revocation)
    assert (card.given_name, card.family_name) == (name, name)


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given_name=written_names(), family_name=written_names())
def test_every_name_that_can_be_printed_comes_out_of_the_card_byte_for_byte(
    cards: CardFactory, given_name: str, family_name: str
) -> None:
    card = read_card(_card_of(cards, given_name, family_name))
    assert (card.given_name, card.family_name) == (
        unicodedata.normalize("NFC", given_name),
        unicodedata.normalize("NFC", family_name),
    )


@pytest.mark.parametrize(
    ("given", "family"), [(None, "SUKARNO"), ("SUKARNO", None), ("", "SUKARNO"), ("SUKARNO", " ")]
)
def test_a_card_with_one_name_is_accepted(
    cards: CardFactory,
    policy: CardPolicy,
    revocation: RevocationTable,
    given: str | None,
    family: str | None,
) -> None:
    card = verify_card(_card_of(cards, given, family), policy, now=NOW, revocation=revocation)
    assert (card.given_name, card.family_name) == (given or "", (family or "").strip())


@pytest.mark.parametrize(("given", "family"), [(None, None), ("", "\u200b"), ("A\nB", "C")])
def test_a_card_that_names_nobody_or_breaks_a_line_is_unreadable(
    cards: CardFactory, given: str | None, family: str | None
) -> None:
    with pytest.raises(UnreadableCard, match="name"):
        read_card(_card_of(cards, given, family))
