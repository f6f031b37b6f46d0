"""What is worth a note about a readable certificate: its policies, a title that is not its profession's."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.cards.nomenclature import CodedLabel


def policies_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Dotted OIDs, in order."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        return ()
    return tuple(one.policy_identifier.dotted_string for one in said.value)


def has_other_title(certificate: x509.Certificate, profession: CodedLabel | None) -> bool:
    """The code alone decides (facts/cps §2.4). False also for a title or a profession that is not said."""
    titles = [str(one.value).casefold() for one in certificate.subject.get_attributes_for_oid(NameOID.TITLE)]
    return profession is not None and bool(titles) and titles != [profession.label.casefold()]
