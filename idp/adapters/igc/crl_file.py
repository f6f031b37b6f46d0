"""A certificate revocation list in a file, read from front to back and never whole in memory (RFC 5280 §5).

Contains where its parts begin, its signature, its serials. The library reads every field and entry, in slices; by hand
only the tag and length are read that say where each begins (docs/adr/0028). A CRL of a card authority has tens of MB:
all of it is verified, in chunks, before its first entry is believed.
Not here: downloading, SQL, whether a CRL is fresh enough.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

_SEQUENCE, _EXTENSIONS = 0x30, 0xA0
_TIMES = (0x17, 0x18)
_CHUNK = 1024 * 1024
#: Entries given to the library together: only those of one slice, and their objects, are in memory.
_AT_ONCE = 1000
_ENTRY_BYTES = 4096
_SERIAL_BITS = 256  # RFC 5280 §4.1.2.2 allows 20 bytes, and longer ones exist
_FIELD_BYTES = 64 * 1024
#: The rest of a list that has only some entries: v2, an algorithm, an empty issuer, a time; then an empty signature.
_ALGORITHM = bytes.fromhex("300d06092a864886f70d01010b0500")
_NO_FIELDS = b"\x02\x01\x01" + _ALGORITHM + b"\x30\x00" + b"\x17\x0d260101000000Z"
_NO_SIGNATURE = _ALGORITHM + b"\x03\x02\x00\x00"
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
#: Critical extensions whose meaning is enforced here (RFC 5280 §5.2: with any other, the list must not be used).
_UNDERSTOOD = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT})
_UNDERSTOOD_OF_ENTRY = frozenset({CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE})


class CrlRefused(ValueError):
    """The file is no list that we may believe; the message tells the operator why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlHeader:
    """Everything but the entries. None of it is believed before `verify`."""

    issuer: x509.Name
    authority_key_id: bytes | None
    number: int
    this_update: datetime
    next_update: datetime
    signature: bytes
    digest: hashes.HashAlgorithm
    #: Where in the file: the signed part, and the entries (equal bounds: none).
    signed: tuple[int, int]
    entries: tuple[int, int]

    def verify(self, file: BinaryIO, key: RSAPublicKey) -> None:
        """Raises CrlRefused unless this key signed the file."""
        running = hashes.Hash(self.digest)
        file.seek(self.signed[0])
        left = self.signed[1] - self.signed[0]
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                raise CrlRefused("truncated")
            running.update(chunk)
            left -= len(chunk)
        try:
            key.verify(self.signature, running.finalize(), PKCS1v15(), Prehashed(self.digest))
        except InvalidSignature as fault:
            raise CrlRefused("not signed by this authority") from fault

    def serials(self, file: BinaryIO) -> Iterator[int]:
        """Returns the serial of each revoked certificate, in the order of the file. Raises CrlRefused on the way."""
        for entries in _slices(file, *self.entries):
            yield from _serials(entries)


def read_header(file: BinaryIO) -> CrlHeader:
    """Returns everything but the entries. Raises CrlRefused."""
    with _refusing():
        return _read_header(file)


def _read_header(file: BinaryIO) -> CrlHeader:
    whole = file.seek(0, 2)
    file.seek(0)
    outer, size = _header(file, _SEQUENCE)
    if outer + size != whole:
        raise CrlRefused("truncated, or followed by something else")
    tbs_header, tbs_size = _header(file, _SEQUENCE)
    tbs_end = outer + tbs_header + tbs_size
    before, entries, after = _split(file, tbs_end)
    file.seek(tbs_end)
    tail = file.read(_FIELD_BYTES)
    if tbs_end + len(tail) != whole:
        raise CrlRefused("signature of unusual size")
    # The same list without its entries: the library reads the fields that are left.
    slim = x509.load_der_x509_crl(_sequence(_sequence(before + after) + tail))
    digest = slim.signature_hash_algorithm
    if not (isinstance(digest, _HASHES) and isinstance(slim.signature_algorithm_parameters, PKCS1v15)):
        raise CrlRefused("signature algorithm")
    if slim.next_update_utc is None:
        raise CrlRefused("without nextUpdate")
    return CrlHeader(
        issuer=slim.issuer,
        authority_key_id=_authority_key_id(slim),
        number=_number(slim),
        this_update=slim.last_update_utc,
        next_update=slim.next_update_utc,
        signature=slim.signature,
        digest=digest,
        signed=(outer, tbs_end),
        entries=entries,
    )


