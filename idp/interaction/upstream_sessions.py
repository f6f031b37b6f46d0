"""Which of our sessions came from which session of Pro Santé Connect: what its logout tokens must end, and prevent."""

from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from idp.accounts.account import AccountId
from idp.ephemeral import EphemeralStore, Kind, StaleRecord
from idp.interaction.session import Session

#: One session there, many here: a browser that signs out and in again. The oldest are over anyway.
_MOST = 50
#: Other tabs may write in between.
_TRIES = 5


class LocalSession(NamedTuple):
    sid: str
    account_id: AccountId


class UpstreamOver(Exception):
    """The person signed out there while they were signing in here: no session comes from that one any more."""


def remember_upstream(store: EphemeralStore, session: Session, life: timedelta) -> None:
    """Raises UpstreamOver."""
    for upstream_sid in {event.upstream_sid for event in session.events if event.upstream_sid}:
        for _ in range(_TRIES):
            with suppress(StaleRecord):
                _add(store, upstream_sid, [session.sid, session.account_id], life)
                break
        # After the entry, as `close_upstream` reads the entries after its mark: of the two, one sees the other.
        if store.get(Kind.UPSTREAM_SESSION_OVER, upstream_sid) is not None:
            raise UpstreamOver


def _add(store: EphemeralStore, upstream_sid: str, entry: list[str], life: timedelta) -> None:
    """Raises StaleRecord."""
    known = store.get(Kind.UPSTREAM_SESSION, upstream_sid)
    if known is None:
        store.put(Kind.UPSTREAM_SESSION, upstream_sid, {"sessions": [entry]}, life)
        return
    kept: list[Any] = [one for one in known.value["sessions"] if one != entry]
    value = {"sessions": [*kept, entry][-_MOST:]}
    store.swap(Kind.UPSTREAM_SESSION, upstream_sid, value, expected_version=known.version, ttl=life)


def close_upstream(store: EphemeralStore, upstream_sid: str, life: timedelta) -> tuple[LocalSession, ...]:
    """The sessions that came from it; there will be no more. Nothing is forgotten: asked again, it tells the same."""
    store.put(Kind.UPSTREAM_SESSION_OVER, upstream_sid, {}, life)
    known = store.get(Kind.UPSTREAM_SESSION, upstream_sid)
    entries = known.value["sessions"] if known else []
    return tuple(LocalSession(sid, AccountId(account)) for sid, account in entries)
