"""Contains the adapters that every process needs: database, stores, clock, seal. Not here: what only some need."""

from dataclasses import dataclass

from sqlalchemy import Engine

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.key_files.directory import KeyDirectory
from idp.adapters.redis_store import RedisStore
from idp.adapters.redis_urls import redis_store
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.clock_watch import ClockWatch
from idp.adapters.sql.database import open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import Clock, SystemClock
from idp.core.ephemeral import EphemeralStore
from idp.core.sealing import Sealer, derive_key
from idp.protocol.claims.subject import Subjects
from idp.settings import Settings, bad_setting
from idp.signing.schedule import RingPolicy
from idp.wiring.audit import build_audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The adapters of one process."""

    settings: Settings
    clock: Clock
    database: Engine
    store: EphemeralStore
    durable: EphemeralStore
    sealer: Sealer
    audit: SqlAudit


def open_resources(settings: Settings) -> Resources:
    """Returns the adapters. Raises what they raise: a missing database, another schema, an unreadable URL."""
    clock = SystemClock()
    database = open_database(settings.where.database)
    durable = SqlStore(database, clock)
    store = open_redis(settings.where.redis) if settings.where.redis else durable
    sealer = Sealer(derive_key(settings.keys.application, "seal"))
    return Resources(
        settings=settings,
        clock=clock,
        database=database,
        store=store,
        durable=durable,
        sealer=sealer,
        audit=build_audit(settings, database, clock),
    )


def open_redis(url: str) -> RedisStore:
    """Returns the store. Raises BadSetting: only redis-py knows which URLs it accepts."""
    try:
        return redis_store(url)
    except ValueError:
        # `from None`: the exception may quote the URL.
        raise bad_setting("REDIS", "a URL with parameters that redis-py takes") from None


def build_clock_watch(resources: Resources) -> ClockWatch:
    clocks = resources.settings.clock
    return ClockWatch(database=resources.database, clock=resources.clock, allowed=clocks.warning)


def open_subjects(settings: Settings) -> Subjects:
    return Subjects(derive_key(settings.keys.application, "pairwise"))


def open_doctor_key(settings: Settings) -> bytes:
    """Returns the key by which `idp doctor` proves to a process that serves that it has the same settings."""
    return derive_key(settings.keys.application, "doctor")


def open_key_directory(settings: Settings, clock: Clock) -> KeyDirectory:
    hsm = Hsm(
        settings.hsm.library,
        pin=settings.hsm.pin,
        timeout=settings.hsm.timeout,
        threads=settings.hsm.sessions,
    )
    return KeyDirectory(
        path=settings.keys.directory,
        policy=RingPolicy(
            publish_before=settings.keys.publish_before,
            retire_after=settings.keys.retire_after,
            token_life=settings.lives.longest_token_life,
            clock_skew=settings.clock.skew,
        ),
        clock=clock,
        hsm_keys=HsmKeys(hsm),
    )
