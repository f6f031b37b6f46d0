"""What a CPx certificate says, read by OID, never by position nor from the text of a DN.

Contains the fields of the IGC-Santé card profile and the `Card` they make, which by itself proves nothing.
Not here: trust, dates, usage, refusals (see `trust`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from re import fullmatch
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from idp.cards import der as der_values
from idp.cards.identifiers import NationalId, parse_national_id
from idp.cards.nomenclature import (
    CodedLabel,
    future_profession_label,
    profession_label,
    speciality_label,
)
from idp.cards.person_name import UnreadableName, parse_person_name

MAX_CERTIFICATE_BYTES = 16 * 1024  # a card certificate is about 2 KiB

# Arc 1.2.250.1.71 (GIP-CPS): each extension bears the OID of the code system it uses.
GIP_CARD_TYPE = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")
GIP_CARD_ID = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")
GIP_CARD_CATEGORY = x509.ObjectIdentifier("1.2.250.1.71.1.2.5")
GIP_PROFESSION = x509.ObjectIdentifier("1.2.250.1.71.1.2.7")
GIP_FUTURE_PROFESSION = x509.ObjectIdentifier("1.2.250.1.71.1.2.8")
SPECIALITIES = x509.ObjectIdentifier("1.2.250.1.71.4.2.5")

_Value = TypeVar("_Value")


class CardType(IntEnum):
    """G02. CPE stands for CDE/CPE, CPA for CDA/CPA."""

    CPS = 0
    CPF = 1
    CPE = 2
    CPA = 3


class CardCategory(IntEnum):
    """G01: what holds the key. The test category of each is 0x80 higher."""

    CARD = 0x00
    SECURITY_MODULE = 0x02
    SOFTWARE = 0x03
    TEST_CARD = 0x80
    TEST_SECURITY_MODULE = 0x82
    TEST_SOFTWARE = 0x83


class UnreadableCard(ValueError):
    """A field of the certificate cannot be read; the message names the field, never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the certificate says about the card holder and about itself."""

    national_id: NationalId
    family_name: str  # one of the two names may be ""
    given_name: str
    profession: CodedLabel | None
    future_profession: CodedLabel | None  # CPF only: the profession trained for
    specialities: tuple[CodedLabel, ...]  # optional in the profile: empty means "not said"
    card_type: CardType
    category: CardCategory
    card_number: str | None  # ten digits printed on the card, for audit
    fingerprint_sha256: str  # lower-case hexadecimal, of the whole certificate
    issuer_key_id: str  # lower-case hexadecimal
    serial: str  # lower-case hexadecimal
    not_before: datetime  # aware, UTC
    not_after: datetime  # aware, UTC
    #: False only for a card that `trust.verify_card` accepted under the operator's dated bypass.
    is_status_known: bool = True


@contextmanager
def _reading(field: str) -> Iterator[None]:
    """Raises UnreadableCard for any exception that a malformed certificate causes in the library."""
    try:
        yield
    except UnreadableCard:
        raise
    # Broad on purpose: the library answers hostile bytes with ValueError, TypeError, OverflowError,
    # UnsupportedAlgorithm, DuplicateExtension, InvalidVersion and, where warnings are errors, warnings.
    except Exception as fault:
        raise UnreadableCard(field) from fault


def load_certificate(der: bytes) -> x509.Certificate:
    """Returns the parsed certificate, whose extensions are readable. Raises UnreadableCard."""
    with _reading("certificate"):
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise UnreadableCard("certificate size")
        certificate = x509.load_der_x509_certificate(der)
        list(certificate.extensions)
        return certificate


def read_card(der: bytes) -> Card:
    """Returns everything the certificate says. Its signature is not checked. Raises UnreadableCard."""
    certificate = load_certificate(der)
    with _reading("validity"):
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    with _reading("serial"):
        serial = f"{certificate.serial_number:032x}"
    family_name, given_name = _person_names(certificate)
    return Card(
        national_id=_national_id(certificate),
        family_name=family_name,
        given_name=given_name,
        profession=_profession(certificate),
        future_profession=_future_profession(certificate),
        specialities=_specialities(certificate),
        card_type=read_card_type(certificate),
        category=read_category(certificate),
        card_number=_card_number(certificate),
        fingerprint_sha256=certificate.fingerprint(SHA256()).hex(),
        issuer_key_id=read_authority_key_id(certificate).hex(),
        serial=serial,
        not_before=not_before,
        not_after=not_after,
    )


def read_card_type(certificate: x509.Certificate) -> CardType:
    """Returns gipCardType, which every CPx carries. Raises UnreadableCard."""
    with _reading("card type"):
        return CardType(_required(certificate, GIP_CARD_TYPE, der_values.decode_integer))


def read_category(certificate: x509.Certificate) -> CardCategory:
    """Returns gipCardCategory, which every CPx carries. Raises UnreadableCard."""
    with _reading("card category"):
        octets = _required(certificate, GIP_CARD_CATEGORY, der_values.decode_octet_string)
        return CardCategory(octets[0])  # only the first byte is defined


def read_authority_key_id(certificate: x509.Certificate) -> bytes:
    """Returns the key identifier of the issuer that the certificate names. Raises UnreadableCard."""
    with _reading("authority key identifier"):
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        if not named.key_identifier:
            raise UnreadableCard("authority key identifier")
        return named.key_identifier


_OLD_AUTHORITY = r"(GIP-CPS|TEST) CLASSE-[0-6]"  # the authorities of GIP-CPS, and its test authorities


def is_old_generation(certificate: x509.Certificate) -> bool:
    """Whether the issuer's name is an authority of CPS2ter. Proves nothing: for a message only."""
    names = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return len(names) == 1 and fullmatch(_OLD_AUTHORITY, str(names[0].value)) is not None


