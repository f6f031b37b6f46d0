"""Lists read from front to back: what is believed, what is refused, and what a hostile file cannot do."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.adapters.igc.crl_file import CrlRefused, read_header
from tests.adapters.igc.revoking import CARD, DAY, HOUR, OTHER, Pki
from tests.demonstration import ROOT
from tests.examples import examples
from tests.fakes import NOON


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def believed(pki: Pki, der: bytes) -> list[int]:
    """The serials, once the signature of the issuing authority was verified. Raises CrlRefused."""
    file = io.BytesIO(der)
    header = read_header(file)
    header.verify(file, pki.issuing.key.public_key())
    return list(header.serials(file))


@pytest.mark.parametrize("serials", [(), (CARD,), (CARD, OTHER), tuple(range(1, 400))])
def test_serials_come_out_in_the_order_of_the_list(pki: Pki, serials: tuple[int, ...]) -> None:
    assert believed(pki, pki.crl(*serials)) == list(serials)


def test_serials_of_twenty_bytes_are_read(pki: Pki) -> None:
    long = (1 << 158) + 5
    assert believed(pki, pki.crl(long)) == [long]


def test_header_says_who_when_and_which(pki: Pki) -> None:
    header = read_header(io.BytesIO(pki.crl(CARD, number=77)))
    assert header.issuer == pki.issuing.certificate.subject
    assert header.authority_key_id == pki.issuing.subject_key_id.digest
    assert (header.this_update, header.next_update) == (NOON - HOUR, NOON + DAY)
    assert header.number == 77
    assert read_header(io.BytesIO(pki.crl(number=None))).number == 0


@pytest.mark.parametrize("digest", [hashes.SHA384(), hashes.SHA512()])
def test_longer_hashes_are_fine(pki: Pki, digest: hashes.HashAlgorithm) -> None:
    assert believed(pki, pki.crl(CARD, digest=digest)) == [CARD]


def test_list_signed_by_anybody_else_is_refused(pki: Pki) -> None:
    with pytest.raises(CrlRefused, match="not signed"):
        believed(pki, pki.crl(CARD, key=pki.stranger_key))


def test_list_with_one_serial_changed_or_taken_out_is_refused(pki: Pki) -> None:
    der = pki.crl(CARD, OTHER)
    with pytest.raises(CrlRefused, match="not signed"):
        believed(pki, der.replace(CARD.to_bytes(3), (CARD + 1).to_bytes(3)))


def test_signature_must_be_sha_2(pki: Pki) -> None:
    der = pki.crl(CARD).replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
    with pytest.raises(CrlRefused, match="signature algorithm|unreadable"):
        believed(pki, der)


def _scope(**flags: Any) -> x509.IssuingDistributionPoint:
    values = dict.fromkeys(
        (
            "only_contains_user_certs",
            "only_contains_ca_certs",
            "indirect_crl",
            "only_contains_attribute_certs",
        ),
        False,
    )
    name = [x509.UniformResourceIdentifier("http://a.example/1.crl")]
    return x509.IssuingDistributionPoint(
        full_name=name,
        relative_name=None,
        only_some_reasons=flags.pop("only_some_reasons", None),
        **(values | flags),
    )


def test_complete_list_that_names_its_place_is_believed(pki: Pki) -> None:
    assert believed(pki, pki.crl(CARD, extensions=((_scope(), True),))) == [CARD]


@pytest.mark.parametrize(
    "extension",
    [
        (_scope(indirect_crl=True), True),
        (_scope(only_contains_ca_certs=True), True),
        (_scope(only_contains_attribute_certs=True), True),
        (_scope(only_contains_user_certs=True), True),
        (_scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), True),
        (x509.DeltaCRLIndicator(1), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
    ],
)
def test_partial_indirect_delta_and_unknown_lists_are_refused(
    pki: Pki, extension: tuple[x509.ExtensionType, bool]
) -> None:
    with pytest.raises(CrlRefused, match="partial|critical"):
        believed(pki, pki.crl(CARD, extensions=(extension,)))


def test_entry_may_say_why_and_since_when(pki: Pki) -> None:
    for extension in (x509.CRLReason(x509.ReasonFlags.key_compromise), x509.InvalidityDate(NOON - DAY)):
        for critical in (False, True):
            assert believed(pki, pki.crl(CARD, entry_extension=(extension, critical))) == [CARD]


def test_entry_about_another_issuer_refuses_the_whole_list(pki: Pki) -> None:
    other = x509.CertificateIssuer([x509.DirectoryName(pki.root.certificate.subject)])
    with pytest.raises(CrlRefused, match="critical extension of an entry"):
        believed(pki, pki.crl(CARD, entry_extension=(other, True)))


@pytest.mark.parametrize("cut", [0, 1, 5, 50, -1, -300])
def test_truncated_list_is_refused(pki: Pki, cut: int) -> None:
    der = pki.crl(*range(1, 50))
    with pytest.raises(CrlRefused):
        believed(pki, der[:cut])


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"<html>404</html>",
        b"-----BEGIN X509 CRL-----",
        b"\x30\x80" + b"\x00" * 50,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x85\x01\x00\x00\x00\x00",
        b"\x30\x82\x00\x04\x30\x82\xff\xff",
    ],
)
def test_anything_else_is_refused(pki: Pki, noise: bytes) -> None:
    with pytest.raises(CrlRefused):
        believed(pki, noise)


def test_list_followed_by_something_is_refused(pki: Pki) -> None:
    with pytest.raises(CrlRefused, match="followed"):
        believed(pki, pki.crl(CARD) + b"\x00")


@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_list_is_refused_and_does_nothing_worse(pki: Pki, changes: list[tuple[int, int]]) -> None:
    der = _LISTS.setdefault(id(pki), pki.crl(CARD, OTHER))
    damaged = bytearray(der)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        found = believed(pki, bytes(damaged))
    except CrlRefused:
        return
    assert found == [CARD, OTHER]


_LISTS: dict[int, bytes] = {}


def write_big_list(pki: Pki, path: Path, entries: int) -> int:
    """A list no builder makes in reasonable time: a small one, its entries replaced, signed anew. Gives its size."""
    small = pki.crl(1)
    tbs_parts = x509.load_der_x509_crl(small).tbs_certlist_bytes
    # A serial of 16 bytes, as IGC-Santé makes them, and a UTCTime.
    start, end = b"\x30\x21\x02\x10\x40", b"\x17\x0d261101000000Z"
    whole = b"".join(start + rank.to_bytes(15) + end for rank in range(entries))
    place = tbs_parts.index(b"\x02\x01\x01\x17") - 2  # the entry of serial 1
    head, tail = tbs_parts[:place], tbs_parts[place + 2 + tbs_parts[place + 1] :]
    before = head[: head.rindex(b"\x30")]  # without the header of revokedCertificates
    before = before[_header_size(before) :]
    body = before + _tlv(0x30, whole) + tail
    tbs = _tlv(0x30, body)
    algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
    signature = pki.issuing.key.sign(tbs, PKCS1v15(), hashes.SHA256())
    der = _tlv(0x30, tbs + algorithm + _tlv(0x03, b"\x00" + signature))
    path.write_bytes(der)
    return len(der)


def _header_size(der: bytes) -> int:
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def test_list_of_forty_megabytes_is_read_in_little_memory(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "big.crl"
    size = write_big_list(pki, path, 1_100_000)
    assert size > 36 * 1024 * 1024
    program = f"""
import resource
from idp.adapters.igc.crl_file import read_header
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open({str(path)!r}, "rb") as file:
    header = read_header(file)
    count = sum(1 for _ in header.serials(file))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    count, grown_kib = (int(word) for word in done.stdout.split())
    assert count == 1_100_000
    assert grown_kib < 16 * 1024
    with path.open("rb") as file:
        read_header(file).verify(file, pki.issuing.key.public_key())
