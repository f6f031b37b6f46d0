"""Which of our sessions came from which session of Pro Santé Connect: what its logout tokens must end, and prevent."""

from datetime import timedelta
from typing import NamedTuple

from idp.accounts.account import AccountId
from idp.core.ephemeral import EphemeralStore, Kind
from idp.interaction.session import Session

#: One session there, many here: a browser that signs out and in again, and each new proof. The oldest are over anyway.
_MOST = 50


class LocalSession(NamedTuple):
    sid: str
    account_id: AccountId


class UpstreamOver(Exception):
    """The person signed out there while they were signing in here: no session comes from that one any more."""


def remember_upstream(store: EphemeralStore, session: Session, life: timedelta) -> None:
    """Raises UpstreamOver."""
    entry = {"sid": session.sid, "account_id": session.account_id}
    for upstream_sid in {event.upstream_sid for event in session.events if event.upstream_sid}:
        # Each under a number of its own: tabs that write at once take nothing from each other.
        number = store.count(Kind.UPSTREAM_SESSIONS, upstream_sid, life)
        store.put(Kind.UPSTREAM_SESSION, _key(upstream_sid, number), entry, life)
        # After the entry, as `close_upstream` reads the entries after its mark: of the two, one sees the other.
        if store.get(Kind.UPSTREAM_SESSION_OVER, upstream_sid) is not None:
            raise UpstreamOver


def close_upstream(store: EphemeralStore, upstream_sid: str, life: timedelta) -> tuple[LocalSession, ...]:
    """The sessions that came from it; there will be no more. Nothing is forgotten: asked again, it tells the same."""
    store.put(Kind.UPSTREAM_SESSION_OVER, upstream_sid, {}, life)
    last = store.counted(Kind.UPSTREAM_SESSIONS, upstream_sid)
    numbers = range(max(last - _MOST, 0) + 1, last + 1)
    found = (store.get(Kind.UPSTREAM_SESSION, _key(upstream_sid, number)) for number in numbers)
    told = (LocalSession(one.value["sid"], AccountId(one.value["account_id"])) for one in found if one)
    return tuple(dict.fromkeys(told))


def _key(upstream_sid: str, number: int) -> str:
    return f"{number} {upstream_sid}"
