"""`idp db roles` on PostgreSQL: who may add to the audit trail, and who may take from it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit, Trail
from idp.adapters.sql.audit_keeping import AuditKeeper
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.adapters.sql.backends import parse_url
from idp.adapters.sql.database import reading
from idp.adapters.sql.rights import rights_told
from idp.adapters.sql.schema_state import DatabaseRefused
from idp.cli.main import main
from idp.core.audit import AuditEvent
from idp.core.origin import Origin, coming_from
from tests.commands import idp
from tests.contracts.specimens import ALICE, an_account
from tests.fakes import FixedClock

ROLES = ("contract_provider", "contract_worker")


@pytest.fixture
def owner(postgresql_url: str, capsys: pytest.CaptureFixture[str]) -> Iterator[psycopg.Connection]:
    """The owner of the tables, where the printed rights were given to two roles."""
    assert main(["db", "roles", "--provider", ROLES[0], "--worker", ROLES[1]]) == 0
    rights = capsys.readouterr().out
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as owner:
        for role in ROLES:
            owner.execute(f"CREATE ROLE {role} LOGIN")
        try:
            owner.execute(rights.encode())
            yield owner
        finally:
            for role in ROLES:
                owner.execute(f"DROP OWNED BY {role}")
                owner.execute(f"DROP ROLE {role}")


@pytest.fixture
def provider(owner: psycopg.Connection, postgresql_url: str, opened: Callable[[str], Engine]) -> Engine:
    return opened(_as(ROLES[0], postgresql_url))


@pytest.fixture
def worker(owner: psycopg.Connection, postgresql_url: str, opened: Callable[[str], Engine]) -> Engine:
    return opened(_as(ROLES[1], postgresql_url))


def _as(role: str, url: str) -> str:
    return parse_url(url).set(username=role, password=None).render_as_string(hide_password=False)


def audit_of(database: Engine, clock: FixedClock) -> SqlAudit:
    return SqlAudit(database, clock, Trail())


def test_a_provider_adds_to_the_trail_and_changes_nothing_of_it(provider: Engine) -> None:
    audit_of(provider, FixedClock()).record(AuditEvent.CODE_ISSUED)
    assert len(list(SqlAuditTrail(provider).after(0))) == 1
    for forbidden in (
        "UPDATE audit_events SET event = 'x'",
        "UPDATE audit_events SET network = NULL",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "INSERT INTO audit_seals VALUES ('2026-11-23', '[]', 0, '', '', 0, false)",
        "DELETE FROM audit_seals",
        "INSERT INTO audit_events_default (at, event, facts) VALUES (0, 'x', '{}')",
        "SELECT FROM audit_events_before",
        "SELECT audit_events_add_month(0)",
        "SELECT audit_events_drop_before(9)",
        "SELECT audit_events_partition(9)",
    ):
        with provider.connect() as connection, pytest.raises(Exception, match="permission denied"):
            connection.exec_driver_sql(forbidden)


def test_a_provider_does_all_its_other_work(provider: Engine) -> None:
    SqlAccounts(provider).add(an_account())
    SqlAccounts(provider).save(SqlAccounts(provider).get(ALICE))


def test_the_worker_keeps_the_trail_and_changes_no_event(worker: Engine) -> None:
    clock, month = FixedClock(), timedelta(days=30)
    with coming_from(Origin(find_address=lambda: "192.0.2.1", find_browsing=lambda: None)):
        audit_of(worker, clock).record(AuditEvent.CODE_ISSUED)
    clock.advance(days=20)
    keeper = AuditKeeper(database=worker, clock=clock, key=b"", life=month, address_life=month / 2)
    keeper.run_due()
    (stored,) = SqlAuditTrail(worker).after(0)
    assert stored.record.network is not None
    assert stored.record.network.address == ""
    with worker.connect() as connection:
        months = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_class WHERE relname ~ '^audit_events_[0-9_]+$'"
        )
        assert months.scalar_one() >= 2
    for forbidden in ("UPDATE audit_events SET event = 'x'", "UPDATE audit_seals SET faults = 0"):
        with worker.connect() as connection, pytest.raises(Exception, match="permission denied"):
            connection.exec_driver_sql(forbidden)
    clock.advance(days=20)
    keeper.run_due()
    assert list(SqlAuditTrail(worker).after(0)) == []


def test_what_a_role_may_not_look_at_is_one_line_with_the_remedy(
    owner: psycopg.Connection, provider: Engine
) -> None:
    owner.execute("REVOKE SELECT ON accounts, audit_events FROM contract_provider")
    looks: tuple[Callable[[], object], ...] = (
        lambda: SqlAccounts(provider).find_by_rpps("10000000017"),
        lambda: SqlAuditTrail(provider).search(Asked(), 1),
    )
    for look in looks:
        with (
            pytest.raises(DatabaseRefused, match="`idp db roles` prints the rights") as refused,
            rights_told(),
        ):
            look()
        assert "\n" not in str(refused.value)


def test_what_is_no_question_of_rights_is_told_as_it_was(provider: Engine) -> None:
    with pytest.raises(Exception, match="does not exist"), rights_told(), reading(provider) as connection:
        connection.exec_driver_sql("SELECT * FROM nothing_of_ours")


@pytest.mark.parametrize("name", ["", "Caducee", "a; DROP TABLE accounts", "1a", '"x"'])
def test_a_name_that_needs_quotes_is_wrong_use(name: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["db", "roles", "--provider", name])


def test_an_operator_without_the_right_to_see_is_told_in_a_line(
    owner: psycopg.Connection, postgresql_url: str
) -> None:
    """By each way in which a statement reaches the database: of a request, and of a look along many rows."""
    owner.execute("REVOKE SELECT ON accounts, audit_events FROM contract_worker")
    for command in ("accounts show 10000000017", "accounts find dupont", "audit search"):
        said = idp(*command.split(), DATABASE=_as(ROLES[1], postgresql_url))
        assert (said.returncode, said.stdout, said.stderr.count("\n")) == (1, "", 1), said.stderr
        assert "may not do this (permission denied for table" in said.stderr
