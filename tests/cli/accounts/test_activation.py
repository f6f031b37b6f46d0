"""`idp accounts activate`: a code for a person whom an administrator saw, asked back, audited, told by mail."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.database import open_database
from idp.adapters.sql.schema import audit_events, outbox
from idp.cli.main import main
from tests.cli.terminal import sit_at
from tests.commands import set_environment
from tests.made_once import place_database
from tests.people import ALICE_RPPS, an_account, an_identity

ASKED = ["accounts", "activate", ALICE_RPPS, "--checked", "carte d'identité,  vue"]
YES = [*ASKED, "--yes"]
YOUNG = an_account(identity=an_identity(verified_at=datetime.now(UTC)))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    url = place_database(tmp_path / "db.sqlite")
    set_environment(monkeypatch, DATABASE=url)
    opened = open_database(url)
    SqlAccounts(opened).add(YOUNG)
    return opened


def code_in(text: str) -> str:
    return re.findall(r"^ +([0-9A-Z]{5}(?:-[0-9A-Z]{5}){3})$", text, re.MULTILINE)[0]


def count(database: sa.Engine, table: sa.Table) -> int:
    with database.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_the_code_is_shown_once_kept_by_its_digest_audited_and_told(
    database: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(YES) == 0
    told = capsys.readouterr().out
    assert f"RPPS {ALICE_RPPS}" in told
    assert "a•••@hopital.example" in told
    activation = SqlActivations(database).find(code_in(told))
    assert activation is not None
    assert activation.ends_at - activation.issued_at == timedelta(hours=24)
    with database.connect() as connection:
        (event,) = connection.execute(sa.select(audit_events)).all()
    assert event.event == "activation:issue:accepted"
    assert event.account_id == YOUNG.id
    assert event.facts["checked"] == "carte d'identité, vue"
    assert code_in(told) not in str(event)
    assert count(database, outbox) == 1
    assert SqlAccounts(database).get(YOUNG.id) == YOUNG


def test_a_second_code_voids_the_first_and_its_life_is_a_setting(
    database: sa.Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(YES)
    first = code_in(capsys.readouterr().out)
    monkeypatch.setenv("CADUCEE_ACTIVATION_LIFE", "3600")
    main(YES)
    second = SqlActivations(database).find(code_in(capsys.readouterr().out))
    assert SqlActivations(database).find(first) is None
    assert second is not None
    assert second.ends_at - second.issued_at == timedelta(hours=1)


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), (None, 2)])
def test_it_is_asked_back(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch, answer: str | None, status: int
) -> None:
    sit_at(monkeypatch, answer)
    assert main(ASKED) == status
    assert count(database, audit_events) == int(status == 0)


@pytest.mark.parametrize("checked", ["", "  ", "ab", "x" * 101, "a\x00bcd"])
def test_what_was_checked_is_said(database: sa.Engine, checked: str) -> None:
    for said in (["--checked", checked], []):
        with pytest.raises(SystemExit) as ended:
            main(["accounts", "activate", ALICE_RPPS, *said, "--yes"])
        assert ended.value.code == 2
    assert count(database, audit_events) == 0


@pytest.mark.parametrize(
    ("changes", "account", "told"),
    [
        ({}, replace(YOUNG, enabled=False), "disabled"),
        (
            {},
            replace(YOUNG, identity=an_identity(verified_at=datetime(2020, 1, 1, tzinfo=UTC))),
            "too long ago",
        ),
        ({"PASSWORD_DOOR": "false"}, YOUNG, "PASSWORD_DOOR"),
        ({"PASSKEYS": "demand", "ISSUER": "https://id.example"}, YOUNG, "PASSKEYS=demand"),
    ],
)
def test_nobody_gets_a_code_that_would_open_nothing(
    database: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    account: object,
    told: str,
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(f"CADUCEE_{name}", value)
    SqlAccounts(database).save(account)  # type: ignore[arg-type]
    assert main(YES) == 1
    assert told in capsys.readouterr().err
    assert count(database, audit_events) == 0


def test_an_account_that_does_not_exist_is_not_made(
    database: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accounts", "activate", "10000000025", "--checked", "carte vue", "--yes"]) == 1
    assert "the first connection takes the card" in capsys.readouterr().err
