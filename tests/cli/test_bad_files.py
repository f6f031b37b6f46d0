"""Files, a port, a URL and a PIN that cannot serve: one line names the variable, and repeats no secret."""

import os
from pathlib import Path

import pytest

from idp.cli.main import main
from tests.commands import idp
from tests.made_once import place_database, place_keys

CERTIFICATES = "readable files of PEM certificates"
#: Of any command that verifies cards, by the fault of the file.
ROOT_FILE_LINES = {
    "absent": f"idp: CADUCEE_CARD_ROOT_FILES: {CERTIFICATES}, each of them; it is absent\n",
    "README.md": f"idp: CADUCEE_CARD_ROOT_FILES: {CERTIFICATES}; one holds none, or more than that\n",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


def furnish(place: Path) -> None:
    place_database(place / "db.sqlite")
    (place / "clients.yaml").write_text("clients: []\n")
    place_keys(place / "keys")


def settings_of(place: Path) -> dict[str, str]:
    """Of the house in `place`."""
    return {
        "DATABASE": f"sqlite:///{place / 'db.sqlite'}",
        "KEYS_DIRECTORY": str(place / "keys"),
        "CLIENTS_FILE": str(place / "clients.yaml"),
        "CARD_TRUST_DIRECTORY": str(place / "trust"),
        "CARD_OCSP_URL": "http://localhost:9/ocsp",
    }


def told_by(place: Path, command: str, *last: str, **changes: str) -> tuple[int, str]:
    """Returns the exit status and stderr of a command that must end by itself."""
    ended = idp(*command.split(), *last, **(settings_of(place) | changes))
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("absent", ["TLS_CERTIFICATE_FILE", "TLS_KEY_FILE"])
def test_the_variable_of_an_absent_tls_file_is_named(place: Path, absent: str) -> None:
    files = {name: str(place / "clients.yaml") for name in ("TLS_CERTIFICATE_FILE", "TLS_KEY_FILE")}
    _status, told = told_by(place, "serve", **{**files, absent: "/nope"})
    assert told == f"idp: CADUCEE_{absent}: a readable file, PEM; /nope: No such file or directory\n"


@pytest.mark.parametrize(
    ("variable", "command"),
    [("CLIENTS_FILE", "serve"), ("CARD_ROOT_FILES", "card-host"), ("TLS_KEY_FILE", "serve")],
)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(place: Path, variable: str, command: str) -> None:
    os.mkfifo(place / "pipe")
    others = {"TLS_KEY_FILE": {"TLS_CERTIFICATE_FILE": str(place / "clients.yaml")}}
    status, told = told_by(place, command, **{variable: str(place / "pipe")}, **others.get(variable, {}))
    assert (status, told.count("\n"), told.startswith(f"idp: CADUCEE_{variable}: ")) in (
        (1, 1, True),
        (2, 1, True),
    )


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_an_absent_file_of_clients_is_named(place: Path, command: str) -> None:
    told = "idp: CADUCEE_CLIENTS_FILE: a readable file of clients, YAML; it is absent\n"
    assert told_by(place, command, CLIENTS_FILE="/nope.yaml") == (2, told)


def test_a_directory_in_place_of_the_file_of_clients_is_told(place: Path) -> None:
    told = "idp: CADUCEE_CLIENTS_FILE: a readable file of clients, YAML; it is a directory\n"
    assert told_by(place, "worker", CLIENTS_FILE=str(place)) == (2, told)


@pytest.mark.parametrize("file", ROOT_FILE_LINES)
@pytest.mark.parametrize("command", ["trust list", "trust check", "card-host"])
def test_a_bad_file_of_authorities_is_named(place: Path, command: str, file: str) -> None:
    assert told_by(place, command, CARD_ROOT_FILES=file) == (2, ROOT_FILE_LINES[file])


def test_a_bad_file_among_the_installed_authorities_is_named(place: Path) -> None:
    (place / "trust").mkdir()
    (place / "trust" / "noise.pem").write_text("noise")
    status, told = told_by(place, "trust list")
    assert (status, told.startswith("idp: CADUCEE_CARD_TRUST_DIRECTORY: ")) == (2, True)


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "x"])
def test_a_port_that_does_not_exist_is_wrong_use(place: Path, port: str) -> None:
    status, told = told_by(place, "serve", f"--port={port}")
    assert (status, told.splitlines()[-1]) == (2, "idp serve: error: argument --port: 0 to 65535")


