"""`idp mails …`: what was given up and why, without a whole address; sent again, or forgotten."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.database import open_database
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.worker_schema import dead_mails
from idp.cli.main import main
from idp.core.clock import SystemClock
from idp.core.mailer import Mail
from tests.commands import set_environment
from tests.made_once import place_database

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    url = place_database(tmp_path / "db.sqlite")
    set_environment(monkeypatch, DATABASE=url)
    return open_database(url)


@pytest.fixture
def said(database: Engine, capsys: pytest.CaptureFixture[str]) -> Said:
    def say(*arguments: str) -> tuple[int, str]:
        status = main(["mails", *arguments])
        out, err = capsys.readouterr()
        return status, out + err

    return say


def give_up(database: Engine, number: int, *, text: str = "sealed") -> None:
    row = {
        "recipient": f"dupont.{number}@hopital.example",
        "subject": "Votre compte est effacé",
        "text": text,
        "html": text,
        "created_at": NOON,
        "died_at": NOON + timedelta(minutes=number),
        "attempts": number,
        "reason": "550 5.1.1",
    }
    with database.begin() as connection:
        connection.execute(sa.insert(dead_mails).values(row))


def test_mails_given_up_are_listed_newest_first_with_why_when_and_how_often(
    database: Engine, said: Said
) -> None:
    give_up(database, 1)
    give_up(database, 2, text="")
    mail = Mail(to="a@b.example", subject="s", text="t", html="h")
    SqlOutbox(database, SystemClock()).post(mail, expires_after_seconds=60)
    status, text = said("list")
    _head, newest, oldest, waiting = text.splitlines()
    assert status == 0
    assert newest.split() == [
        *("2", "2026-11-30T12:02:00Z", "2", "550", "5.1.1", "(code)", "d•••@hopital.example"),
        *("Votre", "compte", "est", "effacé"),
    ]
    assert oldest.split()[:6] == ["1", "2026-11-30T12:01:00Z", "1", "550", "5.1.1", "d•••@hopital.example"]
    assert waiting.startswith("1 waiting to be sent, the oldest since 20")
    assert "dupont" not in text
    assert len(said("list", "--last", "1")[1].splitlines()) == 3


def test_the_list_for_programs_says_the_same(database: Engine, said: Said) -> None:
    give_up(database, 1)
    status, text = said("list", "--json")
    assert status == 0
    assert json.loads(text) == {
        "waiting": {"number": 0, "oldest_at": None},
        "given_up": [
            {
                "id": 1,
                "to": "d•••@hopital.example",
                "subject": "Votre compte est effacé",
                "reason": "550 5.1.1",
                "tries": 1,
                "posted_at": "2026-11-30T12:00:00Z",
                "given_up_at": "2026-11-30T12:01:00Z",
                "may_be_sent": True,
            }
        ],
    }


def test_an_empty_list_says_that_nothing_waits(said: Said) -> None:
    status, text = said("list")
    assert (status, text.splitlines()[1:]) == (0, ["0 waiting to be sent"])


def recipients(database: Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.execute(sa.select(outbox.c.recipient).order_by(outbox.c.id)).scalars())


def test_one_mail_or_all_are_sent_again_but_no_code(database: Engine, said: Said) -> None:
    for number in (1, 2, 3):
        give_up(database, number)
    give_up(database, 4, text="")
    assert said("retry", "2") == (0, "1 to be sent again\n")
    assert said("retry", "2")[0] == 3
    assert said("retry", "4") == (3, "idp: no such mail, or none that may be sent: `idp mails list`\n")
    assert said("retry", "--all") == (0, "2 to be sent again\n")
    assert recipients(database) == [f"dupont.{number}@hopital.example" for number in (2, 1, 3)]


def test_one_mail_or_all_are_forgotten(database: Engine, said: Said) -> None:
    for number in (1, 2, 3):
        give_up(database, number)
    assert said("drop", "2") == (0, "1 forgotten\n")
    assert said("drop", "--all") == (0, "2 forgotten\n")
    assert said("drop", "--all")[0] == 3
    assert recipients(database) == []


@pytest.mark.parametrize("given", [[], ["1", "--all"], ["-1"], ["one"], ["9999999999"]])
@pytest.mark.parametrize("action", ["retry", "drop"])
def test_which_mail_must_be_said(said: Said, action: str, given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        said(action, *given)
    assert ended.value.code == 2
