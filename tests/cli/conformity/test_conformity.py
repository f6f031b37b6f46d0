"""`idp conformity`, in this process: what is printed, and the exit status."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from idp.cli.main import main
from tests.commands import set_environment
from tests.conformity.examples import FOLDER, of_file
from tests.conformity.judging import written
from tests.protocol.tls_certificates import self_signed

_PSC = {"PSC_ENVIRONMENT": "production", "PSC_CLIENT_ID": "x", "PSC_CLIENT_SECRET": "s" * 20}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither cards nor passwords: nothing is open that breaks a rule."""
    written(tmp_path / "clients.yaml", (FOLDER / "hospital.clients.yaml").read_text("utf-8"))
    set_environment(
        monkeypatch,
        CLIENTS_FILE=str(tmp_path / "clients.yaml"),
        CARD_TRUST_DIRECTORY=str(tmp_path / "trust"),
        DATABASE=f"sqlite:///{tmp_path}/none.sqlite",
        PASSKEYS="forbid",
        PASSWORD_DOOR="false",
        **_PSC,
    )
    return tmp_path


def test_where_nothing_is_broken_the_status_is_0(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformity"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# Dossier de conformité\n\nhttps://id.example, au ")
    assert "**VERT.**" in said.out
    assert said.err == ""


def test_an_open_door_that_breaks_a_rule_in_force_is_1_and_named_on_stderr(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CADUCEE_PASSWORD_DOOR", "true")
    assert main(["conformity", "--lang", "en"]) == 1
    said = capsys.readouterr()
    assert "**RED.**" in said.out
    assert "idp: password is open and does not keep rie-1.exi-03.transition\n" in said.err


def test_of_another_day_the_rules_of_that_day_count(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CADUCEE_PASSWORD_DOOR", "true")
    monkeypatch.setenv("CADUCEE_ACCOUNT_IDENTITY_PROVED_EVERY", "24")
    monkeypatch.setenv("CADUCEE_PASSKEYS", "demand")
    assert [main(["conformity", "--on", day]) for day in ("2025-12-31", "2026-01-01")] == [0, 1]
    assert "au 31 décembre 2025" in capsys.readouterr().out


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow", "20261231", "٢٠٢٦-12-31"])
def test_what_is_no_day_is_wrong_use(house: Path, day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["conformity", "--on", day])
    assert "a day such as 2026-12-31" in capsys.readouterr().err


def test_as_json_it_is_one_value(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformity", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    opened = {part["id"]: part["is_open"] for part in told["means"]}
    assert opened == {"cps": False, "psc": True, "password": False, "passkey": False, "service": True}


def test_cards_are_a_door_once_authorities_are_installed(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (house / "trust").mkdir()
    (house / "trust" / "root.pem").write_bytes(self_signed("ACR-FO").certificate.public_bytes(Encoding.PEM))
    main(["conformity", "--json"])
    assert json.loads(capsys.readouterr().out)["means"][0]["is_open"]
    written(house / "trust" / "root.pem", "no certificate")
    assert main(["conformity"]) == 2
    assert "CADUCEE_CARD_TRUST_DIRECTORY" in capsys.readouterr().err


def test_faults_of_the_operators_rules_are_2_each_at_its_place(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(house / "rules.yaml", "removed:\n  - {rule: x, why: y, by: z}\nanswers: 7\n")
    monkeypatch.setenv("CADUCEE_CONFORMITY_RULES_FILE", str(file))
    assert main(["conformity"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.partition(" ")[2].split(": ")[0] for line in said.err.splitlines()] == [
        f"{file}:2:12",
        f"{file}:3:10",
    ]


def test_a_file_of_rules_that_is_not_there_is_the_settings_fault(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CADUCEE_CONFORMITY_RULES_FILE", str(house / "none.yaml"))
    assert main(["conformity"]) == 2
    assert capsys.readouterr().err == (
        "idp: CADUCEE_CONFORMITY_RULES_FILE: a readable file of rules; it is absent\n"
    )


def test_faults_of_the_clients_are_1_and_nothing_is_said_to_be_met(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(house / "clients.yaml", "clients: 7\n")
    assert main(["conformity"]) == 1
    said = capsys.readouterr()
    assert (said.out, "clients.yaml:1:10" in said.err) == ("", True)


def test_the_settings_of_the_hospital_start() -> None:
    assert of_file(FOLDER / "hospital.conf").conformity.rules_file is not None
