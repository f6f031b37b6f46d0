"""The test IGC: the exact CPx profile, files a browser takes, and a directory that lasts."""

import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from sandbox.igc import __main__ as command
from sandbox.igc.directory import CardEntry, ensure_igc
from sandbox.igc.profile import (
    Addresses,
    CardMarks,
    authentication_usage,
    card_extensions,
    private_extensions,
    professional_subject,
    signature_usage,
)
from sandbox.igc.roster import demo_rpps, roster
from tests.made_once import stock_of_keys

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BASE = "http://localhost:9980/igc"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, CardEntry]]:
    directory = tmp_path_factory.mktemp("igc")
    return directory, {card["name"]: card for card in ensure_igc(directory, NOW, BASE, stock_of_keys())}


def certificate(path: str | Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(path).read_bytes())


def values(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str | bytes]:
    return [attribute.value for attribute in name.get_attributes_for_oid(oid)]


def test_command_line_makes_it_and_keeps_it_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here with keys of the stock; a demo where nothing is draws them itself (tests/journeys/test_demo.py)."""
    place = str(tmp_path / "igc")
    monkeypatch.setattr(command, "ensure_igc", partial(ensure_igc, new_key=stock_of_keys()))
    command.main([place])
    made = capsys.readouterr().out
    before = (tmp_path / "igc/cards/lefebvre.crt").read_bytes()
    again = subprocess.run(
        [sys.executable, "-m", "sandbox.igc", place], capture_output=True, text=True, check=True
    )
    assert again.stdout == made
    assert "lefebvre" in made
    assert (tmp_path / "igc/cards/lefebvre.crt").read_bytes() == before


@pytest.fixture
def copy(made: tuple[Path, dict[str, CardEntry]], tmp_path: Path) -> Path:
    """A directory of its own, as if made there."""
    directory = tmp_path / "igc"
    shutil.copytree(made[0], directory)
    for name in ("igc.json", "cards.json"):
        text = (directory / name).read_text().replace(str(made[0].resolve()), str(directory.resolve()))
        (directory / name).write_text(text)
    return directory


def is_kept(directory: Path, now: datetime = NOW, base: str = BASE) -> bool:
    before = (directory / "tls/server.crt").read_bytes()
    ensure_igc(directory, now, base, stock_of_keys())
    return (directory / "tls/server.crt").read_bytes() == before


def test_valid_directory_is_kept(copy: Path) -> None:
    assert is_kept(copy)
    assert is_kept(copy, NOW + timedelta(days=300))


def test_expiring_directory_is_made_anew(copy: Path) -> None:
    assert not is_kept(copy, NOW + timedelta(days=396))


def test_directory_made_for_other_addresses_is_made_anew(copy: Path) -> None:
    assert not is_kept(copy, base="http://localhost:1/igc")


@pytest.mark.parametrize("lost", ["cards/martin.p12", "cards.json", "igc.json"])
def test_damaged_directory_is_made_anew(copy: Path, lost: str) -> None:
    (copy / lost).unlink()
    assert not is_kept(copy)
    assert (copy / lost).is_file()


@pytest.mark.parametrize(("damaged", "left"), [("ca/issuing.crl", b""), ("cards.json", b"null")])
def test_directory_with_a_damaged_file_is_made_anew(copy: Path, damaged: str, left: bytes) -> None:
    (copy / damaged).write_bytes(left)
    assert not is_kept(copy)
    assert (copy / damaged).read_bytes() != left


def test_directory_from_the_future_is_made_anew(copy: Path) -> None:
    """The clock was wrong on the day it was made: none of its cards and lists would be valid for long."""
    assert is_kept(copy, NOW - timedelta(minutes=10))
    assert not is_kept(copy, NOW - timedelta(hours=1))


def test_moved_directory_is_made_anew(copy: Path, tmp_path: Path) -> None:
    moved = copy.rename(tmp_path / "elsewhere")
    cards = ensure_igc(moved, NOW, BASE, stock_of_keys())
    assert all(Path(card["certificate"]).is_relative_to(moved.resolve()) for card in cards)


def test_secrets_are_for_their_owner_only(made: tuple[Path, dict[str, CardEntry]]) -> None:
    secrets = [path for path in made[0].rglob("*") if path.suffix in (".key", ".p12")]
    assert len(secrets) == 3 * len(roster()) + 2  # of the card host, of the OCSP delegate
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_keys_of_authorities_are_not_written(made: tuple[Path, dict[str, CardEntry]]) -> None:
    assert sorted(path.name for path in made[0].rglob("*.key") if path.parent.name != "cards") == [
        "ocsp.key",
        "server.key",
    ]


def test_every_key_belongs_to_its_certificate_and_to_no_other(
    made: tuple[Path, dict[str, CardEntry]],
) -> None:
    seen = set()
    for card in made[1].values():
        key = load_pem_private_key(Path(card["key"]).read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        public = certificate(card["certificate"]).public_key()
        assert isinstance(public, RSAPublicKey)
        assert key.public_key().public_numbers() == public.public_numbers()
        seen.add(public.public_numbers().n)
    assert len(seen) == len(roster())


@pytest.mark.parametrize("name", [plan.name for plan in roster()])
def test_pkcs12_opens_with_the_pin_in_openssl(made: tuple[Path, dict[str, CardEntry]], name: str) -> None:
    card = made[1][name]
    command = ["openssl", "pkcs12", "-in", card["pkcs12"], "-passin", f"pass:{card['pin']}", "-nokeys"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"friendlyName: CPx demo {name}" in done.stdout


@pytest.mark.skipif(shutil.which("pk12util") is None, reason="libnss3-tools is not installed")
def test_pkcs12_imports_into_the_store_of_browsers(
    made: tuple[Path, dict[str, CardEntry]], tmp_path: Path
) -> None:
    store = f"sql:{tmp_path}"
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True, capture_output=True)
    for card in (made[1][name] for name in ("lefebvre", "lefebvre-renewed", "nunez")):
        command = ["pk12util", "-i", card["pkcs12"], "-d", store, "-W", card["pin"]]
        subprocess.run(command, check=True, capture_output=True)
    listed = subprocess.run(
        ["certutil", "-K", "-d", store], check=True, capture_output=True, text=True
    ).stdout
    assert listed.count("CPx demo") == 3


def test_openssl_trusts_the_card_for_client_authentication(made: tuple[Path, dict[str, CardEntry]]) -> None:
    directory, cards = made
    ca = ["-CAfile", str(directory / "ca/root.pem"), "-untrusted", str(directory / "ca/issuing.pem")]
    moment = ["-attime", str(int(NOW.timestamp())), "-purpose", "sslclient"]
    for name, is_good in (
        ("martin", True),
        ("signature", False),
        ("sibling-ca", False),
        ("foreign-ca", False),
    ):
        command = ["openssl", "verify", *ca, *moment, cards[name]["certificate"]]
        assert (subprocess.run(command, capture_output=True).returncode == 0) is is_good, name


def test_server_certificate_is_for_this_machine_only(made: tuple[Path, dict[str, CardEntry]]) -> None:
    server = certificate(made[0] / "tls/server.crt")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    authority = certificate(made[0] / "tls/ca.pem")
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    command = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-purpose", "sslserver"]
    command += ["-verify_hostname", "localhost", "-CAfile", str(made[0] / "tls/ca.pem")]
    subprocess.run([*command, str(made[0] / "tls/server.crt")], check=True, capture_output=True)


def test_authorities_bear_our_prefix(made: tuple[Path, dict[str, CardEntry]]) -> None:
    for name in ("ca/root.pem", "ca/issuing.pem", "ca/sibling-issuing.pem", "tls/ca.pem"):
        (common,) = values(certificate(made[0] / name).subject, NameOID.COMMON_NAME)
        assert str(common).startswith("CADUCEE DEMO ")


def test_authentication_slot_has_the_profile_of_a_card(made: tuple[Path, dict[str, CardEntry]]) -> None:
    card = certificate(made[1]["lefebvre"]["certificate"])
    assert [len(rdn) for rdn in card.subject.rdns] == [1, 1, 3]
    assert values(card.subject, NameOID.COMMON_NAME) == [f"8{demo_rpps(1)}"]
    usage = card.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.public_bytes() == bytes.fromhex("03020780")
    purposes = card.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON]
    upn = card.extensions.get_extension_for_class(x509.SubjectAlternativeName).value[0]
    assert isinstance(upn, x509.OtherName)
    assert upn.value[2:].decode() == f"8.{demo_rpps(1)}@carte-cps.fr"
    assert card.serial_number.bit_length() in range(121, 128)
    assert card.not_valid_after_utc - card.not_valid_before_utc == timedelta(days=1095)


def test_signature_slot_has_the_same_holder_and_another_key(made: tuple[Path, dict[str, CardEntry]]) -> None:
    entry = made[1]["lefebvre"]
    login, twin = certificate(entry["certificate"]), certificate(entry["signature_certificate"])
    assert login.subject == twin.subject
    assert login.public_key() != twin.public_key()
    usage = twin.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.public_bytes() == bytes.fromhex("03020640")


def test_addresses_stay_on_this_machine(made: tuple[Path, dict[str, CardEntry]]) -> None:
    card = certificate(made[1]["lefebvre"]["certificate"])
    points = card.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    delta = card.extensions.get_extension_for_class(x509.FreshestCRL).value
    access = card.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    urls = [name.value for point in (*points, *delta) for name in point.full_name or ()]
    urls += [one.access_location.value for one in access]
    assert len(urls) == 5
    assert all(url.startswith((f"{BASE}/", "ldap://localhost/")) for url in urls)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (CardMarks(0, "2800636234"), "300f06082a817a01470102050403040180"),
        (CardMarks(0, "2800636234"), "300f06082a817a01470102020403020100"),
        (
            CardMarks(0, "2800636234"),
            "302306082a817a014701020304171315383032353030303030312f32383030363336323334",
        ),
        (CardMarks(0, "1", profession=60), "300f06082a817a0147010207040302013c"),
        (CardMarks(0, "1", specialities=("SM36",)), "301406082a817a0147040205040830060c04534d3336"),
    ],
)
def test_private_extensions_are_those_read_on_real_cards(marks: CardMarks, expected: str) -> None:
    assert bytes.fromhex(expected) in [extension_der(value) for value, _ in private_extensions(marks)]


def extension_der(extension: x509.ExtensionType) -> bytes:
    """SEQUENCE { OID, OCTET STRING } of an extension that is not critical."""
    assert isinstance(extension, x509.UnrecognizedExtension)
    arcs = [int(arc) for arc in extension.oid.dotted_string.split(".")]
    oid = bytes([arcs[0] * 40 + arcs[1]]) + b"".join(base_128(arc) for arc in arcs[2:])
    content = b"\x06" + bytes([len(oid)]) + oid + b"\x04" + bytes([len(extension.value)]) + extension.value
    return b"\x30" + bytes([len(content)]) + content


def base_128(number: int) -> bytes:
    return bytes([0x80 | number >> 7, number & 0x7F]) if number > 0x7F else bytes([number])


def test_roster_has_test_numbers_only_and_no_card_number_twice() -> None:
    plans = roster()
    assert all(plan.rpps is None or plan.rpps.startswith("997") for plan in plans)
    assert len({plan.name for plan in plans}) == len(plans)
    numbers = [plan.marks.card_number for plan in plans if plan.name != "signature"]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 10 for number in numbers)


def test_cards_file_announces_what_the_demo_prints(made: tuple[Path, dict[str, CardEntry]]) -> None:
    assert json.loads((made[0] / "cards.json").read_text()) == list(made[1].values())
    nunez = made[1]["nunez"]
    assert (nunez["holder"], nunez["rpps"], nunez["kind"], nunez["pin"], nunez["expect"]) == (
        "HÉLÈNE O'BRIEN-NÚÑEZ",
        demo_rpps(5),
        "CPS",
        "1234",
        "accepted",
    )
    assert made[1]["interne"]["kind"] == "CPF"
    assert made[1]["adeli"]["rpps"] is None


@pytest.fixture
def sample() -> x509.Certificate:
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    return certificate(Path(os.environ["CADUCEE_IGC_SAMPLES"]) / "sample-test-cps-signature-2020.pem")


def test_profile_is_byte_for_byte_that_of_the_public_test_card(sample: x509.Certificate) -> None:
    subject = professional_subject("Infirmier", "OLIVIER", "INFIRMCS ADELI8751", "00B6087510")
    assert subject.public_bytes() == sample.subject.public_bytes()
    ldap = (
        "ldap://annuaire-igc.esante.gouv.fr/cn=TEST%20AC%20IGC-SANTE%20FORT%20PERSONNES,"
        "ou=TEST%20AC%20RACINE%20IGC-SANTE%20FORT,ou=IGC-SANTE%20TEST,ou=0002%20187512751,o=ASIP-SANTE,c=FR"
    )
    search = "list;binary?base?objectClass=pkiCA"
    host = "http://igc-sante.esante.gouv.fr"
    addresses = Addresses(
        policy=f"{host}/PC%20TEST",
        crls=(f"{host}/CRL/ACI-FO-PP-TEST.crl", f"{ldap}?certificaterevocation{search}"),
        delta_crl=f"{ldap}?deltarevocation{search}",
        ocsp="http://ocsp.esante.gouv.fr",
        issuer=f"{host}/AC%20TEST/ACI-FO-PP-TEST.cer",
    )
    built = card_extensions(
        signature_usage(sample.not_valid_before_utc, sample.not_valid_after_utc),
        CardMarks(0, "2800636234", profession=60),
        addresses,
        sample.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value,
        sample.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value,
    )
    expected = [(one.oid.dotted_string, one.critical, one.value.public_bytes()) for one in sample.extensions]
    assert [(one.oid.dotted_string, critical, one.public_bytes()) for one, critical in built] == expected


def test_loopback_addresses_have_the_shape_of_the_public_ones(sample: x509.Certificate) -> None:
    mine = Addresses.on_loopback(
        "http://igc-sante.esante.gouv.fr", "TEST AC IGC-SANTE FORT PERSONNES", "TEST AC RACINE IGC-SANTE FORT"
    )
    points = sample.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    theirs = [name.value for point in points for name in point.full_name or ()]
    assert [
        url.replace("ldap://localhost", "ldap://annuaire-igc.esante.gouv.fr") for url in mine.crls
    ] == theirs


def test_authentication_slot_differs_from_the_signature_in_usage_only() -> None:
    key_id = x509.SubjectKeyIdentifier(b"1" * 20)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
    addresses = Addresses.on_loopback(BASE, "A", "R")
    slots = [
        {
            extension.oid: extension.public_bytes()
            for extension, _ in card_extensions(usage, CardMarks(0, "1", 10), addresses, key_id, authority)
        }
        for usage in (authentication_usage("8.1@carte-cps.fr"), signature_usage(NOW, NOW))
    ]
    different = {oid for oid in slots[0] | slots[1] if slots[0].get(oid) != slots[1].get(oid)}
    assert different == {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.PRIVATE_KEY_USAGE_PERIOD,
    }
