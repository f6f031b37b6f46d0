"""What the test IGC says of revoked cards: its lists, and the certificate of its OCSP responder.

Contains making them, once, while the authorities' keys exist. Not here: serving (see `responder`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.igc.authorities import DAY, PREFIX, Authority, sign_certificate

#: A real list is valid for days. The keys that could sign a new one are gone, so these are valid as long as the cards.
LIST_LIFE = timedelta(days=1095)


def make_list(
    authority: Authority, revoked: Iterable[int], now: datetime, life: timedelta = LIST_LIFE
) -> x509.CertificateRevocationList:
    """Returns a complete, direct list with AKI and number, as IGC-Santé publishes them."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + life)
        .add_extension(authority.authority_key_id, critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, hashes.SHA256())


def make_responder_certificate(
    key: RSAPrivateKey, issuer: Authority, now: datetime, life: timedelta = LIST_LIFE
) -> x509.Certificate:
    """Returns the certificate of a delegate (RFC 6960 §4.2.2.2) of the cards' authority, with id-pkix-ocsp-nocheck."""
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    flags = dict.fromkeys((*names, "crl_sign", "encipher_only", "decipher_only"), False)
    return sign_certificate(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{PREFIX} OCSP FORT PERSONNES")]),
        key,
        issuer.certificate.subject,
        issuer.key,
        (now - DAY, now + life),
        (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.KeyUsage(digital_signature=True, **flags), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (issuer.authority_key_id, False),
        ),
    )
