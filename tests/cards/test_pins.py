"""Which authorities may be pinned, in production and in test mode."""

import os
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from idp.cards import pins
from idp.cards.anchors import AnchorsRefused, load_anchors
from idp.cards.pins import (
    ISSUE_NO_CARD,
    PRODUCTION,
    REFUSALS,
    TRUSTED,
    PinRules,
    PinVerdict,
    common_name,
    fingerprint_of,
    subject_key_id,
)
from sandbox.igc.authorities import DAY, sign_certificate
from sandbox.igc.issuing import Igc
from tests.cards.factory import NOW, pem
from tests.made_once import stock_of_keys

IN_PRODUCTION = PinRules(accept_test=False, accept_employees=False)
IN_TEST = PinRules(accept_test=True, accept_employees=False)
WITH_EMPLOYEES = PinRules(accept_test=False, accept_employees=True)


@cache
def _keys() -> Iterator[RSAPrivateKey]:
    """Each is another than the last, and than those of the authorities of the test IGC."""
    new_key = stock_of_keys(backwards=True)
    return cycle([new_key() for _ in range(32)])


def named(name: str, unit: str = "IGC-SANTE", *, has_key_id: bool = True) -> x509.Certificate:
    """An attacker can make a certificate of that name."""
    key = next(_keys())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return sign_certificate(
        subject, key, subject, key, (NOW - DAY, NOW + DAY), [(key_id, False)] * has_key_id
    )


def test_every_verdict_is_trusted_or_has_its_reason() -> None:
    assert set(PinVerdict) == TRUSTED | set(REFUSALS)


@pytest.mark.parametrize("name", [*PRODUCTION, *ISSUE_NO_CARD])
def test_name_of_igc_sante_is_not_enough(name: str) -> None:
    made = named(name)
    for rules in (IN_PRODUCTION, IN_TEST, WITH_EMPLOYEES):
        assert rules.verdict(made) is PinVerdict.MISMATCH


@pytest.mark.parametrize(
    ("name", "by_default", "with_employees"),
    [
        ("AC RACINE IGC-SANTE FORT", PinVerdict.PINNED, PinVerdict.PINNED),
        ("AC IGC-SANTE FORT PERSONNES", PinVerdict.PINNED, PinVerdict.PINNED),
        ("AC RACINE IGC-SANTE STANDARD", PinVerdict.NOT_NEEDED, PinVerdict.PINNED),
        ("AC IGC-SANTE STANDARD PERSONNES", PinVerdict.NOT_NEEDED, PinVerdict.PINNED),
        ("AC IGC-SANTE FORT ORGANISATIONS", PinVerdict.NOT_NEEDED, PinVerdict.NOT_NEEDED),
        ("AC RACINE IGC-SANTE ELEMENTAIRE", PinVerdict.NOT_NEEDED, PinVerdict.NOT_NEEDED),
        ("AC IGC-SANTE ELEMENTAIRE PERSONNES", PinVerdict.NOT_NEEDED, PinVerdict.NOT_NEEDED),
    ],
)
def test_published_authority_is_pinned_if_it_issues_the_cards_accepted_here(
    monkeypatch: pytest.MonkeyPatch, name: str, by_default: PinVerdict, with_employees: PinVerdict
) -> None:
    """The table then holds a certificate made here: this repository has none of those published."""
    made = named(name)
    table = "PRODUCTION" if name in PRODUCTION else "ISSUE_NO_CARD"
    monkeypatch.setitem(getattr(pins, table), name, (fingerprint_of(made), subject_key_id(made).hex()))
    assert IN_PRODUCTION.verdict(made) is by_default
    assert WITH_EMPLOYEES.verdict(made) is with_employees
    assert IN_PRODUCTION.verdict(named(name)) is PinVerdict.MISMATCH


@pytest.mark.parametrize("changed", [0, 1], ids=["fingerprint", "key identifier"])
def test_authority_is_pinned_by_its_fingerprint_and_its_key_together(
    monkeypatch: pytest.MonkeyPatch, changed: int
) -> None:
    name = "AC IGC-SANTE FORT PERSONNES"
    made = named(name)
    known = [fingerprint_of(made), subject_key_id(made).hex()]
    known[changed] = PRODUCTION[name][changed]
    monkeypatch.setitem(pins.PRODUCTION, name, tuple(known))
    assert IN_PRODUCTION.verdict(made) is PinVerdict.MISMATCH


