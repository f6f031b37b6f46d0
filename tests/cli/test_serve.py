"""`idp serve` as an operator starts it: what it refuses before any worker is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def serve(*options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`idp serve` that must end by itself, with these settings beside the least ones."""
    least = {
        "CADUCEE_ISSUER": "https://localhost:8400",
        "CADUCEE_CARD_HOST": "https://localhost:8401",
        "CADUCEE_APPLICATION_KEY": "k" * 43,
        "CADUCEE_PASSWORD_PEPPER": "p" * 43,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
    return subprocess.run(
        [sys.executable, "-m", "idp.cli", "serve", *options],
        cwd=ROOT,
        env={**kept, **least, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "id.example"])
def test_a_fixed_code_is_refused_on_an_address_others_can_reach(host: str) -> None:
    ended = serve("--host", host, CADUCEE_MAIL_CODE_FIXED="00000000")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "idp: CADUCEE_MAIL_CODE_FIXED: only with --host on a loopback address\n"


def test_a_fixed_code_is_refused_for_an_issuer_others_know() -> None:
    ended = serve(CADUCEE_ISSUER="https://id.example", CADUCEE_MAIL_CODE_FIXED="00000000")
    assert ended.returncode == 2
    assert ended.stderr == "idp: CADUCEE_MAIL_CODE_FIXED: only with an issuer on a loopback host\n"


def test_a_tls_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.crt").write_text("")
    ended = serve(
        CADUCEE_TLS_CERTIFICATE_FILE=str(tmp_path / "server.crt"),
        CADUCEE_TLS_KEY_FILE=str(tmp_path / "absent.key"),
    )
    assert ended.returncode == 1
    assert str(tmp_path / "absent.key") in ended.stderr
    assert "Traceback" not in ended.stderr
