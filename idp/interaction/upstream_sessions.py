"""Which of our sessions came from which session of Pro Santé Connect: what its logout tokens must end."""

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


def remember_upstream(store: EphemeralStore, session: Session, life: timedelta) -> None:
    for upstream_sid in {event.upstream_sid for event in session.events if event.upstream_sid}:
        for _ in range(_TRIES):
            with suppress(StaleRecord):
                _add(store, upstream_sid, [session.sid, session.account_id], life)
                break


def _add(store: EphemeralStore, upstream_sid: str, entry: list[str], life: timedelta) -> None:
    """Raises StaleRecord."""
    known = store.get(Kind.UPSTREAM_SESSION, upstream_sid)
    if known is None:
        store.put(Kind.UPSTREAM_SESSION, upstream_sid, {"sessions": [entry]}, life)
        return
    kept: list[Any] = [one for one in known.value["sessions"] if one != entry]
    value = {"sessions": [*kept, entry][-_MOST:]}
    store.swap(Kind.UPSTREAM_SESSION, upstream_sid, value, expected_version=known.version, ttl=life)


def take_upstream(store: EphemeralStore, upstream_sid: str) -> tuple[LocalSession, ...]:
    """The sessions that came from it, forgotten here."""
    known = store.take(Kind.UPSTREAM_SESSION, upstream_sid)
    return tuple(LocalSession(sid, AccountId(account)) for sid, account in known["sessions"]) if known else ()
