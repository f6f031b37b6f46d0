"""The adapters every process of the provider needs: database, stores, clock, seal."""

from dataclasses import dataclass

from sqlalchemy import Engine

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.key_files.directory import KeyDirectory
from idp.adapters.redis_store import RedisStore, connect_redis
from idp.adapters.sql.database import open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import Clock, SystemClock
from idp.core.ephemeral import EphemeralStore
from idp.core.sealing import Sealer, derive_key
from idp.protocol.claims.subject import Subjects
from idp.settings import Settings
from idp.signing.schedule import RingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The adapters of one process."""

    settings: Settings
    clock: Clock
    database: Engine
    store: EphemeralStore
    durable: EphemeralStore
    sealer: Sealer


def open_resources(settings: Settings) -> Resources:
    """Raises what the adapters raise: a missing database, another schema, an unreadable URL."""
    clock = SystemClock()
    database = open_database(settings.database)
    durable = SqlStore(database, clock)
    store = RedisStore(connect_redis(settings.redis)) if settings.redis else durable
    sealer = Sealer(derive_key(settings.application_key, "seal"))
    return Resources(
        settings=settings, clock=clock, database=database, store=store, durable=durable, sealer=sealer
    )


def open_subjects(settings: Settings) -> Subjects:
    return Subjects(derive_key(settings.application_key, "pairwise"))


def open_key_directory(settings: Settings, clock: Clock) -> KeyDirectory:
    hsm = Hsm(
        settings.hsm_library,
        pin=settings.hsm_pin,
        timeout=settings.hsm_timeout,
        threads=settings.hsm_sessions,
    )
    return KeyDirectory(
        path=settings.keys_directory,
        policy=RingPolicy(
            publish_before=settings.key_publish_before,
            retire_after=settings.key_retire_after,
            token_life=settings.longest_token_life,
            clock_skew=settings.clock_skew,
        ),
        clock=clock,
        hsm_keys=HsmKeys(hsm),
    )
