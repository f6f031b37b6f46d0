"""`idp serve` as an operator starts it: what it refuses before any worker is there."""

import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from idp.adapters.granian.worker import require_free
from tests.commands import idp

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def serve(*options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`idp serve` that must end by itself, with these settings."""
    at_home = {"ISSUER": "https://localhost:8400", "CARD_HOST": "https://localhost:8401"}
    return idp("serve", *options, **(at_home | settings))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "id.example"])
def test_a_fixed_code_is_refused_on_an_address_others_can_reach(host: str) -> None:
    ended = serve("--host", host, MAIL_CODE_FIXED="00000000")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "idp: CADUCEE_MAIL_CODE_FIXED: only with --host on a loopback address\n"


def test_a_fixed_code_is_refused_for_an_issuer_others_know() -> None:
    ended = serve(ISSUER="https://id.example", MAIL_CODE_FIXED="00000000")
    assert ended.returncode == 2
    assert (
        ended.stderr
        == "idp: CADUCEE_MAIL_CODE_FIXED: only with an issuer on a loopback host; it is set beside another one\n"
    )


def test_a_tls_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.crt").write_text("")
    ended = serve(
        TLS_CERTIFICATE_FILE=str(tmp_path / "server.crt"),
        TLS_KEY_FILE=str(tmp_path / "absent.key"),
    )
    assert ended.returncode == 1
    assert str(tmp_path / "absent.key") in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("fault", ["another key", "a key with a password", "no PEM", "an empty certificate"])
def test_a_certificate_that_cannot_serve_is_refused_at_once(tmp_path: Path, fault: str) -> None:
    certificate, key = make_pair(tmp_path)
    spoil: dict[str, Callable[[], object]] = {
        "another key": lambda: key.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1()))),
        "a key with a password": lambda: key.write_bytes(
            pem_of(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"secret"))
        ),
        "no PEM": lambda: key.write_text("key"),
        "an empty certificate": lambda: certificate.write_text(""),
    }
    spoil[fault]()
    ended = serve(TLS_CERTIFICATE_FILE=str(certificate), TLS_KEY_FILE=str(key))
    assert ended.returncode == 2
    assert ended.stderr.startswith("idp: CADUCEE_TLS_CERTIFICATE_FILE, CADUCEE_TLS_KEY_FILE: a certificate")
    assert "Traceback" not in ended.stderr


def test_a_pair_that_fits_is_not_what_stops_the_start(tmp_path: Path) -> None:
    certificate, key = make_pair(tmp_path)
    ended = serve(
        TLS_CERTIFICATE_FILE=str(certificate),
        TLS_KEY_FILE=str(key),
        CLIENTS_FILE=str(tmp_path / "absent.yaml"),
        DATABASE=f"sqlite:///{tmp_path / 'absent.sqlite'}",
    )
    assert ended.returncode == 1
    assert "TLS" not in ended.stderr
    assert "absent" in ended.stderr


def test_a_port_that_another_program_has_is_told_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"^--host 127.0.0.1 --port {port}: Address already in use$"):
            require_free("127.0.0.1", port)


def test_a_host_name_is_told_to_be_no_address() -> None:
    with pytest.raises(OSError, match="^--host localhost: expected an IP address$"):
        require_free("localhost", 0)
    require_free("127.0.0.1", 0)


def make_pair(directory: Path, given: PrivateKey | None = None, *, days: int = 1) -> tuple[Path, Path]:
    """A certificate of `localhost` signed by itself, and its key: on P-256 unless given. `days`: negative: it ended."""
    key = given or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    end = now + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(min(now, end - timedelta(days=1)))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "server.crt", directory / "server.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(pem_of(key))
    return paths


def pem_of(key: PrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
