"""Contains what is asked of the database and of Redis. Not here: what waits in them (`beside`)."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from idp.adapters.redis_clock import RedisClock
from idp.adapters.redis_eviction import evicting
from idp.adapters.redis_persistence import Kept, kept_by_restart
from idp.adapters.sql.backends import parse_url
from idp.adapters.sql.backups import last_backup
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import faults_told, require_fit
from idp.adapters.sql.stored_schema import stored_schema
from idp.core.finding import Inquiry, Told, amber, green, red
from idp.wiring.doctor.hand import Hand
from idp.wiring.resources import build_clock_watch

DATABASE, REDIS = "database", "Redis"
#: What waits for the database.
of_database = partial(Inquiry, after=(DATABASE,), needs=("DATABASE",))
_of_redis = partial(Inquiry, after=(REDIS,), needs=("REDIS",))
_NTP = "keep the clocks of all machines by NTP: docs/operate.md, Clocks"
_RESTART = "set `appendonly yes` or `save`: docs/operate.md, Redis"
_RIGHTS = "give our user +info and +config|get: docs/operate.md, Redis"


def store_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(name=DATABASE, look=partial(_database, hand), needs=("DATABASE",))
    yield Inquiry(name=REDIS, look=partial(_redis, hand), needs=("REDIS",))
    yield of_database(name="clock of the database", look=partial(_clock, hand))
    if hand.redis_url:
        yield _of_redis(name="clock of Redis", look=partial(_clock_of_redis, hand))
        yield _of_redis(name="Redis: eviction", look=partial(_eviction, hand))
        yield _of_redis(name="Redis: persistence", look=partial(_persistence, hand))
    yield of_database(name="backup", look=partial(_backup, hand))


def _database(hand: Hand) -> Iterator[Told]:
    """Raises what opening it does: down, missing, empty, of something else, damaged, older, newer."""
    settings, database = hand.settings, hand.database
    target = parse_url(settings.where.database)
    with faults_told(target):
        stored = stored_schema(database)
    require_fit(stored, target)
    if stored.revision != SCHEMA_REVISION:
        yield amber(
            f"it has schema {stored.revision}, this code is of {SCHEMA_REVISION} and may work on it",
            "upgrade this node: docs/upgrade.md",
        )
    yield green(f"{database.dialect.name}, schema {stored.revision}")


def _redis(hand: Hand) -> Iterator[Told]:
    if not hand.redis_url:
        yield green("none is set up: short-lived records are in the database")
    elif hand.redis().is_alive():
        yield green("it answers")
    else:
        yield red("it does not answer", "start it, or correct CADUCEE_REDIS; a firewall, a password, TLS")


def _eviction(hand: Hand) -> Iterator[Told]:
    policy = evicting(hand.redis_url)
    if policy is None:
        yield green("a full server refuses, and drops nothing")
    else:
        yield red(
            f"maxmemory-policy {policy}: when it is full it drops sessions, codes and counters",
            "`CONFIG SET maxmemory-policy noeviction`, and in redis.conf",
        )


_PERSISTENCE: dict[Kept, Told] = {
    Kept.NOTHING: amber("a restart of the server loses every session: all sign in anew", _RESTART),
    Kept.FAILING: red("it could not write to its disk the last time", "look at its disk and its log"),
    Kept.UNKNOWN: amber("our user may not ask whether it keeps anything", _RIGHTS),
    Kept.SNAPSHOTS: green("snapshots: a crash loses the sessions since the last one"),
    Kept.EVERYTHING: green("append-only file"),
}


def _persistence(hand: Hand) -> Iterator[Told]:
    yield _PERSISTENCE[kept_by_restart(hand.redis_url)]


def _clock(hand: Hand) -> Iterator[Told]:
    watch = build_clock_watch(hand.resources())
    ahead = watch.ahead()
    if ahead is None:
        yield green("SQLite has this machine's")
    elif watch.is_off():
        yield red(f"this machine is {ahead.total_seconds():.1f} s ahead of it", _NTP)
    else:
        yield green(f"{abs(ahead.total_seconds()):.1f} s apart")


def _clock_of_redis(hand: Hand) -> Iterator[Told]:
    settings, ahead = hand.settings, RedisClock(hand.redis(), hand.clock).ahead()
    if ahead is None:
        yield amber("it does not say its time", "give our user +time: docs/operate.md, Redis")
    elif abs(ahead) > settings.clock.warning:
        yield red(f"this machine is {ahead.total_seconds():.1f} s ahead of it", _NTP)
    else:
        yield green(f"{abs(ahead.total_seconds()):.1f} s apart")


def _backup(hand: Hand) -> Iterator[Told]:
    settings, taken_at = hand.settings, last_backup(hand.database)
    remedy = "`idp db backup`, each day: docs/backup.md"
    if taken_at is None:
        yield amber("this database knows of none", remedy)
        return
    age = hand.now() - taken_at
    told = f"the newest is {age / timedelta(hours=1):.0f} h old"
    yield amber(told, remedy) if age > settings.operations.backup_age else green(told)
