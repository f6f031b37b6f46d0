"""Revocation lists of any length, and what each way of reading one costs: in slices as we do, `cryptography` whole.

    python -m bench.crl 10000 100000 1000000

Each reader is a process of its own and does all that a refresh does before the index: issuer and fields, signature,
every serial, every critical extension. Prints wall time, CPU time and what the largest memory grew by over a process
that has only imported the library; asserts nothing. `write_list` serves the tests as well (docs/adr/0028).
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from idp.adapters.igc.crl_file import read_header
from sandbox.igc.authorities import Authority, make_root
from sandbox.igc.issuing import new_key

_ALGORITHM = bytes.fromhex("300d06092a864886f70d01010b0500")
#: reasonCode keyCompromise, not critical (RFC 5280 §5.3.1).
REASON = bytes.fromhex("300c300a0603551d1504030a0101")


def write_list(
    small: bytes, key: RSAPrivateKey, path: Path, entries: int, *, reason: bytes = b"", serial_bytes: int = 16
) -> int:
    """A list no builder makes in reasonable time: `small`, which has serial 1, its entries replaced, signed anew.

    Returns its size. `reason`: the extensions of each entry.
    """
    tbs = x509.load_der_x509_crl(small).tbs_certlist_bytes
    end = b"\x17\x0d261101000000Z" + reason
    # A serial of 16 bytes, as IGC-Santé makes them, and a UTCTime.
    start = bytes([0x30, 2 + serial_bytes + len(end), 0x02, serial_bytes, 0x40])
    whole = b"".join(start + rank.to_bytes(serial_bytes - 1) + end for rank in range(entries))
    place = tbs.index(b"\x02\x01\x01\x17") - 2  # the entry of serial 1
    head, tail = tbs[:place], tbs[place + 2 + tbs[place + 1] :]
    before = head[: head.rindex(b"\x30")]  # without the header of revokedCertificates
    before = before[2 if before[1] < 0x80 else 2 + (before[1] & 0x7F) :]
    return path.write_bytes(sign_list(_tlv(0x30, before + _tlv(0x30, whole) + tail), key))


def sign_list(tbs: bytes, key: RSAPrivateKey) -> bytes:
    """A list of these signed fields, whatever they say."""
    signature = key.sign(tbs, PKCS1v15(), hashes.SHA256())
    return _tlv(0x30, tbs + _ALGORITHM + _tlv(0x03, b"\x00" + signature))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _small(authority: Authority) -> bytes:
    now = datetime.now(UTC)
    revoked = x509.RevokedCertificateBuilder().serial_number(1).revocation_date(now)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .add_extension(authority.authority_key_id, critical=False)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_revoked_certificate(revoked.build())
        .sign(authority.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def _key(issuer: x509.Certificate) -> RSAPublicKey:
    key = issuer.public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError
    return key


def _slices(path: Path, issuer: x509.Certificate) -> Iterator[int]:
    with path.open("rb") as file:
        header = read_header(file)
        header.verify(file, _key(issuer))
        yield from header.serials(file)


def _whole(path: Path, issuer: x509.Certificate) -> Iterator[int]:
    crl = x509.load_der_x509_crl(path.read_bytes())
    if crl.issuer != issuer.subject or not crl.is_signature_valid(_key(issuer)):
        raise ValueError
    for revoked in crl:
        if any(one.critical for one in revoked.extensions):
            raise ValueError
        yield revoked.serial_number


READERS: Mapping[str, Callable[[Path, x509.Certificate], Iterator[int]]] = {
    "slices": _slices,
    "whole": _whole,
}


def _read(reader: str, path: Path, issuer: Path) -> None:
    certificate = x509.load_der_x509_certificate(issuer.read_bytes())
    before, wall, cpu = peak_kib(), time.perf_counter(), time.process_time()
    count = sum(1 for _ in READERS[reader](path, certificate))
    told = {
        "entries": count,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "grown_kib": peak_kib() - before,
    }
    print(json.dumps(told))


def peak_kib() -> int:
    """The most memory this process ever had resident."""
    # Not `ru_maxrss`: a process begins with that of the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main(lengths: list[int]) -> None:
    authority = make_root("R", new_key(), datetime.now(UTC))
    with tempfile.TemporaryDirectory() as directory:
        path, issuer = Path(directory, "list.crl"), Path(directory, "issuer.cer")
        issuer.write_bytes(authority.certificate.public_bytes(Encoding.DER))
        for entries in lengths:
            for reason in (b"", REASON):
                size = write_list(_small(authority), authority.key, path, entries, reason=reason)
                for reader in READERS:
                    command = [sys.executable, "-m", "bench.crl", "read", reader, str(path), str(issuer)]
                    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                    print(
                        f"{told['entries']:9} entries {'with reason' if reason else '':11} {size / 2**20:6.1f} MiB  "
                        f"{reader:10} {told['wall']:6.2f} s  CPU {told['cpu']:6.2f} s  "
                        f"+{told['grown_kib'] / 1024:7.1f} MiB",
                        flush=True,
                    )


if __name__ == "__main__":
    if sys.argv[1] == "read":
        _read(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main([int(one) for one in sys.argv[1:]])
