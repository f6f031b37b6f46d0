"""The acceptance procedure: each refusal for its own reason, and nothing else for any bytes."""

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.cards.anchors import load_anchors
from idp.cards.certificate import CardType
from idp.cards.revocation import RevocationStatus
from idp.cards.trust import CardPolicy, CardRefusal, CardRefused, verify_card
from sandbox.igc.authorities import make_intermediate
from sandbox.igc.issuing import Igc, new_key, sign_tbs
from sandbox.igc.profile import professional_subject
from sandbox.igc.roster import CARD_LIFE, demo_rpps, roster
from tests.cards.factory import NOW, CardFactory, RevocationTable, pem, reissued
from tests.examples import examples

ROSTER = [pytest.param(plan.name, plan.expect, id=plan.name) for plan in roster()]


def verdict(der: bytes | None, policy: CardPolicy, revocation: RevocationTable | None = None) -> str:
    try:
        verify_card(der, policy, now=NOW, revocation=revocation or RevocationTable())
    except CardRefused as refused:
        return refused.reason
    return "accepted"


@pytest.mark.parametrize(("name", "expected"), ROSTER)
def test_every_card_of_the_test_igc_gets_the_answer_it_announces(
    cards: CardFactory, policy: CardPolicy, name: str, expected: str
) -> None:
    assert verdict(cards.der(name), policy, revoked(cards)) == expected


@pytest.mark.parametrize(
    ("oids", "expected"),
    [
        ((), "accepted"),
        (("1.2.250.1.213.1.7.2.1.1.1.1", "1.2.3"), "accepted"),
        (("1.2.3",), CardRefusal.WRONG_CERTIFICATE),
    ],
)
def test_only_the_policies_that_the_operator_names_sign_in(
    cards: CardFactory, policy: CardPolicy, oids: tuple[str, ...], expected: str
) -> None:
    named = replace(policy, policy_oids=frozenset(oids))
    assert verdict(cards.der("lefebvre"), named) == expected


@pytest.mark.parametrize(
    ("name", "is_believed"), [("expired", True), ("foreign-ca", False), ("sibling-ca", False)]
)
def test_a_refused_card_says_whom_it_names_and_whether_that_is_believed(
    cards: CardFactory, policy: CardPolicy, name: str, is_believed: bool
) -> None:
    with pytest.raises(CardRefused) as refused:
        verify_card(cards.der(name), policy, now=NOW, revocation=RevocationTable())
    card = refused.value.card
    assert card is not None
    assert (card.national_id.rpps, refused.value.is_believed) == (cards.plan(name).rpps, is_believed)


@pytest.mark.parametrize("der", [None, b"", b"no certificate"])
def test_what_is_no_card_names_nobody(policy: CardPolicy, der: bytes | None) -> None:
    with pytest.raises(CardRefused) as refused:
        verify_card(der, policy, now=NOW, revocation=RevocationTable())
    assert (refused.value.card, refused.value.is_believed) == (None, False)


def revoked(cards: CardFactory) -> RevocationTable:
    """What the lists of the test IGC say."""
    return RevocationTable(revoked=frozenset(one.serial_number for one in cards.igc.lists.issuing))


def test_every_reason_but_four_has_a_card_in_the_test_igc() -> None:
    # `none` needs no card, `test_card` another policy, `status_unknown` and `disowned` another source.
    elsewhere = {"none", "test_card", "status_unknown", "disowned"}
    assert {plan.expect for plan in roster()} == {*CardRefusal} - elsewhere | {"accepted"}


def test_real_card_of_2013_is_told_that_it_is_of_an_old_generation(policy: CardPolicy) -> None:
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    path = Path(os.environ["CADUCEE_IGC_SAMPLES"]) / "sample-test-cps2ter-authentication-2013.pem"
    der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    assert verdict(der, policy) == CardRefusal.OLD_GENERATION


@pytest.mark.parametrize("der", [None, b""])
def test_no_certificate_is_its_own_reason(policy: CardPolicy, der: bytes | None) -> None:
    assert verdict(der, policy) == CardRefusal.NONE


def test_renewed_card_and_second_profession_are_the_same_person(
    cards: CardFactory, policy: CardPolicy
) -> None:
    def rpps(name: str) -> str | None:
        return verify_card(cards.der(name), policy, now=NOW, revocation=RevocationTable()).national_id.rpps

    assert rpps("lefebvre") == rpps("lefebvre-renewed") == demo_rpps(1)
    assert rpps("martin") == rpps("martin-pharmacist") == demo_rpps(2)


def test_test_card_is_refused_in_production(cards: CardFactory, policy: CardPolicy) -> None:
    production = replace(policy, accept_test_cards=False)
    assert verdict(cards.der("lefebvre"), production) == CardRefusal.TEST_CARD
    assert verdict(cards.der("production-category"), production) == "accepted"


