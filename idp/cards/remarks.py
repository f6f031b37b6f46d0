"""Remarks on a readable certificate, for the log and the help desk: its policies, a title of another profession."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.cards.nomenclature import CodedLabel


def policies_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Returns the certificate policies as dotted OIDs, in order."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        return ()
    return tuple(one.policy_identifier.dotted_string for one in said.value)


def has_other_title(certificate: x509.Certificate, profession: CodedLabel | None) -> bool:
    """Whether the title is not the profession's label. False when the certificate lacks either.

    For a remark only: the code alone decides (facts/cps §2.4).
    """
    titles = [str(one.value).casefold() for one in certificate.subject.get_attributes_for_oid(NameOID.TITLE)]
    return profession is not None and bool(titles) and titles != [profession.label.casefold()]
