"""What an epoch voids, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.activation import new_activation
from idp.accounts.email_change import UndoSpent, new_undo
from idp.accounts.grants import Grant, GrantSpent, SessionEnded
from idp.accounts.open_sessions import OpenSession, Origin
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.email_undos import SqlEmailUndos
from idp.adapters.sql.epochs import VOID, Ended, SqlEpochs, begin_epoch
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.store import SqlStore
from idp.adapters.sql.upkeep_schema import epochs
from idp.core.ephemeral import Kind
from idp.core.mailer import Mail
from tests.contracts.races import race
from tests.contracts.specimens import ALICE, LATER, NOON, FixedClock, an_account

LISTENERS = ("via", "grand-age")

#: Records that an epoch leaves, each group with its reason. A new kind is decided here or in `VOID`.
STAYS: dict[str, str] = {
    "what was proved in them is void by its generation": "INTERACTION FINISHED_INTERACTION",
    "a sign-out under way": "LOGOUT_REQUEST LOGOUT_OF_BROWSER UPSTREAM_LEAVING UPSTREAM_SESSION UPSTREAM_SESSIONS",
    "what was used, ended or revoked": "PUSHED_REQUEST_USES DPOP_PROOF CLIENT_ASSERTION UPSTREAM_SESSION_OVER"
    " UPSTREAM_LOGOUT CARD_STATUS",
    "failures, and the waits that follow": "MAIL_CODE_TRIES MAIL_CODE_FAILURES PASSWORD_TRIES PASSWORD_WAIT"
    " PASSWORD_FAILURES_IN_A_ROW PASSWORD_FAILURES_OF_DEVICE PASSWORD_PAGE PASSKEY_FAILURES_BY_IP"
    " UPSTREAM_REFUSALS_IN_A_ROW REFUSED_IN_NETWORK REFUSED_IN_MINUTE REFUSED_USUALLY SLOW_NETWORK SLOW_NETWORK_POSTS"
    " CLIENT_GUESSES CLIENT_TRIES_WHILE_SLOW",
    "how much of something there was": "MAIL_QUOTA_MINUTE MAIL_QUOTA_HOUR MAIL_QUOTA_DAY MAIL_QUOTA_IP"
    " PASSWORD_POSTS_BY_IP PASSWORDS_JUDGED_BY_IP SIGN_INS_BY_IP ATTEMPTS_OF_SIGN_IN PUSHED_BY_CLIENT"
    " UPSTREAM_LOGOUTS_KEPT OPERATIONS_COUNTS",
    "what was refused, for its operator": "REFUSED_REQUEST",
    "what a person typed, shown to them alone": "TYPED_IN_SECTION SAID_OF_FORM",
    "what a person did, told to them alone": "ANSWER_TO_FORM",
    "what the operator says to everybody": "ANNOUNCEMENT",
    "what was told": "UPSTREAM_CIRCUITS"
    " UPSTREAM_LOGOUT_REFUSALS CARD_HEADER_REFUSALS CLIENT_REFUSALS CERTIFICATE_REFUSALS REFUSALS_TOLD",
}


def begin(database: Engine, at: datetime = LATER, listeners: tuple[str, ...] = LISTENERS) -> Ended:
    with writing(database) as connection:
        return begin_epoch(connection, at, listeners, "operator")


def granted(database: Engine, name: str, client: str, sid: str = "sid-1", **more: int) -> None:
    grants = SqlGrants(database)
    grants.add(Grant(id=name, account_id=ALICE, client_id=client, sid=sid, granted_at=NOON, **more))
    grants.redeem(name, NOON)


def test_before_the_first_epoch_nothing_is_void(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    assert SqlEpochs(database).present() == 0
    assert SqlAccounts(database).get(ALICE).generation == 0


def test_every_account_is_of_the_epoch_and_a_later_change_counts_on_from_there(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    accounts.save(accounts.get(ALICE).next_generation())
    number = begin(database).number
    after = accounts.get(ALICE)
    assert (after.generation, SqlEpochs(database).present()) == (number, number)
    assert after.has_voided(1)
    assert not after.has_voided(number)
    accounts.save(after.next_generation())
    assert accounts.get(ALICE).generation == number + 1
    accounts.add(an_account(2))
    assert accounts.get(an_account(2).id).generation == number


def test_a_number_is_above_every_generation_whatever_the_clock_of_the_operator(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    numbers = [begin(database, at).number for at in (LATER, LATER, NOON)]
    assert numbers == sorted(set(numbers))
    accounts.save(accounts.get(ALICE).next_generation())
    assert begin(database, datetime(2020, 1, 1, tzinfo=UTC)).number > accounts.get(ALICE).generation - 1
    # What a lost database counted until then is below, since the seconds went on.
    assert begin(database, LATER + timedelta(days=1)).number == numbers[0] + 24 * 3600


def test_sessions_end_with_their_grants_and_each_application_that_listens_is_told_once(
    database: Engine,
) -> None:
    SqlAccounts(database).add(an_account())
    granted(database, "one", "via")
    granted(database, "again", "via")
    granted(database, "two", "grand-age")
    granted(database, "three", "deaf")
    granted(database, "elsewhere", "via", "sid-2")
    granted(database, "over", "via", "sid-3")
    SqlGrants(database).end_session("sid-3", NOON, LISTENERS)
    SqlGrants(database).add(
        Grant(id="unused", account_id=ALICE, client_id="via", sid="sid-4", granted_at=NOON)
    )
    ended = begin(database)
    assert (ended.sessions, ended.grants, ended.notices) == (3, 6, 3)
    told = {
        (one.sid, one.client_id) for one in SqlLogoutNotices(database).newest(9, client_id=None, state=None)
    }
    assert told == {("sid-1", "via"), ("sid-1", "grand-age"), ("sid-2", "via"), ("sid-3", "via")}
    assert all(SqlGrants(database).get(name).revoked_at == LATER for name in ("one", "three", "unused"))  # type: ignore[union-attr]
    with pytest.raises(GrantSpent):
        SqlGrants(database).redeem("unused", LATER)
    with pytest.raises(SessionEnded):
        granted(database, "late", "via")
    again = begin(database)
    assert (again.sessions, again.grants, again.notices) == (0, 0, 0)


def test_a_session_without_any_application_ends_too(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    origin = Origin(browser="Firefox", system="Linux", network="192.0.2.0", is_of_house=False)
    session = OpenSession(
        sid="alone",
        account_id=ALICE,
        started_at=NOON,
        door="card",
        origin=origin,
        ends_at=LATER + timedelta(hours=4),
    )
    SqlOpenSessions(database).note(session)
    assert begin(database, listeners=()).sessions == 1
    assert list(SqlOpenSessions(database).of(ALICE, LATER)) == []


def test_a_link_in_a_mail_opens_nothing_any_more(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    token, undo = new_undo(ALICE, NOON, timedelta(hours=72))
    SqlEmailUndos(database).add(undo)
    assert begin(database).links == 1
    with pytest.raises(UndoSpent):
        SqlEmailUndos(database).use(token, LATER)


def test_of_the_embedded_store_what_opens_something_goes_and_what_was_counted_stays(database: Engine) -> None:
    store = SqlStore(database, FixedClock(NOON))
    for kind in Kind:
        store.put(kind, "key", {}, timedelta(hours=2))
    assert begin(database).records == len(VOID)
    left = {kind for kind in Kind if store.get(kind, "key") is not None}
    assert left == {Kind[name] for names in STAYS.values() for name in names.split()}


def test_a_mail_with_a_code_is_withdrawn_and_a_notice_goes_out(database: Engine) -> None:
    mail = Mail(to="a@b.example", subject="s", text="t", html="h")
    box = SqlOutbox(database, FixedClock(NOON))
    box.post(mail, expires_after_seconds=600, topic="of a code")
    box.post(mail, expires_after_seconds=600)
    begin(database)
    with reading(database) as connection:
        assert connection.execute(sa.select(outbox.c.topic)).scalars().all() == [None]


def begin_now(database: Engine) -> str:
    begin(database, datetime.now(UTC))
    return "begun"


def test_epochs_of_several_operators_at_once_have_numbers_of_their_own(
    database_url: str, database: Engine
) -> None:
    assert race(begin_now, open_database, database_url, processes=2, threads=3) == {"begun": 6}
    with reading(database) as connection:
        assert len(set(connection.execute(sa.select(epochs.c.number)).scalars())) == 6


def test_a_code_of_activation_is_void(database: Engine) -> None:
    accounts = SqlAccounts(database)
    accounts.add(an_account())
    _, issued = new_activation(accounts.get(ALICE), NOON, timedelta(days=7))
    begin(database)
    assert accounts.get(ALICE).has_voided(issued.generation)
    _, later = new_activation(accounts.get(ALICE), LATER, timedelta(days=7))
    assert not accounts.get(ALICE).has_voided(later.generation)
