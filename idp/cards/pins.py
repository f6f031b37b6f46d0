"""Which authorities may be pinned.

Contains the table of IGC-Santé's authorities (production, and what is known of the test ones), by fingerprint, key
identifier and what each issues; the verdict on a certificate. Not here: chains and signatures (see `anchors`), files,
the present time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

#: Common name → (SHA-256 of the certificate, key identifier), as published by ANS; valid from 2013 to June 2033.
PRODUCTION: Mapping[str, tuple[str, str]] = {
    "AC RACINE IGC-SANTE FORT": (
        "53d30a19570826bde0c0762501f1f1c7a659f976c6c023123df5239df34a4eea",
        "38430511002ee752c3e8974674f8a4fb9cdce5ee",
    ),
    "AC IGC-SANTE FORT PERSONNES": (
        "38284e4f6107456e70c7439c85da7d564d0fe1fe1a968c9eb6d43e1fc0d63c3a",
        "800f918821797d5555c65d6dd5938d6ade5c2aa6",
    ),
    "AC RACINE IGC-SANTE STANDARD": (
        "5891815e864506c662afb32f8de5b8de38bffa1af721780b69e19a0c050386c3",
        "c0ac89f12470d52be2d5d4b48405c0810572539b",
    ),
    "AC IGC-SANTE STANDARD PERSONNES": (
        "6c339ebcb3e1b0102b143c9694225c2a4ab2ef6fedf7d364da8db305e7f7d997",
        "19f276d58d7a17ca829be97b5aef3f05a690d4f3",
    ),
}
#: IGC-Santé's other families, and those for organisations: they issue no card.
ISSUE_NO_CARD: Mapping[str, tuple[str, str]] = {
    "AC IGC-SANTE FORT ORGANISATIONS": (
        "23f69674002d1dd4b018baecd908dc92687942bb48e5140ff895e2f56bc49c0d",
        "ede618d2e0fe7345cbf8242f566ba606e20f7331",
    ),
    "AC IGC-SANTE STANDARD ORGANISATIONS": (
        "c0520a2b14fb68836a807bf86ab2b3e07d1b6061d91bc9c7b86a6f8de4b5638e",
        "66b62d3db8fc1e1a1349688284587324c4ace5a0",
    ),
    "AC RACINE IGC-SANTE ELEMENTAIRE": (
        "2d9e22ca19f777c6b745257c723ecb8df3c35fa6f1f6ec36b83600c97346967f",
        "8c6fead58b82faf9be87dc730e27150747c49e2f",
    ),
    "AC IGC-SANTE ELEMENTAIRE PERSONNES": (
        "19c1eaeab477b6fbc233cda3b53fbdbc3f4e9bf6cf6973e46f7dfaef89c06c6c",
        "ceaf9b1c194a6b53a7a8c9d81fdb6114cd07f22e",
    ),
    "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS": (
        "d834ee5b40686b73573f60547bf6052c6d404d942a5665cdb2c0b9137b5d27b2",
        "d7fbfadcd5027fe7c153864d4be8a44a1e0bbb63",
    ),
}
#: Of the test authorities only the key identifiers are known.
TEST_KEY_IDS: Mapping[str, str] = {
    "TEST AC IGC-SANTE FORT PERSONNES": "3af1e7f5ceebedf78dc9c9b29fedd46529dc1ffd",
    "TEST AC RACINE IGC-SANTE ELEMENTAIRE": "9cad86bba6aacac5613a04b047fddc3bcd3d57f4",
    "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS": "212e847d3b1ef512de51a2215cae93a8ef5be3f5",
}
_TEST_UNIT = "IGC-SANTE TEST"


class PinVerdict(StrEnum):
    PINNED = "pinned"  # IGC-Santé's, by its fingerprint
    BY_OPERATOR = "by operator"  # named by its fingerprint in the settings
    TEST = "test"  # of a test IGC, in test mode: the operator compares its fingerprint with the publisher's
    NOT_NEEDED = "not needed"  # IGC-Santé's, and it issues none of the cards accepted here
    TEST_IN_PRODUCTION = "test in production"
    MISMATCH = "mismatch"  # the name of a pinned authority, but another certificate or key
    UNKNOWN = "unknown"


#: Why an authority is not pinned, for the operator.
REFUSALS: Mapping[PinVerdict, str] = {
    PinVerdict.NOT_NEEDED: "it issues none of the cards accepted here (STANDARD: CADUCEE_CARD_ACCEPT_EMPLOYEE_CARDS)",
    PinVerdict.TEST_IN_PRODUCTION: "a test authority, and CADUCEE_CARD_ACCEPT_TEST_CARDS is not set",
    PinVerdict.MISMATCH: "not the certificate of that name that ANS published: an impostor, or a damaged file",
    PinVerdict.UNKNOWN: "not an authority of IGC-Santé (a new one: compare, then CADUCEE_CARD_TRUST_FINGERPRINTS)",
}


#: The verdicts with which an authority may sign cards.
TRUSTED = frozenset({PinVerdict.PINNED, PinVerdict.BY_OPERATOR, PinVerdict.TEST})


@dataclass(frozen=True, slots=True)
class PinRules:
    """What this deployment pins. `fingerprints`: the operator's own, SHA-256 in lower-case hexadecimal."""

    accept_test: bool
    accept_employees: bool
    fingerprints: frozenset[str] = frozenset()

    def verdict(self, certificate: x509.Certificate) -> PinVerdict:
        # The name comes first: a known name with another key is refused, even if the operator listed its fingerprint.
        name, fingerprint = common_name(certificate), fingerprint_of(certificate)
        known = PRODUCTION.get(name) or ISSUE_NO_CARD.get(name)
        if known is not None:
            # Both must match: a certificate renewed under the same key is new to us, and the operator compares it.
            if known != (fingerprint, _key_id(certificate)):
                return PinVerdict.MISMATCH
            return PinVerdict.PINNED if self._issues_accepted_cards(name) else PinVerdict.NOT_NEEDED
        if is_test(certificate):
            return self._test_verdict(name, certificate)
        return PinVerdict.BY_OPERATOR if fingerprint in self.fingerprints else PinVerdict.UNKNOWN

    def _test_verdict(self, name: str, certificate: x509.Certificate) -> PinVerdict:
        if not self.accept_test:
            return PinVerdict.TEST_IN_PRODUCTION
        if TEST_KEY_IDS.get(name) not in (None, _key_id(certificate)):
            return PinVerdict.MISMATCH
        return PinVerdict.TEST if self._issues_accepted_cards(name) else PinVerdict.NOT_NEEDED

    def _issues_accepted_cards(self, name: str) -> bool:
        """FORT PERSONNES signs the cards of professionals, STANDARD PERSONNES those of employees."""
        if name.endswith(("ORGANISATIONS", "ELEMENTAIRE", "ELEMENTAIRE PERSONNES")):
            return False
        return self.accept_employees or not name.endswith(("IGC-SANTE STANDARD", "STANDARD PERSONNES"))


def is_test(certificate: x509.Certificate) -> bool:
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return _TEST_UNIT in {unit.value for unit in units} or common_name(certificate).startswith("TEST ")


def common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "unnamed authority"


def fingerprint_of(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()


def subject_key_id(certificate: x509.Certificate) -> bytes:
    """Raises x509.ExtensionNotFound, ValueError."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return found.value.digest


def _key_id(certificate: x509.Certificate) -> str:
    try:
        return subject_key_id(certificate).hex()
    except (x509.ExtensionNotFound, ValueError):
        return ""