@pytest.mark.parametrize("value", ["٣", "３", "1_0", "+4", " 4", "-1", "4\n", "1e1", ""])
@pytest.mark.parametrize(
    "option", ["serve --port", "serve --workers", "serve --threads", "logouts list --last"]
)
def test_a_number_in_other_digits_is_wrong_use(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*option.split()[:-1], f"{option.split()[-1]}={value}"])
    assert ": 0 to " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["trust refresh", "init", "worker"])
def test_an_option_that_the_database_driver_does_not_know_is_told(place: Path, command: str) -> None:
    url = "postgresql://caducee:hunter2@localhost:9/caducee?bogus=x"
    told = "idp: CADUCEE_DATABASE: the database URL has an option that its driver does not know\n"
    changes = {"CARD_CRL_URLS": "http://localhost:9/a.crl"}
    assert told_by(place, command, DATABASE=url, **changes) == (2, told)


@pytest.mark.parametrize(
    ("text", "it_is"), [(None, "absent"), ("", "it holds none"), ("noise", "it holds none")]
)
def test_a_bad_file_of_authorities_of_pro_sante_connect_is_told(
    place: Path, text: str | None, it_is: str
) -> None:
    file = place / "psc.ca"
    if text is not None:
        file.write_text(text)
    settings = {"PSC_ENVIRONMENT": "sandbox", "PSC_CLIENT_ID": "us", "PSC_CLIENT_SECRET": "s" * 32}
    status, told = told_by(place, "psc check", **settings, PSC_CA_FILE=str(file))
    assert (status, told.count("\n")) == (2, 1)
    assert told.startswith("idp: CADUCEE_PSC_CA_FILE: a readable file of PEM certificates; ")
    assert told.endswith(f"{it_is}\n")


@pytest.mark.parametrize(
    ("command", "text", "it_is"),
    [
        ("serve", "noise", "it holds none"),
        ("worker", None, "it is absent"),
        ("mail check", "", "it holds none"),
    ],
)
def test_a_bad_file_of_authorities_of_the_mail_relay_is_told_at_every_start(
    place: Path, command: str, text: str | None, it_is: str
) -> None:
    file = place / "relay.ca"
    if text is not None:
        file.write_text(text)
    told = f"idp: CADUCEE_SMTP_CA_FILE: a readable file of PEM certificates; {it_is}\n"
    assert told_by(place, command, SMTP_TLS="starttls", SMTP_CA_FILE=str(file)) == (2, told)


@pytest.mark.parametrize(
    ("octets", "it_is"),
    [
        (None, "absent"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"x" * (4 * 1024 * 1024 + 1), "larger than such a file"),
    ],
    ids=["absent", "not text", "too large"],
)
def test_a_bad_list_of_leaked_passwords_is_told_at_the_start(
    place: Path, octets: bytes | None, it_is: str
) -> None:
    file = place / "leaked.txt"
    if octets is not None:
        file.write_bytes(octets)
    status, told = told_by(place, "serve", PASSWORD_LEAKED_FILE=str(file))
    assert (status, told.count("\n")) == (2, 1)
    assert told.startswith(
        "idp: CADUCEE_PASSWORD_LEAKED_FILE: a readable UTF-8 file of passwords; it is " + it_is
    )


def test_without_authority_a_refresh_says_so_and_speaks_of_no_list(place: Path) -> None:
    told = "idp: no authority is installed: no card can sign in (idp trust add FILE…)\n"
    assert told_by(place, "trust refresh", CARD_CRL_URLS="http://localhost:9/a.crl") == (1, told)


@pytest.mark.parametrize("arguments", ["keys generate", "keys rotate --alg", ""])
def test_a_pin_that_is_not_expected_there_is_not_repeated(place: Path, arguments: str) -> None:
    status, told = told_by(place, arguments, "pkcs11:token=caducee?pin-value=hunter2 or 3")
    assert (status, "hunter2" in told, "or 3" in told) == (2, False, False)
    assert told.endswith("error: an argument that holds a PIN is not expected there\n")
