"""What a help desk is told: the verdict of the provider, the right certificate, and no PIN presented in vain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from idp.cards.inspection import (
    ISSUERS_AS_NAMED,
    CertificateKind,
    Inspection,
    inspect,
    kind_of,
    prove_key,
)
from idp.cards.reader import PinState, ReaderFailed, ReaderFault, StoredCertificate
from idp.cards.trust import CardPolicy, CardRefusal
from sandbox.igc.issuing import Slot, new_key
from sandbox.igc.roster import roster
from tests.cards.factory import NOW, CardFactory, reissued
from tests.fakes import FakeCard, FakeReader

AUTHENTICATION, SIGNATURE = "Certificat d'Authentification CPS", "Certificat de Signature CPS"
TECHNICAL = "Certificat Technique CPS"
NAMED_ISSUER = ExtensionOID.AUTHORITY_KEY_IDENTIFIER
#: The issuing authority of real cards, whose certificates this repository does not hold.
FORT_PERSONNES = bytes.fromhex("800f918821797d5555c65d6dd5938d6ade5c2aa6")


def stored(label: str, key_id: bytes, slot: Slot) -> StoredCertificate:
    return StoredCertificate(label, key_id, slot.certificate.public_bytes(Encoding.DER))


def inserted(cards: CardFactory, name: str, **changes: object) -> FakeCard:
    """As the module shows it: signature first, since no order is promised."""
    card = cards.card(name)
    return FakeCard(
        [stored(SIGNATURE, b"\x10", card.signature), stored(AUTHENTICATION, b"\x20", card.login)],
        {b"\x10": card.signature.key, b"\x20": card.login.key},
        **changes,  # type: ignore[arg-type]
    )


def seen(card: FakeCard, policy: CardPolicy) -> tuple[FakeReader, Inspection]:
    reader = FakeReader([card])
    return reader, inspect(reader, reader.cards()[0], policy, now=NOW)


def never_asked() -> str:
    raise AssertionError("no PIN may be asked for")


def fault(act: Callable[[], object]) -> ReaderFault:
    with pytest.raises(ReaderFailed) as failed:
        act()
    return failed.value.fault


@pytest.mark.parametrize("plan", roster(), ids=lambda plan: plan.name)
def test_the_verdict_is_the_provider_s_for_every_card_of_the_test_igc(
    cards: CardFactory, policy: CardPolicy, plan: object
) -> None:
    name, expected = plan.name, plan.expect  # type: ignore[attr-defined]
    _reader, inspection = seen(inserted(cards, name), policy)
    # Revocation is the one thing a workstation does not ask for.
    accepted = expected in ("accepted", "revoked")
    assert inspection.refusal == (None if accepted else CardRefusal(expected))


def test_holder_and_issuer_are_shown_even_of_a_refused_card(cards: CardFactory, policy: CardPolicy) -> None:
    _reader, inspection = seen(inserted(cards, "expired"), policy)
    assert inspection.card is not None
    assert inspection.card.family_name == "REFUS"
    assert inspection.issuer == policy.anchors.issuing[0].name
    assert (inspection.is_issuer_proved, inspection.refusal) == (True, CardRefusal.EXPIRED)


def test_the_certificate_is_chosen_by_what_it_says_and_not_by_its_label(
    cards: CardFactory, policy: CardPolicy
) -> None:
    card = cards.card("lefebvre")
    swapped = FakeCard(
        [stored(AUTHENTICATION, b"\x10", card.signature), stored(SIGNATURE, b"\x20", card.login)]
    )
    _reader, inspection = seen(swapped, policy)
    assert inspection.chosen is not None
    assert inspection.chosen.key_id == b"\x20"
    assert inspection.refusal is None


def test_kinds_of_certificates(cards: CardFactory) -> None:
    card = cards.card("lefebvre")
    assert kind_of(stored("x", b"", card.login)) is CertificateKind.AUTHENTICATION
    assert kind_of(stored("x", b"", card.signature)) is CertificateKind.SIGNATURE
    assert kind_of(stored(TECHNICAL, b"", card.login)) is CertificateKind.TECHNICAL
    assert kind_of(StoredCertificate("x", b"", b"\x30\x00")) is CertificateKind.OTHER


def test_a_card_without_any_certificate_and_one_that_holds_rubbish_are_refused(policy: CardPolicy) -> None:
    assert seen(FakeCard([]), policy)[1].refusal is CardRefusal.NONE
    rubbish = FakeCard([StoredCertificate(AUTHENTICATION, b"\x20", b"\x30\x80rubbish")])
    assert seen(rubbish, policy)[1].refusal is CardRefusal.WRONG_CERTIFICATE


def test_a_card_that_names_no_issuer_is_shown_without_one(cards: CardFactory, policy: CardPolicy) -> None:
    login = cards.card("lefebvre").login
    nameless = Slot(reissued(login, cards.igc.issuing.key, without={NAMED_ISSUER}), login.key)
    _reader, inspection = seen(FakeCard([stored(AUTHENTICATION, b"\x20", nameless)]), policy)
    assert inspection.chosen is not None
    assert (inspection.issuer, inspection.refusal) == (None, CardRefusal.UNTRUSTED)


class TestWithoutCertificatesOfTheIgc:
    @pytest.fixture
    def believing(self, policy: CardPolicy) -> CardPolicy:
        return replace(policy, anchors=ISSUERS_AS_NAMED, accept_test_cards=False)

    def _naming_real_issuer(self, cards: CardFactory, name: str) -> FakeCard:
        """A card that names AC IGC-SANTE FORT PERSONNES and is signed by another authority."""
        login = cards.card(name).login
        named = x509.AuthorityKeyIdentifier(FORT_PERSONNES, None, None)
        certificate = reissued(login, new_key(), without={NAMED_ISSUER}, extensions=[(named, False)])
        slot = Slot(certificate, login.key)
        return FakeCard([stored(AUTHENTICATION, b"\x20", slot)], {b"\x20": login.key})

    def test_a_card_that_names_a_known_issuer_is_judged_and_the_signature_said_not_to_be_proved(
        self, cards: CardFactory, believing: CardPolicy
    ) -> None:
        _reader, inspection = seen(self._naming_real_issuer(cards, "production-category"), believing)
        assert inspection.issuer == "AC IGC-SANTE FORT PERSONNES"
        assert (inspection.refusal, inspection.is_issuer_proved) == (None, False)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("lefebvre", CardRefusal.TEST_CARD), ("expired", CardRefusal.EXPIRED)],
    )
    def test_every_other_reason_is_still_told(
        self, cards: CardFactory, believing: CardPolicy, name: str, expected: CardRefusal
    ) -> None:
        assert seen(self._naming_real_issuer(cards, name), believing)[1].refusal is expected

    def test_a_card_of_an_unknown_issuer_is_not_recognised(
        self, cards: CardFactory, believing: CardPolicy
    ) -> None:
        _reader, inspection = seen(inserted(cards, "production-category"), believing)
        assert (inspection.refusal, inspection.is_issuer_proved) == (CardRefusal.UNTRUSTED, False)


class TestTheKey:
    def test_signs_a_nonce_after_the_pin_which_is_presented_once(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)
        assert prove_key(reader, inspection, lambda: "1234")
        assert reader.presented == ["1234"]

    def test_of_a_card_without_pss_signs_all_the_same(self, cards: CardFactory, policy: CardPolicy) -> None:
        """A CPS3 has RSA_PKCS only; nothing here ever asks for PSS."""
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)
        assert "RSA_PKCS_PSS" not in inspection.card_in_reader.mechanisms
        assert prove_key(reader, inspection, lambda: "1234")

    def test_of_a_card_that_cannot_sign_so_is_refused_before_any_pin(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        card = inserted(cards, "lefebvre", mechanisms=frozenset({"RSA_PKCS_PSS"}))
        reader, inspection = seen(card, policy)
        assert fault(lambda: prove_key(reader, inspection, never_asked)) is ReaderFault.NO_MECHANISM

    def test_that_is_not_the_certificate_s_is_found_out(self, cards: CardFactory, policy: CardPolicy) -> None:
        card = inserted(cards, "lefebvre")
        card.keys[b"\x20"] = cards.card("martin").login.key
        reader, inspection = seen(card, policy)
        assert not prove_key(reader, inspection, lambda: "1234")

    def test_is_not_looked_for_when_no_certificate_signs_in(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        signature = cards.card("lefebvre").signature
        card = FakeCard([stored(SIGNATURE, b"\x10", signature)], {b"\x10": signature.key})
        reader, inspection = seen(card, policy)
        assert fault(lambda: prove_key(reader, inspection, never_asked)) is ReaderFault.NO_KEY
        assert reader.presented == []

    def test_is_not_proved_for_a_certificate_of_a_key_of_another_kind(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        login = cards.card("lefebvre").login
        curve: Any = ec.generate_private_key(ec.SECP256R1())
        another = Slot(reissued(Slot(login.certificate, curve), cards.igc.issuing.key), curve)
        card = FakeCard([stored(AUTHENTICATION, b"\x20", another)], {b"\x20": login.key})
        reader, inspection = seen(card, policy)
        assert inspection.refusal is CardRefusal.UNSUPPORTED
        assert not prove_key(reader, inspection, lambda: "1234")

    def test_with_a_pin_pad_is_used_without_the_pin_ever_reaching_us(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre", has_pin_pad=True), policy)
        assert prove_key(reader, inspection, never_asked)
        assert reader.presented == [None]


class TestThePin:
    def test_that_is_wrong_costs_one_try_and_is_not_presented_again(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        card = inserted(cards, "lefebvre")
        reader, inspection = seen(card, policy)
        assert fault(lambda: prove_key(reader, inspection, lambda: "0000")) is ReaderFault.PIN_WRONG
        assert (reader.presented, card.tries) == (["0000"], 2)
        assert reader.cards()[0].pin is PinState.LOW

    def test_that_was_wrong_three_times_is_locked_and_then_never_asked_for(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        card = inserted(cards, "lefebvre", tries=1)
        reader, inspection = seen(card, policy)
        assert inspection.card_in_reader.pin is PinState.LAST
        assert fault(lambda: prove_key(reader, inspection, lambda: "0000")) is ReaderFault.PIN_LOCKED
        locked = inspect(reader, reader.cards()[0], policy, now=NOW)
        assert fault(lambda: prove_key(reader, locked, never_asked)) is ReaderFault.PIN_LOCKED
        assert reader.presented == ["0000"]

    @pytest.mark.parametrize("typed", ["123", "12345", "abcd", "12 4", "١٢٣٤", "1234\n"])
    def test_that_has_no_four_digits_is_not_presented(
        self, cards: CardFactory, policy: CardPolicy, typed: str
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)
        assert fault(lambda: prove_key(reader, inspection, lambda: typed)) is ReaderFault.PIN_MALFORMED
        assert reader.presented == []

    @pytest.mark.parametrize("typed", ["", None])
    def test_left_empty_gives_up(self, cards: CardFactory, policy: CardPolicy, typed: str | None) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)
        assert fault(lambda: prove_key(reader, inspection, lambda: typed)) is ReaderFault.PIN_ABANDONED
        assert reader.presented == []

    def test_of_a_card_that_is_pulled_out_is_not_presented(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)

        def pull_out() -> str:
            reader.inserted.clear()
            return "1234"

        assert fault(lambda: prove_key(reader, inspection, pull_out)) is ReaderFault.CARD_REMOVED
        assert reader.presented == []

    @pytest.mark.parametrize("trouble", [ReaderFault.UPDATE_INTERRUPTED, ReaderFault.FAILED])
    def test_is_not_presented_twice_whatever_the_module_answers(
        self, cards: CardFactory, policy: CardPolicy, trouble: ReaderFault
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre"), policy)
        reader.trouble = trouble
        assert fault(lambda: prove_key(reader, inspection, lambda: "1234")) is trouble
        assert reader.presented == ["1234"]


class TestContactless:
    def test_a_card_that_shows_its_technical_certificate_only_is_refused(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        login = cards.card("lefebvre").login
        card = FakeCard([stored(TECHNICAL, b"\x30", login)], {b"\x30": login.key}, pin=None)
        reader, inspection = seen(card, policy)
        assert (inspection.is_contactless, inspection.refusal) == (True, CardRefusal.WRONG_CERTIFICATE)
        assert fault(lambda: prove_key(reader, inspection, never_asked)) is ReaderFault.CONTACTLESS

    def test_a_key_that_needs_no_pin_is_refused_whatever_its_certificate_says(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        reader, inspection = seen(inserted(cards, "lefebvre", pin=None), policy)
        assert (inspection.is_contactless, inspection.refusal) == (True, CardRefusal.WRONG_CERTIFICATE)
        assert fault(lambda: prove_key(reader, inspection, never_asked)) is ReaderFault.CONTACTLESS
        assert reader.presented == []

    def test_the_technical_certificate_beside_the_others_changes_nothing(
        self, cards: CardFactory, policy: CardPolicy
    ) -> None:
        card = inserted(cards, "lefebvre")
        card.certificates.insert(0, stored(TECHNICAL, b"\x30", cards.card("lefebvre").login))
        _reader, inspection = seen(card, policy)
        assert (inspection.is_contactless, inspection.refusal) == (False, None)
        assert inspection.chosen is not None
        assert inspection.chosen.label == AUTHENTICATION