def _national_id(certificate: x509.Certificate) -> NationalId:
    with _reading("national identifier"):
        return parse_national_id(_only_attribute(certificate, NameOID.COMMON_NAME))


def _person_names(certificate: x509.Certificate) -> tuple[str, str]:
    """Returns surname and given name, of which a person may have only one. Raises UnreadableCard."""
    with _reading("name"):
        family_name, given_name = (
            parse_person_name(_only_attribute(certificate, oid))
            if certificate.subject.get_attributes_for_oid(oid)
            else ""
            for oid in (NameOID.SURNAME, NameOID.GIVEN_NAME)
        )
        if not (family_name or given_name):
            raise UnreadableCard("name")
        return family_name, given_name


def _only_attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    # Searched in the whole subject: the order inside the multi-valued RDN depends on the lengths of the values.
    values = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(oid)]
    if len(values) != 1 or not isinstance(values[0], str):
        raise UnreadableCard("subject")
    return values[0]


def _profession(certificate: x509.Certificate) -> CodedLabel | None:
    with _reading("profession"):
        code = _optional(certificate, GIP_PROFESSION, der_values.decode_integer)
        if code is None:
            return None
        # Two digits in G15. The code decides; the title only labels a code that our list lacks (facts/cps §2.4).
        text = f"{code:02d}"
        label = profession_label(text)
        return CodedLabel(text, label if label != text else _title(certificate) or text)


def _title(certificate: x509.Certificate) -> str | None:
    try:
        return parse_person_name(_only_attribute(certificate, NameOID.TITLE))
    except (UnreadableCard, UnreadableName):
        return None


def _future_profession(certificate: x509.Certificate) -> CodedLabel | None:
    with _reading("future profession"):
        code = _optional(certificate, GIP_FUTURE_PROFESSION, der_values.decode_integer)
        return None if code is None else CodedLabel(f"{code:02d}", future_profession_label(f"{code:02d}"))


def _specialities(certificate: x509.Certificate) -> tuple[CodedLabel, ...]:
    with _reading("specialities"):
        codes = _optional(certificate, SPECIALITIES, der_values.decode_utf8_strings) or ()
        if any(fullmatch(r"[0-9A-Z]{1,12}", code) is None for code in codes):
            raise UnreadableCard("speciality code")
        return tuple(CodedLabel(code, speciality_label(code)) for code in codes)


def _card_number(certificate: x509.Certificate) -> str | None:
    with _reading("card number"):
        text = _optional(certificate, GIP_CARD_ID, der_values.decode_printable_string) or ""
        found = fullmatch(r"[0-9]{1,20}/([0-9]{1,20})", text)  # issuer number / card number
        return found[1] if found else None


def _optional(
    certificate: x509.Certificate, oid: x509.ObjectIdentifier, decode: Callable[[bytes], _Value]
) -> _Value | None:
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    return decode(value.public_bytes())


def _required(
    certificate: x509.Certificate, oid: x509.ObjectIdentifier, decode: Callable[[bytes], _Value]
) -> _Value:
    value = _optional(certificate, oid, decode)
    if value is None:
        raise UnreadableCard("private extension absent")
    return value
