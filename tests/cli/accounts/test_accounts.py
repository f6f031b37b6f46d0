"""`idp accounts unlock`, with both stores."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.throttle import Closed, Wait
from idp.accounts.waits import Waits
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.backends import parse_url
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import audit_events
from idp.cli.main import main
from idp.cli.worker.work import look_at_mailboxes
from idp.settings import settings_from_environment
from idp.wiring.accounts import build_waits
from idp.wiring.resources import Resources, open_resources
from tests.accounts.sent_codes import sent
from tests.commands import set_environment
from tests.configured import changed
from tests.made_once import place_database
from tests.passkeys import a_passkey
from tests.people import ALICE, ALICE_RPPS, BOB, an_account, an_identity
from tests.servers import redis_server

NOBODY = "10000000025"
HOLDER = CodeHolder(rpps=ALICE_RPPS, browser="b", purpose="login", email="aicha.dupont@hopital.example")


@pytest.fixture(params=["one store", "Redis"])
def resources(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Resources]:
    with ExitStack() as closing:
        settings = {
            "DATABASE": place_database(tmp_path / "db.sqlite"),
            "PASSWORD_FREE_TRIES": "1",
            "PASSWORD_FAILURES_IN_A_ROW": "4",
            "MAIL_CODES_PER_MINUTE": "99",
            "MAIL_CODES_PER_HOUR": "99",
            "MAIL_CODES_PER_DAY": "99",
            "MAIL_CODE_FAILURES_PER_DAY": "1",
        }
        if request.param == "Redis":
            settings["REDIS"] = closing.enter_context(redis_server()).url
        set_environment(monkeypatch, **settings)
        opened = open_resources(settings_from_environment())
        closing.callback(opened.database.dispose)
        SqlAccounts(opened.database).add(an_account())
        yield opened


def try_password(waits: Waits, resources: Resources, device: str = "") -> None:
    waits.throttle.begin(ALICE_RPPS, device, resources.clock.now())


def try_code(waits: Waits, resources: Resources, change: Callable[[str], str]) -> None:
    now = resources.clock.now()
    waits.codes.check(HOLDER, change(sent(waits.codes, HOLDER, now).digits), now)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def test_unlock_opens_password_and_code_in_every_browser(resources: Resources) -> None:
    waits = build_waits(resources)
    for device in ("", "n" * 43):
        try_password(waits, resources, device)
        with pytest.raises((Wait, Closed)):
            try_password(waits, resources, device)
    with pytest.raises(CodeRefused):
        try_code(waits, resources, other)
    assert waits.codes.why_no_code(HOLDER, resources.clock.now()) == CodeRefusal.CLOSED
    assert main(["accounts", "unlock", f"8{ALICE_RPPS}"]) == 0
    for device in ("", "n" * 43):
        try_password(waits, resources, device)
    try_code(waits, resources, str)
    with resources.database.connect() as connection:
        (told,) = connection.execute(sa.select(audit_events))
    assert (told.event, told.account_id, told.facts) == ("account:unlock:accepted", ALICE, {})


@pytest.mark.parametrize("resources", ["one store"], indirect=True)
def test_show_and_the_log_of_the_worker_tell_of_a_mailbox_that_is_shared(
    resources: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        look_at_mailboxes(resources)
    accounts = SqlAccounts(resources.database, shares_mailboxes=True)
    accounts.add(an_account(id=BOB, subject="bob", identity=an_identity(rpps=NOBODY)))
    with capture_logs() as logs_of_shared:
        look_at_mailboxes(resources)
    main(["accounts", "show", ALICE_RPPS])
    assert "of another account too: the password door is closed" in capsys.readouterr().out
    SqlPasskeys(resources.database).add(a_passkey(account_id=BOB), most=1)
    main(["accounts", "show", NOBODY])
    assert "the password door is open with a passkey" in capsys.readouterr().out
    told = [(one["event"], one["addresses"]) for one in logs_of_shared]
    assert (logs, told) == ([], [("mailboxes_still_shared", 1)])
    allowed = replace(resources, settings=changed(resources.settings, shared_mailboxes=True))
    with capture_logs() as logs:
        look_at_mailboxes(allowed)
    assert logs == []


@pytest.mark.parametrize("resources", ["one store"], indirect=True)
def test_the_worker_works_though_mailboxes_could_not_be_counted(resources: Resources) -> None:
    """A database with a million accounts may take too long."""
    gone = Path(str(parse_url(resources.settings.where.database).database))
    gone.rename(gone.with_suffix(".gone"))
    with capture_logs() as logs:
        look_at_mailboxes(resources)
    assert logs[-1]["event"] == "mailboxes_not_counted"


@pytest.mark.parametrize(
    ("typed", "told"), [(NOBODY, "no account has this RPPS"), ("1234", "RPPS"), ("", "RPPS")]
)
@pytest.mark.parametrize("resources", ["one store"], indirect=True)
def test_what_is_no_enrolled_rpps_is_told_in_one_line(
    resources: Resources, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    assert main(["accounts", "unlock", typed]) == 1
    written = capsys.readouterr()
    assert (written.out, written.err.count("\n"), told in written.err) == ("", 1, True)
    assert typed == "" or typed not in written.err
    with resources.database.connect() as connection:
        assert not list(connection.execute(sa.select(audit_events)))
