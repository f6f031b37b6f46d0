"""Lists read from front to back: what is believed, what is refused, and what a hostile file cannot do."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.crl import sign_list, write_list
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


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(
    which=st.integers(0, 3),
    changes=st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 2), st.binary(max_size=2)), min_size=1, max_size=3
    ),
)
def test_list_that_is_signed_whatever_it_says_is_read_as_the_library_reads_it_or_not_at_all(
    pki: Pki, which: int, changes: list[tuple[int, int, bytes]]
) -> None:
    tbs = _SIGNED.setdefault((id(pki), which), _to_damage(pki, which))
    for place, cut, put in changes:
        begin = place % len(tbs)
        tbs = tbs[:begin] + put + tbs[begin + cut :]
    der = sign_list(tbs, pki.issuing.key)
    try:
        found = believed(pki, der)
    except CrlRefused:
        return
    assert found == _by_the_library(der)


_SIGNED: dict[tuple[int, int], bytes] = {}


def _to_damage(pki: Pki, which: int) -> bytes:
    why, since = x509.CRLReason(x509.ReasonFlags.key_compromise), x509.InvalidityDate(NOON - DAY)
    der = (
        lambda: pki.crl(CARD, OTHER),
        lambda: pki.crl(CARD, OTHER, entry_extension=(why, False)),
        lambda: pki.crl(1 << 158, entry_extension=(since, True)),
        lambda: pki.crl(),
    )[which]()
    return x509.load_der_x509_crl(der).tbs_certlist_bytes


def _by_the_library(der: bytes) -> list[int]:
    whole = x509.load_der_x509_crl(der)
    assert all(len(one.extensions) < 3 for one in whole)
    return [one.serial_number for one in whole]


def test_every_serial_of_many_slices_comes_out_in_the_order_of_the_list(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "slices.crl"
    for entries in (999, 1000, 1001, 2500):
        write_big_list(pki, path, entries)
        der = path.read_bytes()
        assert believed(pki, der) == _by_the_library(der)
        assert len(_by_the_library(der)) == entries


@pytest.mark.parametrize("longer", ["30812b3014", "302c308114"])
def test_length_written_longer_than_needed_refuses_the_list(pki: Pki, longer: str) -> None:
    """Of the entries together, and of the first of them."""
    tbs = x509.load_der_x509_crl(pki.crl(CARD, OTHER)).tbs_certlist_bytes
    plain = bytes.fromhex("302b3014")
    assert (tbs[:2], tbs.count(plain)) == (b"\x30\x81", 1)
    damaged = b"\x30\x81" + bytes([tbs[2] + 1]) + tbs[3:].replace(plain, bytes.fromhex(longer))
    with pytest.raises(CrlRefused, match="unsupported length"):
        believed(pki, sign_list(damaged, pki.issuing.key))


def test_unreadable_entry_refuses_the_whole_list(pki: Pki) -> None:
    tbs = x509.load_der_x509_crl(pki.crl(CARD, OTHER)).tbs_certlist_bytes
    with pytest.raises(CrlRefused, match="unreadable entry"):
        believed(pki, sign_list(tbs.replace(b"\x02\x03" + CARD.to_bytes(3), b"\x04\x03abc"), pki.issuing.key))


def test_serial_longer_than_any_is_refused(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "long.crl"
    write_list(pki.crl(1), pki.issuing.key, path, 1, serial_bytes=33)
    with pytest.raises(CrlRefused, match="serial of unusual size"):
        believed(pki, path.read_bytes())


def write_big_list(pki: Pki, path: Path, entries: int) -> int:
    """Returns its size."""
    return write_list(pki.crl(1), pki.issuing.key, path, entries)


def test_list_of_forty_megabytes_is_read_in_little_memory(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "big.crl"
    size = write_big_list(pki, path, 1_100_000)
    assert size > 36 * 1024 * 1024
    program = f"""
from bench.crl import peak_kib
from idp.adapters.igc.crl_file import read_header
before = peak_kib()
with open({str(path)!r}, "rb") as file:
    header = read_header(file)
    count = sum(1 for _ in header.serials(file))
print(count, peak_kib() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    count, grown_kib = (int(word) for word in done.stdout.split())
    assert count == 1_100_000
    assert grown_kib < 16 * 1024
    with path.open("rb") as file:
        read_header(file).verify(file, pki.issuing.key.public_key())
