"""The mail before the day of an announced charter: once to each who has not accepted it, in batches."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp.accounts.account import AccountId
from idp.accounts.charter import HOUSE, CharterEvidence, CharterRevision
from idp.accounts.charter_reminders import Batch, CharterReminders
from idp.adapters.sql.charter_office import SqlCharterOffice
from idp.adapters.sql.schema import audit_events, outbox
from idp.core.clock import SystemClock
from idp.wiring.charters import build_charter_reminders
from tests.flows.email import last_mail
from tests.provider import Provider

WEEK = timedelta(days=7)
REMINDER = "Une nouvelle charte à lire"


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


def reminders(house: Provider, **changes: Any) -> CharterReminders:
    assert house.parts is not None
    return replace(build_charter_reminders(house.parts.resources), **changes)


def announce(house: Provider, within: timedelta, charter: str = HOUSE) -> None:
    now = datetime.now(UTC)
    house.charters.publish(
        CharterRevision(
            revision="2027-1",
            published_at=now,
            texts={"fr": "# Nouvelle"},
            charter=charter,
            due_from=now + within,
        )
    )


def add_people(house: Provider, count: int) -> None:
    """With the charter in force accepted."""
    for number in range(count):
        name = f"p-{number:03d}"
        account = replace(
            house.account,
            id=AccountId(name),
            subject=name,
            identity=replace(house.account.identity, rpps=f"9{number:010d}"),
            email=f"{name}@chu.example",
            version=0,
        )
        house.accounts.add(account)
        accept(house, account.id, "2026-1")


def accept(house: Provider, account_id: AccountId, revision: str, charter: str = HOUSE) -> None:
    house.charters.accept(
        CharterEvidence(
            account_id=account_id,
            charter=charter,
            revision=revision,
            text_sha256="00" * 32,
            accepted_at=datetime.now(UTC),
            authenticator="cps",
            client_id="rp",
        )
    )


def reminded(house: Provider) -> list[str]:
    with house.database.connect() as connection:
        rows = connection.execute(sa.select(outbox.c.recipient).where(outbox.c.subject == REMINDER))
        return sorted(rows.scalars())


def test_whoever_has_not_accepted_it_is_reminded_once_a_week_before(house: Provider) -> None:
    announce(house, WEEK + timedelta(hours=1))
    assert reminders(house).run_due() == 0
    assert reminders(house, before=WEEK + timedelta(hours=2)).run_due() == 1
    assert reminders(house, before=WEEK + timedelta(hours=2)).run_due() == 0
    assert reminded(house) == [house.account.email]
    mail = last_mail(house, house.account.email)
    assert "la version 2027-1 s'appliquera le " in mail.text
    assert f"{house.settings.where.issuer}/" in mail.text
    rows = sa.select(audit_events.c.account_id, audit_events.c.facts).where(
        audit_events.c.event == "charter:remind:accepted"
    )
    with house.database.connect() as connection:
        told = [tuple(row) for row in connection.execute(rows)]
    assert told == [(house.account.id, {"charter": HOUSE, "revision": "2027-1"})]


def test_nobody_is_reminded_of_what_they_cannot_or_need_not_accept(house: Provider) -> None:
    announce(house, WEEK)
    for changes in (
        {"enabled": False},
        {"email": ""},
        {"closing_at": datetime.now(UTC)},
        {"charter_revision": None},
    ):
        house.accounts.save(replace(house.accounts.get(house.account.id), **changes))
        if "charter_revision" in changes:
            with house.database.begin() as connection:
                connection.execute(sa.text("DELETE FROM charter_acceptances"))
        assert reminders(house).run_due() == 0, changes
        with house.database.begin() as connection:
            connection.execute(sa.text("UPDATE charter_revisions SET reminded_to = NULL, reminded_at = NULL"))
        kept = replace(house.account, version=house.accounts.get(house.account.id).version)
        house.accounts.save(kept)
    accept(house, house.account.id, "2026-1")
    accept(house, house.account.id, "2027-1")
    assert reminders(house).run_due() == 0
    assert reminded(house) == []


def test_a_setting_of_none_and_a_withdrawn_one_remind_nobody(house: Provider) -> None:
    announce(house, WEEK)
    assert reminders(house, before=timedelta()).run_due() == 0
    SqlCharterOffice(house.database, SystemClock()).withdraw(HOUSE, "2027-1", "")
    assert reminders(house).run_due() == 0


def test_many_people_are_reminded_in_batches_each_once_also_by_two_workers(house: Provider) -> None:
    add_people(house, 230)
    announce(house, WEEK)
    asked = iter([False, True])
    assert reminders(house).run_due(lambda: next(asked)) == 100
    done: list[int] = []
    workers = [threading.Thread(target=lambda: done.append(reminders(house).run_due())) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while left := reminders(house).run_due():
        done.append(left)
    found = reminded(house)
    assert (len(found), len(set(found)), sum(done)) == (231, 231, 131)


def test_what_another_worker_did_meanwhile_is_not_done_again(house: Provider) -> None:
    announce(house, WEEK)
    mine, others = reminders(house), reminders(house)

    class Slow:
        """The batch is read, and another worker takes it."""

        revisions, move = mine.to_remind.revisions, mine.to_remind.move

        def next_batch(self, revision: CharterRevision, most: int) -> Batch:
            batch = mine.to_remind.next_batch(revision, most)
            assert others.run_due() == 1
            return batch

    assert replace(mine, to_remind=Slow()).run_due() == 0
    assert reminded(house) == [house.account.email]


def test_while_many_mails_wait_none_is_added(house: Provider) -> None:
    announce(house, WEEK)
    assert reminders(house, waiting=lambda: 500).run_due() == 0
    assert reminders(house, waiting=lambda: 499).run_due() == 1


def test_a_charter_of_clients_is_told_with_their_names_to_who_accepted_it(house: Provider) -> None:
    add_people(house, 1)
    house.charters.publish(
        CharterRevision(revision="1", published_at=datetime.now(UTC), texts={"fr": "# A"}, charter="a")
    )
    accept(house, house.account.id, "1", "a")
    announce(house, WEEK, "a")
    assert reminders(house).run_due() == 0  # No application demands it.
    house.register("viatrajectoire", charters="[a]")
    assert reminders(house).run_due() == 1
    text = last_mail(house, house.account.email).text
    assert "La charte demandée par ViaTrajectoire change" in text
    assert "Elle vous est présentée à la connexion" in text
