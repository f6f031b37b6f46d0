"""The list of a person's sessions, on SQLite and PostgreSQL; and what must be told about them, by several workers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.grants import Grant, SessionEnded
from idp.accounts.new_browsers import NewBrowsers
from idp.accounts.open_sessions import NothingToTell, OpenSession, Origin
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.database import open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.audit import AuditEvent
from idp.core.mailer import Mail
from tests.contracts.races import race
from tests.contracts.specimens import ALICE, LATER, NOON, FixedClock, an_account

BOB = AccountId("account-2")
FIREFOX = Origin(browser="Firefox", system="Linux", network="CHU de Lille", is_of_house=True)
SOON = NOON + timedelta(minutes=5)


def a_session(sid: str = "sid-1", **changes: Any) -> OpenSession:
    session = OpenSession(
        sid=sid, account_id=ALICE, started_at=NOON, door="cps", origin=FIREFOX, ends_at=LATER, tell_at=SOON
    )
    return replace(session, **changes)


def a_grant(name: str, sid: str = "sid-1", **changes: Any) -> Grant:
    grant = Grant(id=name, account_id=ALICE, client_id=f"client-{name}", sid=sid, granted_at=NOON)
    return replace(grant, **changes)


@pytest.fixture
def listed(database: Engine) -> SqlOpenSessions:
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    return SqlOpenSessions(database)


def sids(listed: SqlOpenSessions, account_id: AccountId = ALICE, **later: float) -> list[str]:
    return [one.session.sid for one in listed.of(account_id, NOON + timedelta(**later))]


def test_a_person_finds_their_sessions_alone_the_newest_first(listed: SqlOpenSessions) -> None:
    listed.note(a_session("older"))
    listed.note(a_session("newer", started_at=NOON + timedelta(minutes=1)))
    listed.note(a_session("of another", account_id=BOB))
    (newer, older) = listed.of(ALICE, NOON)
    assert newer.session == a_session("newer", started_at=NOON + timedelta(minutes=1))
    assert (older.session, older.applications) == (a_session("older"), ())
    assert sids(listed, BOB) == ["of another"]
    assert sids(listed, AccountId("nobody")) == []


def test_what_is_over_is_not_listed(listed: SqlOpenSessions) -> None:
    listed.note(a_session("ended"))
    listed.note(a_session("old", ends_at=SOON))
    SqlGrants(listed.database).end_session("ended", NOON, ())
    assert sids(listed) == ["old"]
    assert sids(listed, minutes=5) == []


def test_it_names_each_application_once_that_redeemed_its_code(listed: SqlOpenSessions) -> None:
    listed.note(a_session())
    listed.note(a_session("other", started_at=LATER, ends_at=LATER + timedelta(hours=4)))
    grants = SqlGrants(listed.database)
    for grant in (
        a_grant("b", granted_at=LATER),
        a_grant("a"),
        a_grant("a again", client_id="client-a"),
        a_grant("not redeemed"),
        a_grant("c", sid="other"),
    ):
        grants.add(grant)
        if grant.id != "not redeemed":
            grants.redeem(grant.id, LATER)
    applications = {one.session.sid: one.applications for one in listed.of(ALICE, NOON)}
    assert applications == {"sid-1": ("client-a", "client-b"), "other": ("client-c",)}


def test_a_later_proof_changes_the_row_and_not_what_is_still_to_tell(listed: SqlOpenSessions) -> None:
    listed.note(a_session())
    later = LATER + timedelta(hours=4)
    listed.note(a_session(door="psc", ends_at=later, tell_at=None))
    assert [one.session for one in listed.of(ALICE, NOON)] == [a_session(door="psc", ends_at=later)]
    listed.told(["sid-1"])
    listed.note(a_session(tell_at=None))
    assert listed.untold(ALICE) == []


def test_the_row_is_written_with_its_unit_or_not_at_all(listed: SqlOpenSessions) -> None:
    work, grants = SqlUnitOfWork(listed.database), SqlGrants(listed.database)
    audit = SqlAudit(listed.database, FixedClock())
    grants.end_session("ended", NOON, ())
    for sid, is_written in (("ended", False), ("sid-1", True)):
        try:
            with work.together():
                listed.note(a_session(sid))
                audit.record(AuditEvent.SESSION_STARTED, account_id=ALICE, door="cps")
                grants.add(a_grant(sid, sid=sid))
        except SessionEnded:
            assert not is_written
    assert [one.sid for one in listed.untold(ALICE)] == ["sid-1"]


def test_all_of_a_person_is_told_once_the_first_is_due(listed: SqlOpenSessions) -> None:
    listed.note(a_session())
    listed.note(a_session("later", started_at=LATER, tell_at=LATER))
    listed.note(a_session("usual", tell_at=None))
    listed.note(a_session("of another", account_id=BOB, tell_at=LATER))
    assert listed.to_tell(SOON - timedelta(seconds=1)) == []
    assert listed.to_tell(SOON) == [ALICE]
    assert [one.sid for one in listed.untold(ALICE)] == ["sid-1", "later"]
    listed.told(["sid-1", "later"])
    assert listed.to_tell(LATER) == [BOB]
    with pytest.raises(NothingToTell):
        listed.told(["sid-1", "later"])


def test_a_row_stays_until_it_is_over_and_told(listed: SqlOpenSessions) -> None:
    listed.note(a_session("told", tell_at=None))
    listed.note(a_session("untold"))
    assert listed.purge(LATER) == 0
    assert listed.purge(LATER + timedelta(seconds=1)) == 1
    assert [one.sid for one in listed.untold(ALICE)] == ["untold"]
    listed.told(["untold"])
    assert listed.purge(LATER + timedelta(seconds=1)) == 1


def test_a_hundred_are_listed_however_many_there_are(listed: SqlOpenSessions) -> None:
    with SqlUnitOfWork(listed.database).as_one_step():
        for number in range(101):
            listed.note(a_session(f"sid-{number:03}", started_at=NOON + timedelta(seconds=number)))
    found = sids(listed)
    assert (len(found), found[0], found[-1]) == (100, "sid-100", "sid-001")
    assert len(listed.untold(ALICE)) == 100


def test_the_others_end_whether_a_grant_or_the_list_knows_them(listed: SqlOpenSessions) -> None:
    grants = SqlGrants(listed.database)
    for sid in ("here", "listed"):
        listed.note(a_session(sid))
    listed.note(a_session("of another", account_id=BOB))
    for name, sid in (("a", "here"), ("b", "of the version before"), ("c", "listed")):
        grants.add(a_grant(name, sid=sid))
        grants.redeem(name, NOON)
    ended = grants.end_sessions_of(ALICE, LATER, ("client-b", "client-a"), spared="here")
    assert sorted(ended) == ["listed", "of the version before"]
    assert sids(listed) == ["here"]
    assert sids(listed, BOB) == ["of another"]
    revoked = {name: grants.get(name).revoked_at for name in "abc"}  # type: ignore[union-attr]
    assert revoked == {"a": None, "b": LATER, "c": LATER}
    assert grants.end_sessions_of(ALICE, LATER, (), spared="here") == []


class _Mails:
    """Posts to the outbox of the process that it is in, without words."""

    def __init__(self, database: Engine) -> None:
        self.outbox = SqlOutbox(database, FixedClock(LATER))

    def written(self, account: Any, sessions: Sequence[OpenSession]) -> Any:
        mail = Mail(to=account.email, subject=" ".join(one.sid for one in sessions), text="", html="")
        return lambda: self.outbox.post(mail, expires_after_seconds=60)


def new_browsers(database: Engine) -> NewBrowsers:
    return NewBrowsers(
        work=SqlUnitOfWork(database),
        open_sessions=SqlOpenSessions(database),
        accounts=SqlAccounts(database),
        mails=_Mails(database),
        clock=FixedClock(LATER),
    )


def posted(database: Engine) -> list[str]:
    with database.connect() as connection:
        return [row.subject for row in connection.exec_driver_sql("SELECT subject FROM outbox")]


def test_one_mail_tells_of_all_and_is_not_sent_again(listed: SqlOpenSessions) -> None:
    listed.note(a_session())
    listed.note(a_session("later", started_at=LATER, tell_at=LATER + timedelta(hours=1)))
    worker = new_browsers(listed.database)
    for _ in range(2):
        worker.tell_due()
    assert posted(listed.database) == ["sid-1 later"]


def open_new_browsers(url: str) -> NewBrowsers:
    return new_browsers(open_database(url))


def tell(worker: NewBrowsers) -> None:
    worker.tell_due()


def test_of_several_workers_one_sends_the_mail(listed: SqlOpenSessions, database_url: str) -> None:
    listed.note(a_session())
    assert race(tell, open_new_browsers, database_url, threads=5) == {None: 10}
    assert posted(listed.database) == ["sid-1"]
