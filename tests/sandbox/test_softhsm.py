"""Test cards as tokens of the real SoftHSM2: the labels of the CPS module, keys that sign and never come out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.limits import within
from tests.made_once import place_igc

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: a PKCS#11 module reads its configuration once and keeps its threads.
PROBE = """
import sys, pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
token = next(iter(pkcs11.lib(sys.argv[1]).get_tokens()))
print(token.label)
with token.open() as session:
    found = session.get_objects()
    print(sorted((o[Attribute.LABEL], o[Attribute.ID].hex()) for o in found))
with token.open(user_pin="1234") as session:
    der = next(iter(session.get_objects({Attribute.ID: b"\\x20", Attribute.CLASS: ObjectClass.CERTIFICATE})))
    key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=b"\\x20")
    print(key.label, key[Attribute.EXTRACTABLE], key[Attribute.SENSITIVE])
    signature = key.sign(b"x", mechanism=Mechanism.SHA256_RSA_PKCS)
    certificate = x509.load_der_x509_certificate(der[Attribute.VALUE])
    certificate.public_key().verify(signature, b"x", padding.PKCS1v15(), hashes.SHA256())
    print(certificate.subject.rfc4514_string().count("LEFEBVRE"))
"""


@pytest.fixture(scope="module")
def igc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("igc")
    place_igc(directory)
    return directory


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=within(60),
        check=False,
    )


def value_of(name: str, said: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith(name))
    return line.removeprefix(name).strip()


def test_card_becomes_a_token_that_signs(igc: Path, tmp_path: Path) -> None:
    made = run("-m", "sandbox.igc.softhsm", str(igc), "--card", "lefebvre", "--store", str(tmp_path / "hsm"))
    assert (made.returncode, made.stderr) == (0, "")
    module = value_of("Module", made.stdout)
    configuration = value_of("Setting  SOFTHSM2_CONF=", made.stdout)
    probe = run("-c", PROBE, module, SOFTHSM2_CONF=configuration)
    label, objects, key, holder = probe.stdout.splitlines()
    assert made.stdout.startswith(label)
    assert label.startswith("CPS3v3-29")
    assert len(label) == len("CPS3v3-2900000001")
    # Private keys are invisible before the PIN.
    assert objects == str(
        [("Certificat d'Authentification CPS", "20"), ("Certificat de Signature CPS", "10")]
    )
    assert key == "CPS_PRIV_AUT False True"
    assert holder == "1"


def test_unknown_card_is_refused(igc: Path, tmp_path: Path) -> None:
    made = run("-m", "sandbox.igc.softhsm", str(igc), "--card", "nobody", "--store", str(tmp_path / "hsm"))
    assert made.returncode == 2
    assert "no card 'nobody'" in made.stderr


def test_missing_softhsm_is_told_with_its_package(igc: Path, tmp_path: Path) -> None:
    made = run("-m", "sandbox.igc.softhsm", str(igc), "--store", str(tmp_path / "hsm"), PATH=str(tmp_path))
    assert made.returncode == 1
    assert "apt-get install softhsm2" in made.stderr
