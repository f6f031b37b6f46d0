"""The holders of the test cards, and the fault of each card that must be refused.

Contains one line per card. `expect` is what a provider in demo mode answers (test cards accepted, employee cards
refused): "accepted" or the reason. Not here: making certificates (see `profile`, `issuing`).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from cryptography import x509

from sandbox.igc.profile import (
    CardMarks,
    nominative_employee_subject,
    professional_subject,
    service_card_subject,
)

CARD_LIFE = timedelta(days=1095)  # three years, as CPS3
DAY = timedelta(days=1)
ACCEPTED = "accepted"


class Fault(StrEnum):
    """How the card differs from the profile."""

    NONE = "none"
    SIBLING_AUTHORITY = "sibling authority"
    FOREIGN_AUTHORITY = "foreign authority of the same name and key identifier"
    SELF_SIGNED = "self-signed"
    SIGNATURE_SLOT = "the signature certificate, presented to sign in"
    UNKNOWN_CRITICAL = "a critical extension nobody knows"
    OLD_GENERATION = "of an authority of CPS2ter, names in T61String"
    REVOKED = "in the revocation list"
    T61_NAME = "given name in T61String, as cards before 2018"


@dataclass(frozen=True, slots=True)
class CardPlan:
    name: str
    about: str
    kind: str
    subject: x509.Name
    marks: CardMarks
    principal: str  # UPN without its domain: type digit, dot, identifier
    rpps: str | None = None
    expect: str = ACCEPTED
    begins: timedelta = -DAY  # from the day the IGC is made
    fault: Fault = Fault.NONE


TITLES = {10: "Médecin", 21: "Pharmacien", 40: "Chirurgien-Dentiste", 50: "Sage-Femme", 60: "Infirmier"}


def demo_rpps(rank: int) -> str:
    """Returns the `rank`-th test number: 9970000 + three digits + Luhn key."""
    body = f"9970000{rank:03d}"
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


def _physician(
    name: str, rank: int, given: str, family: str, profession: int = 10, *specialities: str
) -> CardPlan:
    rpps = demo_rpps(rank)
    known = f", {' + '.join(specialities)}" if specialities else ", sans spécialité"
    return CardPlan(
        name=name,
        about=f"{TITLES[profession]}{known}",
        kind="CPS",
        subject=professional_subject(TITLES[profession], given, family, f"8{rpps}"),
        marks=CardMarks(0, _number(name), profession, specialities=specialities),
        principal=f"8.{rpps}",
        rpps=rpps,
    )


def _number(name: str) -> str:
    """Returns a ten-digit card number of the 29… range, always the same for a card name."""
    return f"29{int.from_bytes(name.encode()) % 10**8:08d}"


def _refused(name: str, rank: int, expect: str, about: str, fault: Fault = Fault.NONE) -> CardPlan:
    plan = _physician(name, rank, "CAMILLE", "REFUS")
    return replace(plan, about=about, expect=expect, fault=fault)


def _misidentified(name: str, expect: str, about: str, *national_ids: str) -> CardPlan:
    """Returns a professional card with a CN that is not one well-formed RPPS."""
    return CardPlan(
        name=name,
        about=about,
        kind="CPS",
        subject=professional_subject("Médecin", "CAMILLE", "REFUS", *national_ids),
        marks=CardMarks(0, _number(name), 10),
        principal=f"{national_ids[0][0]}.{national_ids[0][1:]}",
        expect=expect,
    )


def _trainee() -> CardPlan:
    plan = _physician("interne", 6, "INÈS", "FAURE")
    marks = CardMarks(1, plan.marks.card_number, future_profession=10)
    return replace(plan, about="Médecin en formation", kind="CPF", marks=marks)


def _service_card() -> CardPlan:
    return CardPlan(
        name="employee-cpe",
        about="carte de service qui ne nomme personne (CPE)",
        kind="CPE",
        subject=service_card_subject("CENTRE HOSPITALIER DE DÉMONSTRATION", "1760021832", "000000018"),
        marks=CardMarks(2, _number("employee-cpe")),
        principal="3.760021832/000000018",
        expect="employee_card",
    )


def _employee() -> CardPlan:
    return CardPlan(
        name="employee-cpa-nominative",
        about="carte d'employé nominative (CPA)",
        kind="CPA",
        subject=nominative_employee_subject(
            "CABINET DE DÉMONSTRATION", "00000000029751", "DOMINIQUE", "EMPLOI", "CPAT0001"
        ),
        marks=CardMarks(3, _number("employee-cpa-nominative")),
        principal="5.00000000029751/CPAT0001",
        expect="employee_card",
    )


def roster() -> tuple[CardPlan, ...]:
    """Returns every card of the test IGC, those that may sign in first."""
    lefebvre = _physician("lefebvre", 1, "MARIE", "LEFEBVRE", 10, "SM54")
    martin = _physician("martin", 2, "PAUL", "MARTIN", 10, "SM04", "SM26")
    pharmacist = _physician("martin-pharmacist", 2, "PAUL", "MARTIN", 21)
    production = _physician("production-category", 7, "LÉA", "ROUSSEL", 50)
    renewed = replace(
        lefebvre,
        name="lefebvre-renewed",
        marks=replace(lefebvre.marks, card_number="2900009999"),
        begins=-DAY / 2,
    )
    expired = _refused("expired", 11, "expired", "périmée depuis un mois")
    future = _refused("not-yet-valid", 12, "not_yet_valid", "valable dans deux ans seulement")
    wrong_key = demo_rpps(15)[:-1] + str((int(demo_rpps(15)[-1]) + 1) % 10)
    return (
        lefebvre,
        martin,
        _physician("benali", 3, "NADIA", "BENALI", 60),
        _physician("girard", 4, "LUC", "GIRARD"),
        _physician("nunez", 5, "HÉLÈNE", "O'BRIEN-NÚÑEZ", 40, "SCD01"),
        _trainee(),
        replace(renewed, about=f"{lefebvre.about} : carte renouvelée"),
        replace(
            renewed,
            name="lefebvre-renamed",
            subject=professional_subject(TITLES[10], "MARIE", "LEFEBVRE-BLANC", f"8{lefebvre.rpps}"),
            marks=replace(lefebvre.marks, card_number="2900009998"),
            about=f"{lefebvre.about} : carte renouvelée, nouveau nom",
        ),
        replace(pharmacist, about="la seconde profession de MARTIN : Pharmacien"),
        # Accepted: the pinned test key decides which IGC is meant; the mode only adds 0x80 to what is
        # accepted.
        replace(
            production,
            about="Sage-Femme, catégorie 00 (production) sous l'IGC de test",
            marks=replace(production.marks, category=0x00),
        ),
        _misidentified("adeli", "no_rpps", "numéro ADELI, pas de RPPS", "00B9000017"),
        _service_card(),
        _employee(),
        _refused("cps2ter", 22, "old_generation", "carte CPS2ter, d'avant 2018", Fault.OLD_GENERATION),
        _refused("revoked", 21, "revoked", "en opposition (déclarée perdue)", Fault.REVOKED),
        replace(expired, begins=-CARD_LIFE - 30 * DAY),
        replace(future, begins=730 * DAY),
        replace(
            lefebvre,
            name="signature",
            about="certificat de signature de LEFEBVRE",
            expect="wrong_certificate",
            fault=Fault.SIGNATURE_SLOT,
        ),
        _refused("sibling-ca", 13, "untrusted", "émise par la gamme STANDARD", Fault.SIBLING_AUTHORITY),
        _refused("self-signed", 14, "untrusted", "signée par elle-même", Fault.SELF_SIGNED),
        _refused("foreign-ca", 20, "untrusted", "autre autorité, même nom", Fault.FOREIGN_AUTHORITY),
        _misidentified("bad-luhn", "unreadable_identity", "clé du RPPS fausse", f"8{wrong_key}"),
        _misidentified(
            "duplicated-cn", "unreadable_identity", "deux CN", f"8{demo_rpps(16)}", f"8{demo_rpps(26)}"
        ),
        _misidentified("cn-with-slash", "unreadable_identity", "CN avec « / »", f"8{demo_rpps(17)}/0001"),
        _refused(
            "unknown-critical", 18, "unsupported", "extension critique inconnue", Fault.UNKNOWN_CRITICAL
        ),
        _refused("t61-subject", 19, "unreadable_identity", "nom en T61String", Fault.T61_NAME),
    )
