"""The contract of `UnitOfWork` on SQLite and PostgreSQL: all of a unit, or nothing of it (docs/adr/0034)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.grants import Grant, GrantSpent, SessionEnded
from idp.accounts.refresh import RefreshToken, TokenReplayed, digest
from idp.accounts.repository import AccountNotFound, RppsTaken
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.database import open_database, reading
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.schema import audit_events, grants, refresh_tokens
from idp.adapters.sql.standings import SqlStandings
from idp.adapters.sql.store import SqlStore
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.audit import AuditEvent
from idp.core.ephemeral import Kind, Limited
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, FixedClock, an_account, with_rpps

LIFE = timedelta(minutes=5)
CODE, TRIES = Kind.AUTHORIZATION_CODE, Kind.MAIL_CODE_TRIES


def a_grant(name: str = "g", sid: str = "sid-1") -> Grant:
    return Grant(id=name, account_id=ALICE, client_id="via", sid=sid, granted_at=NOON)


def a_token(grant_id: str = "g", value: str = "first") -> RefreshToken:
    return RefreshToken(
        grant_id=grant_id,
        token_sha256=digest(value),
        scope="openid",
        claims={},
        idle_until=LATER,
        ends_at=LATER,
    )


class House:
    """The repositories of one database."""

    def __init__(self, database: Engine) -> None:
        self.database = database
        self.work = SqlUnitOfWork(database)
        self.accounts, self.grants = SqlAccounts(database), SqlGrants(database)
        self.tokens, self.audit = SqlRefreshTokens(database), SqlAudit(database, FixedClock())
        self.store = SqlStore(database, FixedClock())

    def all_of(self, *writes: Callable[[], object]) -> None:
        with self.work.together():
            for write in writes:
                write()

    def record(self) -> None:
        self.audit.record(AuditEvent.CODE_ISSUED, account_id=ALICE)

    def counts(self) -> tuple[int, int, int]:
        """How many grants, refresh tokens and audit events there are."""
        with reading(self.database) as connection:
            one, two, three = (
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (grants, refresh_tokens, audit_events)
            )
        return one, two, three


@pytest.fixture
def house(database: Engine) -> House:
    house = House(database)
    house.accounts.add(an_account())
    return house


def test_what_is_written_together_is_there_after_the_block(house: House) -> None:
    with house.work.together():
        for name in ("a", "b"):
            house.grants.add(a_grant(name))
            house.record()
        house.tokens.add(a_token("a"))
        house.store.put(CODE, "k", {"n": 1}, LIFE)
        # Reads find what was there before.
        assert house.counts() == (0, 0, 0)
        assert house.store.get(CODE, "k") is None
    assert house.counts() == (2, 1, 2)
    assert house.store.get(CODE, "k") == ({"n": 1}, 0)


def eager(house: House) -> None:
    """A write that the unit must begin its transaction for."""
    house.accounts.save(an_account(locale="en"))


def lazy(house: House) -> None:
    house.record()


def add_g(house: House) -> Callable[[], None]:
    return lambda: house.grants.add(a_grant())


def fail() -> None:
    raise ZeroDivisionError


BEFORE = pytest.mark.parametrize("before", [eager, lazy], ids=["in_a_transaction", "at_the_end"])


@BEFORE
def test_an_exception_leaves_nothing_of_it(house: House, before: Callable[[House], None]) -> None:
    with pytest.raises(ZeroDivisionError):
        house.all_of(add_g(house), lambda: before(house), lambda: house.store.put(CODE, "k", {}, LIFE), fail)
    assert house.counts() == (0, 0, 0)
    assert house.accounts.get(ALICE).locale == "fr"
    assert house.store.get(CODE, "k") is None
    # And what comes next is not touched by it.
    house.all_of(lambda: before(house), add_g(house))
    assert house.counts()[0] == 1


@BEFORE
def test_the_first_refusal_is_the_one_that_is_raised_and_nothing_is_written(
    house: House, before: Callable[[House], None]
) -> None:
    house.grants.add(a_grant())
    house.tokens.add(a_token())
    house.grants.end_session("ended", NOON, ())

    def refused_by(*writes: Callable[[], None]) -> type[BaseException]:
        with pytest.raises((GrantSpent, TokenReplayed, SessionEnded)) as caught:
            house.all_of(lambda: before(house), *writes)
        assert house.counts() == (1, 1, 0)
        return caught.type

    def spent() -> None:
        house.grants.redeem("absent", NOON)

    def replayed() -> None:
        house.tokens.swap(digest("older"), a_token(value="next"))

    def ended() -> None:
        house.grants.add(a_grant("new", sid="ended"))

    def good() -> None:
        house.grants.add(a_grant("good"))

    assert refused_by(good, spent, replayed, ended) is GrantSpent
    assert refused_by(replayed, good, ended, spent) is TokenReplayed
    assert refused_by(ended, spent, good) is SessionEnded
    assert house.accounts.get(ALICE).version == 0


@BEFORE
def test_writes_of_one_row_follow_each_other(house: House, before: Callable[[House], None]) -> None:
    house.grants.add(a_grant("old"))
    with house.work.together():
        before(house)
        house.grants.add(a_grant())
        house.tokens.add(a_token())
        house.grants.redeem("g", NOON)
        house.grants.revoke("g", NOON)
        house.grants.revoke("g", LATER)
        house.grants.revoke("old", LATER)
        house.tokens.swap(digest("first"), a_token(value="second"))
        for number in (1, 2):
            house.store.put(CODE, "k", {"n": number}, LIFE)
        house.store.touch(CODE, "k", {"n": 3}, expected_version=0, ttl=LIFE)
        house.store.put(CODE, "other", {"n": 4}, LIFE)
    assert house.grants.get("g") == replace(a_grant(), redeemed_at=NOON, revoked_at=NOON)
    assert house.grants.get("old") == replace(a_grant("old"), revoked_at=LATER)
    assert house.tokens.get("g") == a_token(value="second")
    assert house.store.get(CODE, "k") == ({"n": 3}, 1)
    assert house.store.get(CODE, "other") == ({"n": 4}, 0)


def test_a_block_within_a_block_is_part_of_it(house: House) -> None:
    def inner() -> None:
        house.all_of(add_g(house), lambda: eager(house))

    with pytest.raises(ZeroDivisionError):
        house.all_of(inner, fail)
    assert house.counts() == (0, 0, 0)
    house.all_of(inner, house.record)
    assert house.counts() == (1, 0, 1)


def test_a_step_of_its_own_is_kept_whatever_becomes_of_the_unit(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        house.all_of(house.record, lambda: house.store.count(TRIES, "k", LIFE), fail)
    assert house.store.counted(TRIES, "k") == 1
    assert house.counts() == (0, 0, 0)


def test_a_step_within_the_transaction_of_the_unit_waits_for_nobody(house: House) -> None:
    """On SQLite a second connection would wait for the first, which waits for it."""
    with house.work.together():
        eager(house)
        assert house.store.count(TRIES, "k", LIFE) == 1
        counted = house.store.put_counted(CODE, "k", {}, LIFE, counter=Limited((TRIES, "k"), LIFE, 2))
        assert counted
        assert house.store.add(CODE, "added", {}, LIFE)
        assert house.store.take(CODE, "added") == {}
        # It sees what the unit wrote so far.
        assert house.accounts.get(ALICE).locale == "en"
    assert house.store.counted(TRIES, "k") == 2


def test_a_touch_that_waits_is_written_in_the_transaction_of_the_unit(house: House) -> None:
    house.store.put(CODE, "k", {"n": 1}, LIFE)
    with house.work.request():
        house.store.touch(CODE, "k", {"n": 2}, expected_version=0, ttl=LIFE)
        with house.work.as_one_step():
            house.store.swap(CODE, "k", {"n": 3}, expected_version=1)
    assert house.store.get(CODE, "k") == ({"n": 3}, 2)


def test_a_unit_of_which_a_write_failed_is_not_committed_without_it(house: House) -> None:
    def refused() -> None:
        with pytest.raises(RppsTaken):
            house.accounts.add(with_rpps(an_account(2), an_account().identity.rpps))

    with pytest.raises(RuntimeError, match="did not leave the unit"):
        house.all_of(house.record, refused)
    assert house.counts() == (0, 0, 0)
    house.record()
    assert house.counts() == (0, 0, 1)


@pytest.mark.parametrize(
    "hostile", ["a\x00b", "\ud800", "", "x" * 100_000], ids=["nul", "surrogate", "empty", "long"]
)
def test_what_a_caller_names_is_found_or_not_and_breaks_nothing(house: House, hostile: str) -> None:
    standings = SqlStandings(house.database)
    assert standings.of_grant(hostile, ()) is None
    assert standings.of_refresh_token(hostile, ("charter",)) is None
    with pytest.raises(AccountNotFound):
        house.accounts.get(type(ALICE)(hostile))
    assert house.accounts.having_email(hostile) == ()
    assert house.store.get(CODE, hostile) is None
    house.audit.record(AuditEvent.CLIENT_REFUSED, client_id=hostile)


def test_what_the_database_refuses_is_told_without_a_value(house: House) -> None:
    """facts/security LG3."""
    house.grants.add(a_grant("the-secret"))

    def again() -> None:
        house.grants.add(a_grant("the-secret"))

    for add in (again, lambda: house.all_of(house.record, again)):
        with pytest.raises(house.database.dialect.loaded_dbapi.IntegrityError) as caught:  # type: ignore[union-attr]
            add()
        told: BaseException | None = caught.value
        while told is not None:
            assert "the-secret" not in f"{told!r} {told.args}"
            told = told.__cause__ or told.__context__
    assert house.counts() == (1, 0, 0)


def exchange(database: Engine) -> str:
    house = House(database)
    try:
        with house.work.together():
            house.grants.redeem("g", NOON)
            house.tokens.add(a_token())
            house.record()
    except GrantSpent:
        return "spent"
    return "redeemed"


def test_of_fifty_units_that_redeem_one_grant_one_is_written(database_url: str, house: House) -> None:
    house.grants.add(a_grant())
    assert race(exchange, open_database, database_url) == {"redeemed": 1, "spent": CALLERS - 1}
    assert house.counts() == (1, 1, 1)
