"""The CPx certificate profile of IGC-Santé, extension by extension, in the order of a real card.

Contains the exact DER of a card's fields, compared byte for byte with a public TEST certificate when there is one
(tests/sandbox/test_igc.py). Not here: keys, signatures, holders.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

GIP_CARD_TYPE = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")
GIP_CARD_ID = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")
GIP_CARD_CATEGORY = x509.ObjectIdentifier("1.2.250.1.71.1.2.5")
GIP_PROFESSION = x509.ObjectIdentifier("1.2.250.1.71.1.2.7")
GIP_FUTURE_PROFESSION = x509.ObjectIdentifier("1.2.250.1.71.1.2.8")
SPECIALITIES = x509.ObjectIdentifier("1.2.250.1.71.4.2.5")
USER_PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
TEST_POLICY = x509.ObjectIdentifier("1.2.250.1.213.1.7.2.1.1.1.1")
CARD_ISSUER_NUMBER = "8025000001"

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True)
class CardMarks:
    """The private extensions of a card. `category`: 0x80 for a test card, 0x00 for production."""

    card_type: int
    card_number: str
    profession: int | None = None
    future_profession: int | None = None
    specialities: tuple[str, ...] = ()
    category: int = 0x80


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses in the certificate: CRL, OCSP, issuer and policy."""

    policy: str
    crls: tuple[str, ...]
    delta_crl: str
    ocsp: str
    issuer: str

    @classmethod
    def on_loopback(cls, base_url: str, authority: str, root: str) -> "Addresses":
        """Returns the addresses that IGC-Santé TEST publishes, moved under `base_url`; LDAP likewise on localhost."""
        entry = f"cn={authority},ou={root},ou=IGC-SANTE TEST,ou=0002 187512751,o=ASIP-SANTE,c=FR"
        ldap = f"ldap://localhost/{quote(entry, safe='=,')}"
        search = "list;binary?base?objectClass=pkiCA"
        return cls(
            policy=f"{base_url}/PC%20TEST",
            crls=(f"{base_url}/CRL/ACI-FO-PP-TEST.crl", f"{ldap}?certificaterevocation{search}"),
            delta_crl=f"{ldap}?deltarevocation{search}",
            ocsp=f"{base_url}/ocsp",
            issuer=f"{base_url}/AC%20TEST/ACI-FO-PP-TEST.cer",
        )


def professional_subject(title: str, given: str, family: str, *national_ids: str) -> x509.Name:
    """Returns C, title, then one multi-valued RDN with the PS_IdNat as CN (several CNs only for a faulty card)."""
    return x509.Name(
        [
            _rdn(x509.NameAttribute(NameOID.COUNTRY_NAME, "FR", _type=_ASN1Type.PrintableString)),
            _rdn(x509.NameAttribute(NameOID.TITLE, title)),
            _rdn(
                x509.NameAttribute(NameOID.SURNAME, family),
                *(x509.NameAttribute(NameOID.COMMON_NAME, number) for number in national_ids),
                x509.NameAttribute(NameOID.GIVEN_NAME, given),
            ),
        ]
    )


def service_card_subject(structure: str, structure_id: str, number: str) -> x509.Name:
    """Returns the subject of a card that names no person (CDE/CPE): pseudonym instead of surname and given name."""
    return _simple_name(
        (NameOID.STATE_OR_PROVINCE_NAME, "Seine-Maritime (76)"),
        (NameOID.ORGANIZATION_NAME, structure),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, structure_id),
        (NameOID.TITLE, "Carte de service santé ou social"),
        (NameOID.PSEUDONYM, f"EMPLOYE{number}"),
        (NameOID.COMMON_NAME, f"3{structure_id[1:]}/{number}"),
    )


def nominative_employee_subject(
    structure: str, siret: str, given: str, family: str, number: str
) -> x509.Name:
    """Returns the subject of a nominative employee card (CPA): CN is 5 + SIRET / internal register number."""
    head = _simple_name(
        (NameOID.ORGANIZATION_NAME, structure),
        (NameOID.LOCALITY_NAME, "Paris (75)"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, f"3{siret}"),
    )
    holder = professional_subject("Employé", given, family, f"5{siret}/{number}").rdns[-1]
    return x509.Name([*head.rdns, holder])