@pytest.mark.parametrize("category", [0x02, 0x03, 0x82, 0x83, 0x42])
def test_modules_and_software_are_not_cards(cards: CardFactory, policy: CardPolicy, category: int) -> None:
    assert verdict(cards.marked(category=category), policy) == CardRefusal.WRONG_CERTIFICATE


def test_unknown_card_type_is_the_wrong_certificate(cards: CardFactory, policy: CardPolicy) -> None:
    assert verdict(cards.marked(card_type=7), policy) == CardRefusal.WRONG_CERTIFICATE


def test_nominative_employee_card_is_read_when_the_policy_lets_it_in(
    cards: CardFactory, policy: CardPolicy
) -> None:
    welcoming = replace(policy, accept_employee_cards=True)
    card = verify_card(cards.der("employee-cpa-nominative"), welcoming, now=NOW, revocation=RevocationTable())
    assert (card.card_type, card.national_id.rpps) == (CardType.CPA, None)


def test_card_that_names_nobody_is_never_let_in(cards: CardFactory, policy: CardPolicy) -> None:
    welcoming = replace(policy, accept_employee_cards=True)
    assert verdict(cards.der("employee-cpe"), welcoming) == CardRefusal.UNREADABLE_IDENTITY


def test_employee_number_on_a_professional_card_is_an_employee(
    cards: CardFactory, policy: CardPolicy
) -> None:
    subject = professional_subject("Médecin", "A", "B", "500000000029751/CPAT0001")
    der = cards.issue(replace(cards.plan("lefebvre"), subject=subject))
    assert verdict(der, policy) == CardRefusal.EMPLOYEE_CARD


def test_dates_are_compared_to_the_second(cards: CardFactory, policy: CardPolicy) -> None:
    der, begins = cards.der("lefebvre"), NOW - timedelta(days=1)

    def at(moment: timedelta) -> str:
        try:
            verify_card(der, policy, now=begins + moment, revocation=RevocationTable())
        except CardRefused as refused:
            return refused.reason
        return "accepted"

    second = timedelta(seconds=1)
    assert at(-second) == CardRefusal.NOT_YET_VALID
    assert at(timedelta(0)) == "accepted"
    assert at(CARD_LIFE) == "accepted"
    assert at(CARD_LIFE + second) == CardRefusal.EXPIRED


def test_authority_past_its_dates_vouches_for_nobody(cards: CardFactory, policy: CardPolicy) -> None:
    late = NOW + timedelta(days=3651)
    with pytest.raises(CardRefused) as refused:
        verify_card(cards.der("lefebvre"), policy, now=late, revocation=RevocationTable())
    assert refused.value.reason is CardRefusal.UNTRUSTED


def test_sibling_authority_is_trusted_only_when_pinned(
    cards: CardFactory, igc: Igc, policy: CardPolicy
) -> None:
    files = [pem(one.certificate) for one in (igc.root, igc.issuing, igc.sibling_root, igc.sibling)]
    both = replace(policy, anchors=load_anchors(files))
    assert verdict(cards.der("sibling-ca"), both) == "accepted"
    assert verdict(cards.der("foreign-ca"), both) == CardRefusal.UNTRUSTED


def test_authority_is_not_a_card(igc: Igc, policy: CardPolicy) -> None:
    below = make_intermediate("BELOW", new_key(), igc.issuing, NOW)
    der = below.certificate.public_bytes(Encoding.DER)
    assert verdict(der, policy) == CardRefusal.WRONG_CERTIFICATE


def test_card_that_says_it_is_an_authority_too_is_unsupported(
    cards: CardFactory, igc: Igc, policy: CardPolicy
) -> None:
    authority = x509.BasicConstraints(ca=True, path_length=None)
    certificate = reissued(
        cards.card("lefebvre").login,
        igc.issuing.key,
        without={ExtensionOID.BASIC_CONSTRAINTS},
        extensions=[(authority, True)],
    )
    with pytest.raises(CardRefused, match="an authority, not a holder") as refused:
        verify_card(certificate.public_bytes(Encoding.DER), policy, now=NOW, revocation=RevocationTable())
    assert refused.value.reason is CardRefusal.UNSUPPORTED


def test_short_key_is_unsupported(cards: CardFactory, policy: CardPolicy) -> None:
    weak = new_key(1024)
    assert verdict(cards.issue(cards.plan("lefebvre"), (weak, weak)), policy) == CardRefusal.UNSUPPORTED


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (RevocationStatus.GOOD, "accepted"),
        (RevocationStatus.REVOKED, "revoked"),
        (RevocationStatus.UNKNOWN, "status_unknown"),
        (RevocationStatus.DISOWNED, "disowned"),
    ],
)
def test_revocation_source_has_the_last_word(
    cards: CardFactory, policy: CardPolicy, answer: RevocationStatus, expected: str
) -> None:
    assert verdict(cards.der("lefebvre"), policy, RevocationTable(answer)) == expected


