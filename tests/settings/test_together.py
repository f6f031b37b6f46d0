"""Faults of several settings: all are told at once but those that may end with another; and what is no fault."""

from datetime import timedelta
from pathlib import Path

import pytest

from idp.settings import Settings, read_settings
from tests.settings.test_bad_values import GOOD, PSC, lines_of


def settings(changes: dict[str, str]) -> Settings:
    return read_settings({f"CADUCEE_{name}": value for name, value in {**GOOD, **changes}.items()})


@pytest.mark.parametrize(
    "changes",
    [
        {"ISSUER": "https://id.example/", "KEY_PUBLISH_BEFORE": "0", "MAIL_CODE_FIXED": "12345678"},
        {"ISSUER": "https://id.example/", "CARD_HOST": "https://id.example"},
        {"ISSUER": "http://id.example", "KEY_PUBLISH_BEFORE": "0"},
        {"MAIL_CODE_DIGITS": "many", "MAIL_CODE_FIXED": "1234567"},
        {"PROXY_SECRET": "short", "MTLS_ORIGIN": "http://mtls.example"},
        {**PSC, "PSC_ISSUER": "ftp://psc.example", "PSC_CLIENT_ID": "", "PSC_SCOPE": "x", "PSC_JWKS_URI": "ftp://a"},
        {**PSC, "SESSION_LIFE": "14401", "KEY_RETIRE_AFTER": "90000", "SESSION_IDLE": "1801"},
        {"CARD_LISTEN": "unix:card.sock", "CARD_PROXY_USER": ""},
    ],
)  # fmt: skip
def test_faults_that_do_not_follow_from_another_are_told_at_once(changes: dict[str, str]) -> None:
    right = {*PSC.items(), ("KEY_RETIRE_AFTER", "90000")}
    expected = {name for name, value in changes.items() if (name, value) not in right}
    told = [line.partition(":")[0].removeprefix("CADUCEE_") for line in lines_of(changes)]
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"ISSUER": "https://[0:0:0:0:0:0:0:1]/", "KEY_PUBLISH_BEFORE": "0"}, "ISSUER"),
        ({"ISSUER": "id.example", "MAIL_CODE_FIXED": "12345678"}, "ISSUER"),
        ({"PASSWORD_MAX": "10"}, "PASSWORD_MAX"),
        ({"MAIL_CODE_DIGITS": "4", "MAIL_CODE_FIXED": "1234", "ISSUER": "https://localhost"}, "MAIL_CODE_DIGITS"),
    ],
)  # fmt: skip
def test_a_fault_that_may_end_with_another_is_not_told(changes: dict[str, str], name: str) -> None:
    (line,) = lines_of(changes)
    assert line.startswith(f"CADUCEE_{name}:")


TWO_LINES = "k" * 40 + "\n" + "z" * 40
PASSPHRASE = " une phrase avec des espaces, longue comme il faut "


@pytest.mark.parametrize("secret", [TWO_LINES, PASSPHRASE, " " * 2 + "k" * 43])
def test_a_key_and_a_pepper_of_before_keep_every_octet(secret: str, tmp_path: Path) -> None:
    found = settings({"APPLICATION_KEY": secret, "PASSWORD_PEPPER": secret})
    assert (found.keys.application, found.password.pepper) == (secret, secret)
    (tmp_path / "pepper").write_bytes(secret.encode().replace(b"\n", b"\r\n") + b"\r\n")
    others = {f"CADUCEE_{name}": value for name, value in GOOD.items() if name != "PASSWORD_PEPPER"}
    # As before: text mode, then without the white space around.
    of_file = (tmp_path / "pepper").read_text("utf-8").strip()
    read = read_settings({**others, "CADUCEE_PASSWORD_PEPPER_FILE": str(tmp_path / "pepper")})
    assert read.password.pepper == of_file == secret.strip()


def test_the_proxy_secret_is_a_header_and_has_no_white_space() -> None:
    (line,) = lines_of({"PROXY_SECRET": TWO_LINES})
    assert line.startswith("CADUCEE_PROXY_SECRET: 32 random bytes")


@pytest.mark.parametrize(
    "changes",
    [
        {"AUDIT_LIFE": str(20 * 365 * 86400)},
        {"DATABASE": "postgresql://u:p@db.caducee.svc.:5432/caducee"},
        {"DATABASE": "postgresql://db.caducee.svc:5432/caducee?application_name=a@b"},
        {"DATABASE": "postgresql://db/caducee?application_name=a@b"},
        {"REDIS": "redis://:s@cache.caducee.svc.:6379/0"},
        {"SMTP_HOST": "relay.example."},
        {"CARD_HOST": "https://id.example:8443"},
        {"PSC_SCOPE": "x", "PSC_ACCEPTED_ACR": "0", "PSC_JWKS_URI": "ftp://a", "PSC_CLIENT_KEY_FILE": "/k"},
        {"PSC_CLIENT_AUTHENTICATION": "tls_client_auth"},
        {**PSC, "PSC_ACCEPTED_ACR": "", "PSC_ACCEPT_MISSING_ACR": "true"},
        {"PASSWORD_FREE_TRIES": "0"},
    ],
)
def test_what_is_no_fault(changes: dict[str, str]) -> None:
    settings(changes)


def test_spaces_and_line_ends_around_a_number_are_forgiven() -> None:
    found = settings({"SMTP_PORT": " 25", "CODE_LIFE": "60\r"})
    assert (found.mail.port, found.lives.code_life) == (25, timedelta(seconds=60))
