"""`idp trust …` as an operator runs it: on the authorities of the test IGC, and on production's."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from idp.adapters.sql.database import open_database
from idp.adapters.sql.schema import audit_events
from sandbox.igc.directory import ensure_igc
from tests.adapters.igc.revoking import web_server
from tests.commands import idp
from tests.made_once import place_database, place_igc, stock_of_keys

TEST_MODE = {"CARD_ACCEPT_TEST_CARDS": "true"}


@dataclass
class Operator:
    place: Path

    @property
    def installed(self) -> list[str]:
        return sorted(path.name for path in (self.place / "trust").glob("*"))

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        own = {
            "DATABASE": f"sqlite:///{self.place / 'db.sqlite'}",
            "CARD_TRUST_DIRECTORY": str(self.place / "trust"),
            "CARD_OCSP_URL": "http://localhost:9/ocsp",
        }
        return idp("trust", *arguments, **(own | changes))

    def audited(self) -> list[str]:
        database = open_database(f"sqlite:///{self.place / 'db.sqlite'}")
        with database.connect() as connection:
            found = list(connection.execute(sa.select(audit_events.c.event)).scalars())
        database.dispose()
        return found


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    place_database(tmp_path / "db.sqlite")
    return Operator(tmp_path)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("igc")
    place_igc(directory)
    return directory / "ca"


@pytest.fixture(scope="module")
def authorities_anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the same names and addresses: the test IGC made anew."""
    directory = tmp_path_factory.mktemp("igc-anew")
    ensure_igc(directory, datetime.now(UTC), "http://localhost:1/igc", stock_of_keys(backwards=True))
    return directory / "ca"