def _split(file: BinaryIO, end: int) -> tuple[bytes, tuple[int, int], bytes]:
    """Returns of TBSCertList (RFC 5280 §5.1) the fields before revokedCertificates, its place, what follows it."""
    before, seen_time = b"", False
    while (place := file.tell()) < end:
        tag, header, size = _any_header(file)
        if seen_time and tag == _SEQUENCE:
            first = place + header
            file.seek(first + size)
            after = file.read(end - file.tell())
            if first + size > end or len(after) > _FIELD_BYTES:
                raise CrlRefused("fields of unusual size")
            return before, (first, first + size), after
        if tag == _EXTENSIONS:
            file.seek(place)
            return before, (place, place), file.read(min(end - place, _FIELD_BYTES))
        seen_time = seen_time or tag in _TIMES
        file.seek(place)
        field = file.read(header + size) if size <= _FIELD_BYTES else b""
        if len(field) != header + size or file.tell() > end:
            raise CrlRefused("fields of unusual size")
        before += field
    return before, (end, end), b""


def _authority_key_id(slim: x509.CertificateRevocationList) -> bytes | None:
    found: bytes | None = None
    for extension in slim.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            # A delta list (RFC 5280 §5.2.4) has one too: it is no complete list.
            raise CrlRefused(f"critical extension {extension.oid.dotted_string}")
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _check_scope(extension.value)
        if isinstance(extension.value, x509.AuthorityKeyIdentifier):
            found = extension.value.key_identifier
    return found


def _check_scope(scope: x509.IssuingDistributionPoint) -> None:
    # RFC 5280 §5.2.5: a list of some reasons or kinds, or of other issuers' certificates, is not the whole list.
    is_partial = (
        scope.indirect_crl
        or scope.only_contains_ca_certs
        or scope.only_contains_user_certs
        or scope.only_contains_attribute_certs
        or scope.only_some_reasons
    )
    if is_partial:
        raise CrlRefused("a partial or indirect list")


def _number(slim: x509.CertificateRevocationList) -> int:
    try:
        return slim.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _slices(file: BinaryIO, place: int, end: int) -> Iterator[bytes]:
    """Returns the entries between these places, whole ones, `_AT_ONCE` together. Raises CrlRefused."""
    while place < end:
        begin, left = place, _AT_ONCE
        while left and place < end:
            file.seek(place)
            header, size = _header(file, _SEQUENCE)
            place, left = place + header + size, left - 1
            if size > _ENTRY_BYTES or place > end:
                raise CrlRefused("entry of unusual size")
        file.seek(begin)
        yield file.read(place - begin)


def _serials(entries: bytes) -> list[int]:
    """Returns the serials: the library reads these entries as a list of their own. Raises CrlRefused."""
    alone = _sequence(_sequence(_NO_FIELDS + _sequence(entries)) + _NO_SIGNATURE)
    with _refusing("unreadable entry"):
        return [_serial(one) for one in x509.load_der_x509_crl(alone)]


def _serial(revoked: x509.RevokedCertificate) -> int:
    # RFC 5280 §5.3: an entry that means something else than « revoked here » (by another issuer) cannot be used.
    for extension in revoked.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD_OF_ENTRY:
            raise CrlRefused(f"critical extension of an entry {extension.oid.dotted_string}")
    if revoked.serial_number.bit_length() > _SERIAL_BITS:
        raise CrlRefused("serial of unusual size")
    return revoked.serial_number


def _header(file: BinaryIO, tag: int) -> tuple[int, int]:
    """Returns how many bytes of header and content the value has that begins here. Raises CrlRefused: another tag."""
    found, header, size = _any_header(file)
    if found != tag:
        raise CrlRefused("not a certificate revocation list")
    return header, size


def _any_header(file: BinaryIO) -> tuple[int, int, int]:
    start = file.read(2)
    if len(start) != 2:
        raise CrlRefused("truncated")
    if start[1] < 0x80:
        return start[0], 2, start[1]
    # X.690 §8.1.3.5, definite form; four bytes of length are 4 GiB.
    more = start[1] & 0x7F
    length = file.read(more) if 1 <= more <= 4 else b""
    size = int.from_bytes(length)
    # X.690 §10.1 (DER): in as few bytes as possible, so that a list can be written in one way only.
    if len(length) != more or size < 0x80 or not length[0]:
        raise CrlRefused("unsupported length")
    return start[0], 2 + more, size


def _sequence(content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([_SEQUENCE, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)  # DER: as few bytes as possible
    return bytes([_SEQUENCE, 0x80 | len(length)]) + length + content


@contextmanager
def _refusing(what: str = "unreadable") -> Iterator[None]:
    try:
        yield
    except CrlRefused:
        raise
    except Exception as fault:  # an attacker's bytes make the library raise many things
        raise CrlRefused(f"{what}: {type(fault).__name__}") from fault
