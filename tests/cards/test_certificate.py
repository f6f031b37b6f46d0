"""What is read from a card, and what is not."""

import os
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from idp.cards.certificate import (
    GIP_CARD_CATEGORY,
    GIP_CARD_TYPE,
    CardCategory,
    CardType,
    UnreadableCard,
    is_old_generation,
    load_certificate,
    read_authority_key_id,
    read_card,
)
from idp.cards.identifiers import IdentifierKind
from idp.cards.nomenclature import CodedLabel
from idp.cards.remarks import has_other_title, policies_of
from sandbox.igc.profile import professional_subject
from sandbox.igc.roster import demo_rpps
from tests.cards.factory import NOW, CardFactory, reissued


def test_physicians_card_gives_identity_profession_and_speciality(cards: CardFactory) -> None:
    card = read_card(cards.der("lefebvre"))
    assert (card.family_name, card.given_name) == ("LEFEBVRE", "MARIE")
    assert card.national_id.rpps == demo_rpps(1)
    assert card.profession == CodedLabel("10", "Médecin")
    assert card.specialities == (CodedLabel("SM54", "Médecine générale"),)
    assert (card.card_type, card.category) == (CardType.CPS, CardCategory.TEST_CARD)
    assert card.future_profession is None


def test_card_keeps_what_audit_needs(cards: CardFactory) -> None:
    der = cards.der("lefebvre")
    card = read_card(der)
    assert card.fingerprint_sha256 == sha256(der).hexdigest()
    assert card.card_number == cards.plan("lefebvre").marks.card_number
    assert card.issuer_key_id == cards.igc.issuing.subject_key_id.digest.hex()
    assert int(card.serial, 16) == load_certificate(der).serial_number
    assert len(card.serial) == 32
    assert card.not_before == NOW - timedelta(days=1)
    assert card.not_after - card.not_before == timedelta(days=1095)


def test_several_specialities_keep_their_order(cards: CardFactory) -> None:
    assert [one.code for one in read_card(cards.der("martin")).specialities] == ["SM04", "SM26"]


def test_absent_speciality_is_empty(cards: CardFactory) -> None:
    assert read_card(cards.der("girard")).specialities == ()


def test_trainee_has_a_future_profession_only(cards: CardFactory) -> None:
    card = read_card(cards.der("interne"))
    assert card.card_type is CardType.CPF
    assert card.profession is None
    assert card.future_profession == CodedLabel("10", "Médecin en formation")


def test_names_keep_their_accents_and_apostrophes(cards: CardFactory) -> None:
    card = read_card(cards.der("nunez"))
    assert (card.given_name, card.family_name) == ("HÉLÈNE", "O'BRIEN-NÚÑEZ")


@pytest.mark.parametrize(("given", "family"), [("A", "B" * 40), ("A" * 40, "B"), ("A" * 20, "B" * 20)])
def test_order_inside_the_rdn_does_not_matter(cards: CardFactory, given: str, family: str) -> None:
    subject = professional_subject("Médecin", given, family, f"8{demo_rpps(1)}")
    card = read_card(cards.issue(replace(cards.plan("lefebvre"), subject=subject)))
    assert (card.given_name, card.family_name) == (given, family)


def test_code_decides_the_profession_not_the_title(cards: CardFactory) -> None:
    der = cards.marked(profession=60)
    card = read_card(der)
    assert card.profession == CodedLabel("60", "Infirmier")
    # « Médecin », it says: worth a note, no more.
    assert has_other_title(load_certificate(der), card.profession)
    assert not has_other_title(load_certificate(cards.der("lefebvre")), CodedLabel("10", "Médecin"))
    assert not has_other_title(load_certificate(cards.der("lefebvre")), None)


def test_policies_of_the_certificate_are_told(cards: CardFactory) -> None:
    assert policies_of(load_certificate(cards.der("lefebvre"))) == ("1.2.250.1.213.1.7.2.1.1.1.1",)


def test_certificate_that_names_no_policy_has_none(cards: CardFactory) -> None:
    card = cards.card("lefebvre")
    silent = reissued(card.login, cards.igc.issuing.key, without={ExtensionOID.CERTIFICATE_POLICIES})
    assert policies_of(silent) == ()


def test_unknown_profession_code_borrows_the_title(cards: CardFactory) -> None:
    assert read_card(cards.marked(profession=97)).profession == CodedLabel("97", "Médecin")


