"""`idp settings show`: every setting with its value, its origin and its fault; no secret."""

import json
from pathlib import Path

import pytest

from idp.cli.main import main
from idp.settings import read_settings_file, settings_in_force
from idp.settings.groups import catalogue
from idp.settings.in_force import Shown
from tests.settings.test_bad_values import BAD, GOOD, SECRETS


def shown(changes: dict[str, str], file: Path | None = None) -> dict[str, Shown]:
    environment = {f"CADUCEE_{name}": value for name, value in {**GOOD, **changes}.items()}
    read = read_settings_file(file) if file else None
    found = settings_in_force(environment, read)
    return {row.name.removeprefix("CADUCEE_"): row for row in found}


def test_every_setting_is_there_once_in_the_order_of_the_page() -> None:
    assert list(shown({})) == list(catalogue())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("CODE_LIFE", "30", "30"),
        ("PASSWORD_DOOR", "no", "false"),
        ("PSC_ACCEPTED_ACR", "eidas1  eidas3", "eidas1 eidas3"),
        ("CARD_ROOT_FILES", "/a:/b", "/a:/b"),
        ("TLS_KEY_FILE", "/tls/key", "/tls/key"),
        ("CARD_REVOCATION_BYPASS_UNTIL", "2026-12-24T18:00:00Z", "2026-12-24T18:00:00+00:00"),
        ("HELP_DESK", "3999", "3999"),
        (
            "DATABASE",
            "postgresql://u:hunter2@db:5432/caducee?sslmode=x",
            "postgresql://***@db:5432/caducee?***",
        ),
        ("DATABASE", "postgresql://u:hunter[2@db/caducee", "***"),
        ("DATABASE", "sqlite:////var/lib/c.sqlite", "sqlite:////var/lib/c.sqlite"),
        ("REDIS", "rediss://:hunter2@cache/0", "rediss://***@cache/0"),
        ("PROXY_SECRET", "hunter2" * 9, "***"),
        ("HSM_PIN", "hunter2", "***"),
    ],
)
def test_a_value_is_shown_as_a_variable_has_it_and_a_secret_is_not(name: str, text: str, value: str) -> None:
    also = {"TLS_CERTIFICATE_FILE": "/tls/crt"} if name.startswith("TLS") else {}
    row = shown({name: text, **also})[name]
    assert (row.value, row.origin, row.is_changed, row.fault) == (value, "environment", True, "")


def test_a_default_is_one_and_so_is_one_that_is_written() -> None:
    assert shown({})["CODE_LIFE"] == Shown(
        name="CADUCEE_CODE_LIFE", value="60", origin="default", is_changed=False
    )
    written = shown({"CODE_LIFE": "60"})["CODE_LIFE"]
    assert (written.origin, written.is_changed) == ("environment", False)


def test_an_origin_is_the_line_of_a_file_or_the_file_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("p" * 43)
    conf = tmp_path / "caducee.conf"
    conf.write_text(
        f"# ours\nCADUCEE_CODE_LIFE=30\nCADUCEE_HSM_PIN_FILE={tmp_path / 'key'}\nCADUCEE_HELP_DESK=1\n"
    )
    found = shown({"CODE_LIFE": "30", "HSM_PIN_FILE": str(tmp_path / "key"), "HELP_DESK": "2"}, conf)
    assert found["CODE_LIFE"].origin == f"{conf}:2"
    assert found["HSM_PIN"].origin == f"{conf}:3, file {tmp_path / 'key'}"
    assert found["HELP_DESK"].origin == "environment"


@pytest.mark.parametrize(
    ("changes", "name", "words"), BAD, ids=[f"{name}: {words}" for _, name, words in BAD]
)
def test_a_broken_setting_is_shown_with_its_fault_and_without_its_value(
    changes: dict[str, str], name: str, words: str
) -> None:
    found = shown(changes)
    row = found[name if name in found else name.removesuffix("_FILE")]
    assert words in row.fault
    assert row.value == ""
    assert row.is_changed
    assert not any(secret in str(found) for secret in SECRETS)


def test_what_must_be_set_and_is_not_is_told() -> None:
    rows = {row.name: row for row in settings_in_force({}, None)}
    assert rows["CADUCEE_ISSUER"].fault.startswith("must be set: ")
    assert rows["CADUCEE_CODE_LIFE"].fault == ""


def test_a_secret_written_in_place_of_its_path_is_not_told() -> None:
    assert "hunter2" not in str(shown({"HSM_PIN_FILE": "hunter2"}))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(f"CADUCEE_{name}", value)
    return monkeypatch


def test_the_command_shows_all_or_what_was_changed(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("CADUCEE_CODE_LIFE", "30")
    assert main(["settings", "show"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(catalogue())
    assert main(["settings", "show", "--changed"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "CADUCEE_ISSUER=https://id.example  # environment",
        "CADUCEE_CARD_HOST=https://carte.id.example  # environment",
        "CADUCEE_PASSWORD_PEPPER=***  # environment",
        "CADUCEE_CODE_LIFE=30  # environment",
        "CADUCEE_APPLICATION_KEY=***  # environment",
    ]


def test_the_command_shows_settings_that_no_command_starts_with(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("CADUCEE_CODE_LIFE", "-1")
    environment.setenv("CADUCEE_SESION_LIFE", "1")
    assert main(["settings", "show", "--changed", "--json"]) == 2
    said = capsys.readouterr()
    faults = {row["name"]: row["fault"] for row in json.loads(said.out) if row["fault"]}
    assert faults == {
        "CADUCEE_CODE_LIFE": "1 to 315360000 seconds (ten years); it is negative",
        "CADUCEE_SESION_LIFE": "no such setting; did you mean CADUCEE_SESSION_LIFE?",
    }
    assert said.err == "idp: 2 with a fault: no command starts with these settings\n"
