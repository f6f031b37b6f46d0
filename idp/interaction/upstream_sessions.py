"""Contains which of our sessions came from which session of Pro Santé Connect: what its logout token ends and prevents.

Not here: the token itself (`protocol/logout/upstream_logout`).
"""

from datetime import timedelta
from typing import NamedTuple

from idp.accounts.account import AccountId
from idp.core.ephemeral import EphemeralStore, Kind
from idp.interaction.session import Session

#: One session there makes many here: at each new proof, and when a browser signs out and in again. Older ones are over.
_MOST = 50


class LocalSession(NamedTuple):
    sid: str
    account_id: AccountId


class UpstreamOver(Exception):
    """The person signed out at Pro Santé Connect while they signed in here: no session may come from there any more."""


def remember_upstream(store: EphemeralStore, session: Session, life: timedelta) -> None:
    """Write down which session there this one came from. Raises UpstreamOver."""
    entry = {"sid": session.sid, "account_id": session.account_id}
    for upstream_sid in {event.upstream_sid for event in session.events if event.upstream_sid}:
        # Each under a number of its own: two tabs that write at once do not overwrite each other.
        number = store.count(Kind.UPSTREAM_SESSIONS, upstream_sid, life)
        store.put(Kind.UPSTREAM_SESSION, _key(upstream_sid, number), entry, life)
        # Read after our entry is written, as `close_upstream` reads entries after its mark: one of the two sees the
        # other.
        if store.get(Kind.UPSTREAM_SESSION_OVER, upstream_sid) is not None:
            raise UpstreamOver


def close_upstream(store: EphemeralStore, upstream_sid: str, life: timedelta) -> tuple[LocalSession, ...]:
    """Returns the sessions that came from it, and lets no more begin. Called again, it returns the same."""
    store.put(Kind.UPSTREAM_SESSION_OVER, upstream_sid, {}, life)
    last = store.counted(Kind.UPSTREAM_SESSIONS, upstream_sid)
    numbers = range(max(last - _MOST, 0) + 1, last + 1)
    found = (store.get(Kind.UPSTREAM_SESSION, _key(upstream_sid, number)) for number in numbers)
    told = (LocalSession(one.value["sid"], AccountId(one.value["account_id"])) for one in found if one)
    return tuple(dict.fromkeys(told))


def _key(upstream_sid: str, number: int) -> str:
    return f"{number} {upstream_sid}"