@pytest.mark.parametrize("name", ["AC IGC-SANTE FORT PERSONNES", "TEST AC IGC-SANTE FORT PERSONNES"])
def test_authority_that_does_not_say_its_key_is_not_the_one_known_by_it(name: str) -> None:
    assert IN_TEST.verdict(named(name, has_key_id=False)) is PinVerdict.MISMATCH


@pytest.mark.parametrize("family", ["FORT ORGANISATIONS", "ELEMENTAIRE PERSONNES"])
def test_test_authority_that_issues_no_card_is_not_needed(family: str) -> None:
    both = PinRules(accept_test=True, accept_employees=True)
    assert both.verdict(named(f"TEST AC IGC-SANTE {family}")) is PinVerdict.NOT_NEEDED


def test_test_authorities_are_for_test_mode_only(igc: Igc) -> None:
    for authority in (igc.root, igc.issuing):
        assert IN_TEST.verdict(authority.certificate) is PinVerdict.TEST
        assert IN_PRODUCTION.verdict(authority.certificate) is PinVerdict.TEST_IN_PRODUCTION


def test_test_authority_whose_key_is_known_must_have_that_key() -> None:
    impostor = named("TEST AC IGC-SANTE FORT PERSONNES", "IGC-SANTE TEST")
    assert IN_TEST.verdict(impostor) is PinVerdict.MISMATCH
    assert IN_TEST.verdict(named("TEST AC RACINE IGC-SANTE FORT", "IGC-SANTE TEST")) is PinVerdict.TEST


@pytest.mark.parametrize("name", ["TEST AC IGC-SANTE FORT PERSONNES", "TEST X"])
def test_name_alone_makes_a_test_authority(name: str) -> None:
    assert IN_PRODUCTION.verdict(named(name)) is PinVerdict.TEST_IN_PRODUCTION


def test_standard_family_is_for_employee_cards_only(igc: Igc) -> None:
    both = PinRules(accept_test=True, accept_employees=True)
    for authority in (igc.sibling_root, igc.sibling):
        assert IN_TEST.verdict(authority.certificate) is PinVerdict.NOT_NEEDED
        assert both.verdict(authority.certificate) is PinVerdict.TEST


def test_authority_of_a_later_generation_needs_its_fingerprint_from_the_operator() -> None:
    new = named("AC IGC-SANTE FORT PERSONNES 2", "IGC-SANTE")
    assert IN_PRODUCTION.verdict(new) is PinVerdict.UNKNOWN
    told = PinRules(False, False, frozenset({fingerprint_of(new)}))
    assert told.verdict(new) is PinVerdict.BY_OPERATOR
    # Of no avail for a name that is pinned already, nor for a test authority in production.
    impostor = named("AC IGC-SANTE FORT PERSONNES")
    assert PinRules(False, False, frozenset({fingerprint_of(impostor)})).verdict(impostor) is (
        PinVerdict.MISMATCH
    )


def test_production_does_not_start_on_a_test_chain(igc: Igc) -> None:
    files = [pem(igc.root.certificate), pem(igc.issuing.certificate)]
    assert load_anchors(files, IN_TEST).issuing
    with pytest.raises(AnchorsRefused, match="CADUCEE DEMO .*: a test authority"):
        load_anchors(files, IN_PRODUCTION)


def test_any_other_authority_is_refused_by_name(igc: Igc) -> None:
    files = [pem(igc.root.certificate), pem(igc.issuing.certificate), pem(named("HOSPITAL CA"))]
    with pytest.raises(AnchorsRefused, match="HOSPITAL CA: not an authority of IGC-Santé"):
        load_anchors(files, IN_TEST)


def test_published_authorities_are_those_of_the_table() -> None:
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    found = [
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in Path(os.environ["CADUCEE_IGC_SAMPLES"]).glob("AC*.pem")
    ]
    verdicts = {common_name(one): WITH_EMPLOYEES.verdict(one) for one in found}
    assert {name for name, said in verdicts.items() if said is PinVerdict.PINNED} == set(PRODUCTION)
    assert {name for name, said in verdicts.items() if said is PinVerdict.NOT_NEEDED} == set(ISSUE_NO_CARD)
    assert IN_PRODUCTION.verdict(found[0]) in (PinVerdict.PINNED, PinVerdict.NOT_NEEDED)
