"""`idp accounts export` and `erase`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.accounts.repository import AccountNotFound
from idp.adapters.sql.schema import accounts
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_eraser
from tests.cli.accounts.account_commands import NOBODY, OTHER, a_house, newest_mail, run, told
from tests.cli.terminal import sit_at
from tests.fakes import NOON
from tests.people import BOB
from tests.protocol.psc import facts, subjects_of_mails
from tests.provider import RPPS, Provider, answer_of, audited


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return a_house(app_factory)


def test_a_copy_is_that_of_the_page_in_a_file_of_its_owner(
    house: Provider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    house.browser().sign_in()
    out = tmp_path / "copy.json"
    assert told(house, capsys, "export", RPPS, "--out", str(out)) == ""
    copy = json.loads(out.read_text())
    assert (copy["format"], out.stat().st_mode & 0o777) == ("caducee-personal-data/1", 0o600)
    assert copy["records"]["accounts"][0]["rpps"] == RPPS
    assert copy["records"]["accounts"][0]["password_hash"] == "present, not shown"
    assert len(copy["records"]["browser_sessions"]) == 1
    assert facts(house, "data:export:accepted") == [{"by": "operator"}]
    assert subjects_of_mails(house)[-1] == "Une copie de vos données a été faite"
    assert (
        json.loads(told(house, capsys, "export", RPPS, "--stdout"))["records"].keys()
        == copy["records"].keys()
    )


def test_a_file_that_is_there_or_has_no_place_is_left_and_nobody_is_told(
    house: Provider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    there = tmp_path / "there.json"
    there.write_text("kept")
    for out, words in (
        (there, "is there already, and is left as it is"),
        (tmp_path / "no" / "x", "is no directory"),
        (there / "x", "is no directory"),
    ):
        assert run(house, "export", RPPS, "--out", str(out)) == 1
        written = capsys.readouterr()
        assert (written.out, written.err.count("\n"), words in written.err) == ("", 1, True), written.err
    assert there.read_text() == "kept"
    assert "data:export:accepted" not in audited(house)


def test_an_account_is_closed_for_the_grace_and_told_so(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = house.browser()
    browser.sign_in()
    said = told(house, capsys, "erase", RPPS, "--motive", " Radiation ", "--yes")
    assert "Closed. Until then a sign-in by card" in said
    account = house.accounts.get(house.account.id)
    assert account.closing_at is not None
    assert account.closing_at - datetime.now(UTC) > timedelta(hours=23)
    assert facts(house, "account:close:requested") == [
        {"by": "operator", "at_once": False, "motive": "Radiation"}
    ]
    assert answer_of(browser.follow(browser.authorize(prompt="none")))["error"] == "login_required"
    assert subjects_of_mails(house)[-1] == "La fermeture de votre compte est demandée"
    assert run(house, "erase", RPPS, "--yes") == 3
    assert "it is closed already" in capsys.readouterr().err
    # Nobody has to wait for the rest of the grace.
    assert "Erased." in told(house, capsys, "erase", RPPS, "--now", "--motive", "x", "--yes")


def test_an_account_is_erased_at_once_with_a_motive(
    house: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, "erase", OTHER, "--now", "--yes") == 2
    assert "--now takes a --motive" in capsys.readouterr().err
    assert told(house, capsys, "erase", OTHER, "--now", "--motive", "Décès", "--yes").endswith("Erased.\n")
    with pytest.raises(AccountNotFound):
        house.accounts.get(BOB)
    assert audited(house)[-3:] == [
        "account:close:requested",
        "session:end:accepted",
        "account:erase:accepted",
    ]
    # The mails that still waited for this address went with the account.
    assert subjects_of_mails(house) == ["Votre compte est effacé"]
    assert "Motif\u00a0: Décès" in newest_mail(house)
    assert run(house, "show", OTHER) == 1


def test_what_must_not_be_erased_is_left(house: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    run(house, "disable", OTHER)
    assert run(house, "erase", OTHER, "--yes") == 3
    assert "`enable` it before" in capsys.readouterr().err
    assert run(house, "erase", NOBODY, "--yes") == 1


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("", 1), ("y\n", 0), (None, 2)])
def test_it_is_asked_back(
    house: Provider, monkeypatch: pytest.MonkeyPatch, answer: str | None, status: int
) -> None:
    sit_at(monkeypatch, answer)
    assert run(house, "erase", OTHER) == status
    assert ("account:close:requested" in audited(house)) is (status == 0)


def test_one_that_the_worker_erases_meanwhile_is_told_in_a_line(
    house: Provider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def erased_first() -> None:
        with house.database.begin() as connection:
            connection.execute(sa.update(accounts).where(accounts.c.id == BOB).values(closing_at=NOON))
        build_eraser(open_resources(house.settings)).run_due()

    sit_at(monkeypatch, "y\n", meanwhile=erased_first)
    assert run(house, "erase", OTHER) == 1
    assert capsys.readouterr().err == "idp: the account was erased meanwhile: nothing was written\n"


def test_one_that_is_disabled_while_its_operator_thinks_is_not_called_erased(
    house: Provider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sit_at(monkeypatch, "y\n", meanwhile=lambda: run(house, "disable", RPPS))
    assert run(house, "erase", RPPS, "--now", "--motive", "décès") == 1
    written = capsys.readouterr()
    assert "Erased" not in written.out
    assert "not erased: it was disabled or kept meanwhile" in written.err
    assert not house.accounts.find_by_rpps(RPPS).may_sign_in