def test_revocation_is_not_asked_about_cards_refused_already(cards: CardFactory, policy: CardPolicy) -> None:
    table = RevocationTable()
    for plan in roster():
        verdict(cards.der(plan.name), policy, table)
    asked = [plan for plan in roster() if plan.expect in ("accepted", "no_rpps", "revoked")]
    assert table.asked == len(asked)


def bypassed(policy: CardPolicy, until: timedelta) -> CardPolicy:
    return replace(policy, bypass_until=NOW + until)


def test_bypass_lets_a_card_of_unknown_status_in_and_says_so(cards: CardFactory, policy: CardPolicy) -> None:
    unknown = RevocationTable(RevocationStatus.UNKNOWN)
    card = verify_card(
        cards.der("lefebvre"), bypassed(policy, timedelta(hours=1)), now=NOW, revocation=unknown
    )
    assert not card.is_status_known
    known = verify_card(
        cards.der("lefebvre"), bypassed(policy, timedelta(hours=1)), now=NOW, revocation=RevocationTable()
    )
    assert known.is_status_known


@pytest.mark.parametrize("until", [timedelta(0), -timedelta(seconds=1)])
def test_bypass_ends_at_its_instant(cards: CardFactory, policy: CardPolicy, until: timedelta) -> None:
    unknown = RevocationTable(RevocationStatus.UNKNOWN)
    assert verdict(cards.der("lefebvre"), bypassed(policy, until), unknown) == CardRefusal.STATUS_UNKNOWN


def test_bypass_is_for_no_revoked_card(cards: CardFactory, policy: CardPolicy) -> None:
    open_door = bypassed(policy, timedelta(hours=1))
    assert verdict(cards.der("revoked"), open_door, revoked(cards)) == CardRefusal.REVOKED


def test_bypass_is_for_the_lack_of_evidence_and_not_against_it(
    cards: CardFactory, policy: CardPolicy
) -> None:
    """The responder does not know the card, or its authority is revoked: an attacker may have made it."""
    open_door = bypassed(policy, timedelta(hours=1))
    disowned = RevocationTable(RevocationStatus.DISOWNED)
    assert verdict(cards.der("lefebvre"), open_door, disowned) == CardRefusal.DISOWNED


def test_bypass_changes_no_other_reason(cards: CardFactory, policy: CardPolicy) -> None:
    open_door = bypassed(policy, timedelta(hours=1))
    for plan in roster():
        assert verdict(cards.der(plan.name), open_door, revoked(cards)) == plan.expect


def test_refusal_detail_repeats_nothing_personal(cards: CardFactory, policy: CardPolicy) -> None:
    for plan in roster():
        if plan.expect == "accepted":
            continue
        with pytest.raises(CardRefused) as refused:
            verify_card(cards.der(plan.name), policy, now=NOW, revocation=revoked(cards))
        assert "997000" not in str(refused.value)
        assert "REFUS" not in str(refused.value)


@dataclass(frozen=True)
class Martin:
    """A good card as bytes (hypothesis prints the arguments of a failing example)."""

    der: bytes
    tbs: bytes
    issuer_key: RSAPrivateKey


@pytest.fixture(scope="session")
def martin(cards: CardFactory, igc: Igc) -> Martin:
    tbs = cards.card("martin").login.certificate.tbs_certificate_bytes
    return Martin(cards.der("martin"), tbs, igc.issuing.key)


class AlwaysGood:
    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        return RevocationStatus.GOOD


mutations = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4)
careful = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


def mutated(der: bytes, changes: list[tuple[int, int]]) -> bytes:
    damaged = bytearray(der)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    return bytes(damaged)


@careful
@given(changes=mutations, cut=st.integers(0, 4000))
def test_any_damaged_certificate_is_refused_and_nothing_worse(
    martin: Martin, policy: CardPolicy, changes: list[tuple[int, int]], cut: int
) -> None:
    original = martin.der
    der = mutated(original, changes)[: max(1, len(original) - cut % 50 * (cut % 2))]
    assert (verdict(der, policy) == "accepted") == (der == original)


@careful
@given(changes=mutations)
def test_damage_signed_by_the_pinned_authority_does_nothing_worse_than_refuse(
    martin: Martin, policy: CardPolicy, changes: list[tuple[int, int]]
) -> None:
    der = sign_tbs(mutated(martin.tbs, changes), martin.issuer_key)
    try:
        card = verify_card(der, policy, now=NOW, revocation=AlwaysGood())
    except CardRefused:
        return
    assert card.national_id.rpps is not None


@careful
@given(noise=st.binary(min_size=1, max_size=300))
def test_noise_is_untrusted(policy: CardPolicy, noise: bytes) -> None:
    assert verdict(noise, policy) == CardRefusal.UNTRUSTED
