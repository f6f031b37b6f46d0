"""`idp logouts list`: what an operator reads, and that it names no person."""

import re
from pathlib import Path

import pytest

from idp.accounts.grants import Grant
from idp.accounts.logouts import NoticeState
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.cli.main import main
from tests.commands import set_environment
from tests.contracts.specimens import ALICE, LATER, NOON, an_account
from tests.made_once import place_database


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One notice delivered, one waiting, one given up."""
    url = place_database(tmp_path / "db.sqlite")
    set_environment(monkeypatch, DATABASE=url)
    database = open_database(url)
    SqlAccounts(database).add(an_account())
    queue, grants = SqlLogoutNotices(database), SqlGrants(database)
    for sid, at, clients in (("sid-1", NOON, ("via", "grand-age")), ("sid-2", LATER, ("via",))):
        for client_id in clients:
            grants.add(
                Grant(
                    id=f"{sid} {client_id}", account_id=ALICE, client_id=client_id, sid=sid, granted_at=NOON
                )
            )
            grants.redeem(f"{sid} {client_id}", NOON)
        grants.end_session(sid, at, clients)
    for client_id, state, outcome, deliveries in (
        ("grand-age", NoticeState.ABANDONED, "ReadTimeout", 4),
        ("via", NoticeState.DELIVERED, "204", 1),
    ):
        held = queue.lease_next(client_id, LATER)
        assert held is not None
        queue.settle(held, state, outcome, deliveries)
    database.dispose()
    return url


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[list[str]]:
    assert main(["logouts", "list", *options]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["ENDED", "(UTC)", "STATE", "ATTEMPTS", "LAST", "STATUS", "CLIENT"]
    return [line.split() for line in lines]


def test_list_says_client_instant_state_tries_and_last_status(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = listed(capsys)
    assert first == ["2026-11-23T13:00:00Z", "waiting", "0", "-", "via"]
    assert sorted(others, key=str) == [
        ["2026-11-23T12:00:00Z", "abandoned", "4", "ReadTimeout", "grand-age"],
        ["2026-11-23T12:00:00Z", "delivered", "1", "204", "via"],
    ]


def test_list_can_be_narrowed(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert [line[-1] for line in listed(capsys, "--state", "abandoned")] == ["grand-age"]
    assert [line[1] for line in listed(capsys, "--client", "via")] == ["waiting", "delivered"]
    assert len(listed(capsys, "--last", "1")) == 1
    for wrong in (["--last", "-1"], ["--state", "lost"]):
        with pytest.raises(SystemExit):
            main(["logouts", "list", *wrong])


def test_list_names_nobody(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logouts", "list"]) == 0
    shown = capsys.readouterr().out
    account = an_account()
    for secret in (account.id, account.subject, account.identity.rpps, account.email, "sid-"):
        assert secret not in shown
    assert not re.search(r"[0-9]{11}", shown)