def test_authorities_of_the_test_igc_are_installed_in_test_mode_and_listed(
    operator: Operator, authorities: Path
) -> None:
    files = [str(authorities / name) for name in ("root.pem", "issuing.pem", "sibling-issuing.pem")]
    done = operator.run("add", *files, **TEST_MODE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("installed (test)") == 2
    assert done.stdout.count("compare its SHA-256") == 2
    assert "STANDARD PERSONNES: it issues none of the cards accepted here" in done.stderr
    assert operator.installed == [
        "caducee-demo-ac-igc-sante-fort-personnes.pem",
        "caducee-demo-ac-racine-igc-sante-fort.pem",
    ]
    assert operator.audited() == ["trust:add:accepted"] * 2
    again = operator.run("add", *files[:2], **TEST_MODE)
    assert (again.returncode, again.stdout.count("already there")) == (3, 2)
    listed = operator.run("list", **TEST_MODE).stdout.splitlines()
    assert [line.split()[-4] for line in listed[1:]] == ["issuing", "root"]
    assert all(" test " in line for line in listed[1:])


def test_production_refuses_test_authorities_when_they_come_and_when_they_are_there(
    operator: Operator, authorities: Path
) -> None:
    files = [str(authorities / name) for name in ("root.pem", "issuing.pem")]
    refused = operator.run("add", *files)
    assert (refused.returncode, operator.installed) == (1, [])
    assert "a test authority, and CADUCEE_CARD_ACCEPT_TEST_CARDS is not set" in refused.stderr
    assert operator.run("add", *files, **TEST_MODE).returncode == 0
    found = operator.run("check")
    assert (found.returncode, "a test authority" in found.stdout) == (1, True)


def test_one_refused_certificate_keeps_the_others_out(operator: Operator, authorities: Path) -> None:
    chain = [
        x509.load_pem_x509_certificate((authorities / name).read_bytes())
        for name in ("root.pem", "issuing.pem", "../tls/server.crt")
    ]
    p7b = operator.place / "chain.p7b"
    p7b.write_bytes(pkcs7.serialize_certificates(chain, Encoding.DER))
    done = operator.run("add", str(p7b), **TEST_MODE)
    assert (done.returncode, operator.installed) == (1, [])
    assert "localhost: not an authority of IGC-Santé" in done.stderr
    p7b.write_bytes(pkcs7.serialize_certificates(chain[:2], Encoding.DER))
    assert operator.run("add", str(p7b), **TEST_MODE).returncode == 0
    assert len(operator.installed) == 2


def test_der_file_is_read_and_anything_else_is_said_to_be_no_certificate(
    operator: Operator, authorities: Path
) -> None:
    der = operator.place / "root.cer"
    root = x509.load_pem_x509_certificate((authorities / "root.pem").read_bytes())
    der.write_bytes(root.public_bytes(Encoding.DER))
    assert operator.run("add", str(der), **TEST_MODE).returncode == 0
    noise = operator.place / "noise"
    noise.write_bytes(b"<html>")
    done = operator.run("add", str(noise), **TEST_MODE)
    assert (done.returncode, "no certificates in PEM, DER or PKCS#7" in done.stderr) == (1, True)
    assert operator.run("add", str(operator.place / "absent"), **TEST_MODE).returncode == 1


def test_check_says_what_is_missing_then_nothing(operator: Operator, authorities: Path) -> None:
    assert "no authority is installed" in operator.run("check").stdout
    files = [str(authorities / name) for name in ("root.pem", "issuing.pem")]
    operator.run("add", files[1], **TEST_MODE)
    assert "signed by none of the roots" in operator.run("check", **TEST_MODE).stdout
    operator.run("add", files[0], **TEST_MODE)
    weak = operator.run("check", **TEST_MODE)
    assert weak.returncode == 0
    for setting in ("CARD_ACCEPT_TEST_CARDS", "CARD_ROOT_CRL_URLS"):
        assert setting in weak.stdout
    with web_server() as web:
        url = web.give_crl("/root.crl", (authorities / "root.crl").read_bytes())
        at_home = {"ISSUER": "http://localhost:8400", "CARD_ROOT_CRL_URLS": url, **TEST_MODE}
        operator.run("refresh", **at_home)
        fine = operator.run("check", **at_home)
    assert (fine.returncode, fine.stdout) == (0, "authorities and revocation lists: no fault\n")
    nobody = {**TEST_MODE, "CARD_OCSP_URL": ""}
    assert "CADUCEE_CARD_OCSP_URL" in operator.run("check", **nobody).stdout


def test_check_warns_before_an_authority_ends_and_while_a_bypass_is_open(
    operator: Operator, authorities: Path
) -> None:
    operator.run("add", *(str(authorities / name) for name in ("root.pem", "issuing.pem")), **TEST_MODE)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    eleven_years = str(11 * 365 * 24 * 3600)
    done = operator.run(
        "check",
        **TEST_MODE,
        CARD_TRUST_WARNING=eleven_years,
        CARD_REVOCATION_BYPASS_UNTIL=until,
    )
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert all(line.startswith("warning") for line in lines)
    assert sum("ends in 36" in line for line in lines) == 2
    assert sum("cards of unknown status are let in until" in line for line in lines) == 1


def test_refresh_fetches_the_lists_and_check_misses_them_before(
    operator: Operator, authorities: Path
) -> None:
    operator.run("add", *(str(authorities / name) for name in ("root.pem", "issuing.pem")), **TEST_MODE)
    with web_server() as web:
        url = web.give_crl("/a.crl", (authorities / "issuing.crl").read_bytes())
        asked = {**TEST_MODE, "CARD_CRL_URLS": url}
        assert "a revocation list is missing" in operator.run("check", **asked).stdout
        assert operator.run("refresh", **asked).returncode == 0
        assert operator.run("refresh", **asked).returncode == 3
        assert operator.run("check", **asked).returncode == 0
    assert operator.run("refresh", **TEST_MODE).returncode == 1


def test_refresh_fetches_what_lacks_after_an_authority_was_replaced_and_says_what_still_does(
    operator: Operator, authorities: Path, authorities_anew: Path
) -> None:
    """The same addresses, the same names, other keys: what was planned for the old lists counts for nothing."""
    with web_server() as web:
        asked = {
            **TEST_MODE,
            "CARD_CRL_URLS": web.give_crl("/a.crl", (authorities / "issuing.crl").read_bytes()),
            "CARD_ROOT_CRL_URLS": web.give_crl("/r.crl", (authorities / "root.crl").read_bytes()),
        }
        operator.run("add", *(str(authorities / name) for name in ("root.pem", "issuing.pem")), **asked)
        assert operator.run("refresh", **asked).returncode == 0
        operator.run("add", *(str(authorities_anew / name) for name in ("root.pem", "issuing.pem")), **asked)
        assert len(operator.installed) == 2
        # The lists of the new keys are not there yet.
        missed = operator.run("refresh", **asked)
        assert missed.returncode == 1
        assert "FORT PERSONNES: no revocation list that counts" in missed.stderr
        assert "FORT: no revocation list that counts" in missed.stderr
        web.give_crl("/a.crl", (authorities_anew / "issuing.crl").read_bytes())
        half = operator.run("refresh", **asked)
        assert (half.returncode, "PERSONNES: no" in half.stderr, "FORT: no" in half.stderr) == (
            1,
            False,
            True,
        )
        web.give_crl("/r.crl", (authorities_anew / "root.crl").read_bytes())
        done = operator.run("refresh", **asked)
        assert (done.returncode, done.stderr) == (0, "")
        again = operator.run("refresh", **asked)
        assert (again.returncode, again.stdout) == (3, "no list is due\n")
        assert operator.run("check", **asked).returncode == 0


def test_published_authorities_are_installed_in_production(operator: Operator) -> None:
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    files = sorted(Path(os.environ["CADUCEE_IGC_SAMPLES"]).glob("AC*.pem"))
    done = operator.run("add", *map(str, files))
    assert done.returncode == 0, done.stderr
    assert operator.installed == ["ac-igc-sante-fort-personnes.pem", "ac-racine-igc-sante-fort.pem"]
    assert done.stdout.count("installed (pinned)") == 2
    assert done.stderr.count("it issues none of the cards accepted here") == 7
    with_employees = operator.run("add", *map(str, files), CARD_ACCEPT_EMPLOYEE_CARDS="true")
    assert with_employees.stdout.count("installed (pinned)") == 2
    assert len(operator.installed) == 4
    assert operator.run("check").returncode == 1  # STANDARD is no longer wanted
