"""Contains what this node needs to sign somebody in, and what an operator should know. Not here: the verdict
(`core/readiness`), how it is told (`operations`)."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url

from idp.accounts.charter import NoCharterPublished
from idp.adapters.disks import free_percent
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.clock_watch import ClockWatch
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.stored_schema import stored_schema
from idp.clients.credential_ends import credential_ends
from idp.core.readiness import Check, Readiness, Status
from idp.settings import Settings
from idp.wiring.beside import work_checks
from idp.wiring.cards import build_list_check
from idp.wiring.doors import shut_doors, someone_could_sign_in, why_no_card_host
from idp.wiring.parts import Parts
from idp.wiring.resources import Resources

#: Their names among the checks.
DATABASE, EPHEMERAL_STORE = "database", "ephemeral store"
STORES = (DATABASE, EPHEMERAL_STORE)


def build_readiness(parts: Parts, watch: ClockWatch) -> Readiness:
    resources = parts.resources
    return Readiness(
        (
            *store_checks(resources),
            _needed(
                "signing keys", lambda: None if parts.keys.is_alive() else "none can sign: `idp keys list`"
            ),
            _needed("charter", partial(_no_charter, parts.charters), after=DATABASE),
            _needed("doors", partial(_no_door, parts), after=DATABASE),
            Check(name="relying parties", wrong=partial(_fault_of_clients, parts)),
            Check(name="credentials of relying parties", wrong=partial(_ended_credentials, parts)),
            Check(name="keys directory", wrong=lambda: parts.keys.fault),
            *_upstream(parts),
            *_cards(parts),
            *node_checks(resources, watch),
        )
    )


def store_checks(resources: Resources) -> Iterator[Check]:
    """Yields whether the stores answer, and the database is one of this code."""
    durable, store = resources.durable, resources.store
    yield _needed(DATABASE, lambda: None if durable.is_alive() else "it does not answer")
    if store is not durable:
        yield _needed(EPHEMERAL_STORE, lambda: None if store.is_alive() else "Redis does not answer")
    yield _needed("schema", partial(_unfit, resources), after=DATABASE)
    yield Check(name="schema of a later release", wrong=partial(_later, resources), after=DATABASE)


def node_checks(resources: Resources, watch: ClockWatch) -> Iterator[Check]:
    """Yields what is of the machine, and of the work beside the requests."""
    yield Check(name="clocks apart", wrong=partial(_clocks, watch), after=DATABASE, is_measured=True)
    yield Check(name="disk", wrong=partial(_disk, resources.settings), is_measured=True)
    yield from work_checks(resources, after=DATABASE)


def disk_places(settings: Settings) -> dict[str, Path]:
    """Returns where this node writes, by name."""
    places = {"keys": settings.keys.directory}
    url = make_url(settings.where.database)
    if url.get_backend_name() == "sqlite" and url.database:
        places["database"] = Path(url.database).parent
    return places


def _needed(name: str, wrong: Callable[[], str | None], *, after: str = "") -> Check:
    return Check(name=name, wrong=wrong, makes=Status.UNAVAILABLE, after=after)


def _unfit(resources: Resources) -> str | None:
    stored = stored_schema(resources.database)
    if stored.serves(SCHEMA_REVISION):
        return None
    remedy = (
        "install the newer version" if (stored.revision or "") > SCHEMA_REVISION else "run `idp db upgrade`"
    )
    return f"the database has {stored.revision}, this code needs {SCHEMA_REVISION}: {remedy}"


def _later(resources: Resources) -> str | None:
    stored = stored_schema(resources.database)
    if not stored.serves(SCHEMA_REVISION) or stored.revision == SCHEMA_REVISION:
        return None
    return f"the database has {stored.revision}, this code is of {SCHEMA_REVISION}: upgrade this node"


def _no_charter(charters: SqlCharters) -> str | None:
    try:
        charters.current()
    except NoCharterPublished:
        return "none is published: `idp charter publish`"
    return None


def _no_door(parts: Parts) -> str | None:
    if someone_could_sign_in(parts):
        return None
    shut = [f"{door} ({why})" for door, why in shut_doors(parts).items() if why is not None]
    return f"nobody can sign in by any of them: {', '.join(shut) or 'none is open'}"


def _no_card_host(parts: Parts) -> str | None:
    why = why_no_card_host(parts.resources)
    return None if why is None else f"{why}: start `idp card-host`"


def _fault_of_clients(parts: Parts) -> str | None:
    parts.clients.registry()
    return parts.clients.fault


def _ended_credentials(parts: Parts) -> str | None:
    now = parts.clock.now()
    ended = [end for end in credential_ends(parts.clients.registry()) if end.at <= now]
    return ", ".join(f"no {end.kind} of {end.client_id} holds" for end in ended) or None


def _upstream(parts: Parts) -> Iterator[Check]:
    upstream = parts.upstream
    if upstream is None:
        return
    yield Check(
        name="Pro Santé Connect is down", wrong=lambda: "its door is shut" if upstream.is_out() else None
    )
    yield Check(
        name="Pro Santé Connect: settings",
        wrong=lambda: "nobody passes: the log says which" if upstream.is_misconfigured() else None,
    )


def _cards(parts: Parts) -> Iterator[Check]:
    if parts.policy is None:
        return
    yield Check(name="card host", wrong=partial(_no_card_host, parts), after=DATABASE)
    is_lacking = build_list_check(parts.resources, parts.policy)
    says = "one is missing or too old: `idp trust check`"
    yield Check(name="revocation lists", wrong=lambda: says if is_lacking() else None, after=DATABASE)


def _clocks(watch: ClockWatch) -> str | None:
    ahead = watch.ahead()
    if ahead is None or not watch.is_off():
        return None
    return f"this node is {ahead.total_seconds():.1f} s ahead of the database"


def _disk(settings: Settings) -> str | None:
    least = settings.operations.disk_free
    found = [
        f"{name}: {free:.0f} % free" for name, free in free_percent(disk_places(settings)) if free < least
    ]
    return ", ".join(found) or None
