"""Contains the numbers that are looked up when metrics are read: of the node, its stores, keys and certificates.

A store that is down leaves its numbers out, and says 0 of itself. Not here: what this process counts
(`core/measures`), what of it is wrong (`readiness`).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial

import structlog

from idp.adapters.disks import free_percent
from idp.adapters.redis_clock import RedisClock
from idp.adapters.redis_store import RedisStore
from idp.adapters.sql.backups import last_backup
from idp.adapters.sql.clock_watch import ClockWatch
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.stored_schema import stored_schema
from idp.clients.credential_ends import credential_ends
from idp.core.ephemeral import StoreUnavailable
from idp.core.readiness import Status, Verdict
from idp.core.readings import Reading
from idp.settings import Settings
from idp.signing.schedule import ALGS
from idp.wiring.beside import audit_readings, work_readings
from idp.wiring.cards import build_crl_index, needed_lists
from idp.wiring.certificates import certificate_ends
from idp.wiring.doors import open_doors
from idp.wiring.parts import Parts
from idp.wiring.readiness import disk_places
from idp.wiring.resources import Resources

log = structlog.get_logger()

_DAY = timedelta(days=1)


def readings(parts: Parts, verdict: Verdict, watch: ClockWatch) -> Iterator[Reading]:
    """Yields those of `idp serve`."""
    yield from _looked_up(
        partial(_readiness, verdict),
        partial(_doors, parts),
        partial(_upstream, parts),
        partial(_keys, parts),
        partial(_certificates, parts),
        partial(_client_credentials, parts),
        partial(_lists, parts),
    )
    yield from node_readings(parts.resources, watch)


def node_readings(resources: Resources, watch: ClockWatch) -> Iterator[Reading]:
    """Yields those of every process with a listener."""
    yield from _looked_up(
        partial(_stores, resources),
        partial(_database, resources),
        partial(audit_readings, resources),
        partial(work_readings, resources),
        partial(_clocks, resources, watch),
        partial(_disks, resources.settings),
    )


def _looked_up(*sources: Callable[[], Iterable[Reading]]) -> Iterator[Reading]:
    """Yields what each gives: one that fails keeps nothing of the others back."""
    for source in sources:
        try:
            yield from tuple(source())
        except StoreUnavailable:
            pass  # `caducee_store_up` says it
        except Exception:
            log.exception("reading_failed")


def _readiness(verdict: Verdict) -> Iterator[Reading]:
    for status in Status:
        yield Reading(
            name="caducee_readiness",
            description="1 at the status that /readyz tells",
            value=int(verdict.status is status),
            labels=(("status", str(status)),),
        )


def _doors(parts: Parts) -> Iterator[Reading]:
    for door, is_open in open_doors(parts).items():
        yield Reading(
            name="caducee_door_open",
            description="Whether somebody could sign in by this door now",
            value=int(is_open),
            labels=(("door", door),),
        )


def _disks(settings: Settings) -> Iterator[Reading]:
    for place, free in free_percent(disk_places(settings)):
        yield Reading(
            name="caducee_disk_free_percent",
            description="Of the disk that this is on",
            value=free,
            labels=(("place", place),),
        )


def _upstream(parts: Parts) -> Iterator[Reading]:
    upstream = parts.upstream
    if upstream is None:
        return
    health = upstream.health()
    yield Reading(
        name="caducee_psc_up",
        description="0 while an outage is on, or a setting keeps everybody out",
        value=int(not health.is_out and not health.is_misconfigured),
    )
    yield Reading(
        name="caducee_psc_misconfigured",
        description="1 while nobody can sign in by Pro Sante Connect until a setting is mended: the log says which",
        value=int(health.is_misconfigured),
    )


def _stores(resources: Resources) -> Iterator[Reading]:
    stores = {"sql": resources.durable}
    if resources.store is not resources.durable:
        stores["redis"] = resources.store
    for name, store in stores.items():
        yield Reading(
            name="caducee_store_up",
            description="Whether the store answers",
            value=int(store.is_alive()),
            labels=(("store", name),),
        )


def _database(resources: Resources) -> Iterator[Reading]:
    """Raises StoreUnavailable."""
    stored = stored_schema(resources.database)
    yield Reading(
        name="caducee_schema",
        description="1 where this code may work on the schema of the database",
        value=int(stored.serves(SCHEMA_REVISION)),
        labels=(("code", SCHEMA_REVISION), ("database", stored.revision or "")),
    )
    taken_at = last_backup(resources.database)
    if taken_at is not None:
        yield Reading(
            name="caducee_backup_age_seconds",
            description="Since the newest backup that this database knows of",
            value=(resources.clock.now() - taken_at).total_seconds(),
        )


def _clocks(resources: Resources, watch: ClockWatch) -> Iterator[Reading]:
    ahead = {"sql": watch.ahead()}
    if isinstance(resources.store, RedisStore):
        ahead["redis"] = RedisClock(resources.store, resources.clock).ahead()
    for store, difference in ahead.items():
        if difference is not None:
            yield Reading(
                name="caducee_clock_ahead_seconds",
                description="How far the clock of this node is ahead of that of the store",
                value=difference.total_seconds(),
                labels=(("store", store),),
            )


def _keys(parts: Parts) -> Iterator[Reading]:
    # As those have them who sign: the directory is not read anew at each scrape.
    now, schedule = parts.clock.now(), parts.keys.schedule
    for alg in ALGS:
        active = schedule.active(alg, now)
        if active is None:
            continue
        labels = (("alg", str(alg)),)
        since, until = schedule.period(active, now)
        yield Reading(
            name="caducee_signing_key_age_days",
            description="Since when the key signs",
            value=(now - since) / _DAY,
            labels=labels,
        )
        if until is not None:
            yield Reading(
                name="caducee_signing_key_days_left",
                description="Until the next one that was announced signs in its place",
                value=(until - now) / _DAY,
                labels=labels,
            )


def _certificates(parts: Parts) -> Iterator[Reading]:
    now = parts.clock.now()
    for use, end in certificate_ends(parts).items():
        yield Reading(
            name="caducee_certificate_days_left",
            description="Until the first certificate of this use ends",
            value=(end - now) / _DAY,
            labels=(("certificate", use),),
        )


def _client_credentials(parts: Parts) -> Iterator[Reading]:
    now = parts.clock.now()
    for end in credential_ends(parts.clients.registry()):
        yield Reading(
            name="caducee_client_credential_days_left",
            description="Until the last secret, key or certificate ends that is registered for a client",
            value=(end.at - now) / _DAY,
            labels=(("client", end.client_id), ("kind", end.kind)),
        )


def _lists(parts: Parts) -> Iterator[Reading]:
    settings, policy = parts.settings, parts.policy
    if policy is None:
        return
    now, index = parts.clock.now(), build_crl_index(parts.resources)
    yield Reading(
        name="caducee_revocation_lists_lacking",
        description="Authorities without a revocation list that counts",
        value=len(index.lacking(needed_lists(settings, policy).all(now), now)),
    )