def test_unknown_profession_code_without_readable_title_is_shown_raw(cards: CardFactory) -> None:
    subject = professional_subject("A\u202eB", "A", "B", f"8{demo_rpps(1)}")
    plan = cards.plan("lefebvre")
    der = cards.issue(replace(plan, subject=subject, marks=replace(plan.marks, profession=97)))
    assert read_card(der).profession == CodedLabel("97", "97")


def test_unknown_speciality_code_is_shown_raw(cards: CardFactory) -> None:
    assert read_card(cards.marked(specialities=("SM999",))).specialities == (CodedLabel("SM999", "SM999"),)


@pytest.mark.parametrize(
    "marks",
    [
        {"specialities": ("<b>",)},
        {"specialities": ("sm54",)},
        {"specialities": ("",)},
        {"profession": 0x80},  # a negative INTEGER
        {"category": 0x55},
        {"card_type": 9},
    ],
)
def test_private_extensions_are_read_strictly(cards: CardFactory, marks: dict[str, object]) -> None:
    with pytest.raises(UnreadableCard):
        read_card(cards.marked(**marks))


@pytest.mark.parametrize("oid", [GIP_CARD_TYPE, GIP_CARD_CATEGORY])
def test_card_that_does_not_say_what_it_is_is_unreadable(
    cards: CardFactory, oid: x509.ObjectIdentifier
) -> None:
    silent = reissued(cards.card("lefebvre").login, cards.igc.issuing.key, without={oid})
    with pytest.raises(UnreadableCard, match="private extension absent"):
        read_card(silent.public_bytes(Encoding.DER))


def test_issuer_named_without_its_key_is_not_readable(cards: CardFactory) -> None:
    """RFC 5280 §4.2.1.1 lets a certificate name its issuer by name and serial number alone."""
    issuing, identifier = cards.igc.issuing, ExtensionOID.AUTHORITY_KEY_IDENTIFIER
    root = x509.DirectoryName(issuing.certificate.issuer)
    by_name = x509.AuthorityKeyIdentifier(None, [root], issuing.certificate.serial_number)
    login = cards.card("lefebvre").login
    for extensions in ([], [(by_name, False)]):
        certificate = reissued(login, issuing.key, without={identifier}, extensions=extensions)
        with pytest.raises(UnreadableCard, match="authority key identifier"):
            read_authority_key_id(certificate)


def test_unusual_card_number_is_left_out(cards: CardFactory) -> None:
    assert read_card(cards.marked(card_number="ABC")).card_number is None


@pytest.mark.parametrize(
    "name", ["employee-cpe", "bad-luhn", "duplicated-cn", "cn-with-slash", "t61-subject"]
)
def test_cards_that_name_no_professional_are_unreadable(cards: CardFactory, name: str) -> None:
    with pytest.raises(UnreadableCard):
        read_card(cards.der(name))


@pytest.mark.parametrize("name", ["A\nB", "A\u202eB", "A" * 257])
def test_harmful_names_make_the_card_unreadable(cards: CardFactory, name: str) -> None:
    subject = professional_subject("Médecin", "MARIE", name, f"8{demo_rpps(1)}")
    with pytest.raises(UnreadableCard):
        read_card(cards.issue(replace(cards.plan("lefebvre"), subject=subject)))


def test_certificate_of_unusual_size_is_not_even_parsed() -> None:
    with pytest.raises(UnreadableCard):
        load_certificate(b"\x30" * 20_000)


@pytest.fixture
def samples() -> Path:
    """The directory of public certificates, when the machine has one."""
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    return Path(os.environ["CADUCEE_IGC_SAMPLES"])


def test_real_test_card_of_2020_is_read(samples: Path) -> None:
    pem = (samples / "sample-test-cps-signature-2020.pem").read_bytes()
    card = read_card(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    assert (card.family_name, card.given_name) == ("INFIRMCS ADELI8751", "OLIVIER")
    assert (card.national_id.kind, card.national_id.value) == (IdentifierKind.ADELI, "0B6087510")
    assert card.profession == CodedLabel("60", "Infirmier")
    assert card.category is CardCategory.TEST_CARD
    assert card.card_number == "2800636234"


def test_real_test_card_of_2013_is_unreadable_but_never_a_crash(samples: Path) -> None:
    certificate = x509.load_pem_x509_certificate(
        (samples / "sample-test-cps2ter-authentication-2013.pem").read_bytes()
    )
    with pytest.raises(ValueError, match="."):  # its subject holds T61String
        certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    with pytest.raises(UnreadableCard):
        read_card(certificate.public_bytes(Encoding.DER))
    assert is_old_generation(certificate)