def _simple_name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    country = _rdn(x509.NameAttribute(NameOID.COUNTRY_NAME, "FR", _type=_ASN1Type.PrintableString))
    return x509.Name([country, *(_rdn(x509.NameAttribute(oid, value)) for oid, value in attributes)])


def _rdn(*attributes: "x509.NameAttribute[str]") -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName(attributes)


def private_extensions(marks: CardMarks) -> Iterator[Extension]:
    """Returns the GIP-CPS extensions, none critical."""
    yield _private(GIP_CARD_CATEGORY, bytes([0x04, 1, marks.category]))
    yield _private(GIP_CARD_TYPE, bytes([0x02, 1, marks.card_type]))
    yield _private(GIP_CARD_ID, _string(0x13, f"{CARD_ISSUER_NUMBER}/{marks.card_number}"))
    if marks.profession is not None:
        yield _private(GIP_PROFESSION, bytes([0x02, 1, marks.profession]))
    if marks.future_profession is not None:
        yield _private(GIP_FUTURE_PROFESSION, bytes([0x02, 1, marks.future_profession]))
    if marks.specialities:
        codes = b"".join(_string(0x0C, code) for code in marks.specialities)
        yield _private(SPECIALITIES, bytes([0x30, len(codes)]) + codes)


def _private(oid: x509.ObjectIdentifier, der: bytes) -> Extension:
    return x509.UnrecognizedExtension(oid, der), False


def _string(tag: int, text: str) -> bytes:
    encoded = text.encode()
    return bytes([tag, len(encoded)]) + encoded


def authentication_usage(principal: str) -> tuple[Sequence[Extension], Sequence[Extension]]:
    """Returns the two parts that differ in the AUTHENTICATION slot: usage, and the UPN after the addresses."""
    purposes = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON)
    upn = x509.OtherName(USER_PRINCIPAL_NAME, _string(0x0C, principal))
    return (_key_usage(digital_signature=True), _purposes(purposes)), (
        (x509.SubjectAlternativeName([upn]), False),
    )


def signature_usage(begins: datetime, ends: datetime) -> tuple[Sequence[Extension], Sequence[Extension]]:
    """Returns the same parts for the SIGNATURE slot: nonRepudiation, e-mail protection, private key usage period."""
    return (
        _key_usage(digital_signature=False),
        _purposes((ExtendedKeyUsageOID.EMAIL_PROTECTION,)),
        (x509.PrivateKeyUsagePeriod(begins, ends), False),
    ), ()


def _key_usage(*, digital_signature: bool) -> Extension:
    flags = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    flags |= {"digital_signature": digital_signature, "content_commitment": not digital_signature}
    return x509.KeyUsage(**flags, encipher_only=False, decipher_only=False), True


def _purposes(oids: Iterable[x509.ObjectIdentifier]) -> Extension:
    return x509.ExtendedKeyUsage(oids), False


def card_extensions(
    usage: tuple[Sequence[Extension], Sequence[Extension]],
    marks: CardMarks,
    addresses: Addresses,
    subject_key_id: x509.SubjectKeyIdentifier,
    authority_key_id: x509.AuthorityKeyIdentifier,
) -> Iterator[Extension]:
    """Returns all extensions of one slot, in the order of the 2020 TEST card."""
    early, late = usage
    yield x509.BasicConstraints(ca=False, path_length=None), False
    yield subject_key_id, False
    yield authority_key_id, False
    yield early[0]
    yield x509.CertificatePolicies([x509.PolicyInformation(TEST_POLICY, [addresses.policy])]), False
    yield from early[1:]
    yield x509.CRLDistributionPoints([_full_name(url) for url in addresses.crls]), False
    yield x509.FreshestCRL([_full_name(addresses.delta_crl)]), False
    yield _authority_access(addresses), False
    yield from late
    yield from private_extensions(marks)


def _full_name(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _authority_access(addresses: Addresses) -> x509.AuthorityInformationAccess:
    places = (
        (AuthorityInformationAccessOID.OCSP, addresses.ocsp),
        (AuthorityInformationAccessOID.CA_ISSUERS, addresses.issuer),
    )
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in places]
    )
