"""One session for each browser and person, whatever the order in which sign-ins end (docs/adr/0029).

Contains finding the session of a browser whose cookie is on its way, and beginning one where there is none. Not here:
what a sign-in makes of it (`sign_in`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.core.ephemeral import Kind, Put, StaleRecord
from idp.interaction.session import Session
from idp.interaction.session_record import is_opened_by
from idp.interaction.sessions import REMEMBERED, Sessions
from idp.interaction.store import fingerprint
from idp.interaction.visit import Visit


@dataclass(frozen=True, slots=True)
class Found:
    session: Session
    #: The cookie opens it. False: the cookie was renewed, or came to be, by another sign-in of this moment.
    is_by_cookie: bool
    #: It is of this browser, which holds its cookie or the binding under which it was made. False: only a name that
    #: other browsers may know leads there, so nothing of it is given.
    is_here: bool


def find_session(sessions: Sessions, visit: Visit, account: Account) -> Found | None:
    """Returns the session of this browser, whosever it is, also when it lately expired; else one that bears its name
    and is this person's. No void one of this person. None: a sign-in begins one.
    """
    others = []
    for session in _candidates(sessions, visit):
        if _is_void(session, account):
            # The cookie of a void one must not hide what another sign-in of this moment began since.
            continue
        _, _, secret = (visit.session or "").partition(".")
        is_by_cookie = is_opened_by(session, fingerprint(secret))
        if is_by_cookie or visit.holds(session.made_in):
            return Found(session, is_by_cookie, is_here=True)
        if session.account_id == account.id:
            others.append(session)
    return Found(others[0], is_by_cookie=False, is_here=False) if others else None


def start_session(sessions: Sessions, session: Session, account: Account, visit: Visit) -> str:
    """Write a new session, the only one of this person in this browser. Returns its cookie.

    Raises StaleRecord: another sign-in of this browser began one, which `find_session` finds now. Raises UpstreamOver.
    """

    def write_named(record: Put) -> None:
        # Written before its name is known: who finds the name finds the session.
        if visit.browser is None:
            sessions.store.put(*record)
        else:
            _name(sessions, record, visit.browser, account, visit)

    try:
        return sessions.start(session, visit.now, write_named)
    except StaleRecord:
        sessions.end(session.sid)
        raise


def _candidates(sessions: Sessions, visit: Visit) -> Iterator[Session]:
    for sid in _sids(sessions, visit):
        session = sessions.find(sid)
        if session is not None:
            yield session


def _sids(sessions: Sessions, visit: Visit) -> Iterator[str]:
    """The one of the cookie first: in single sign-on no other is read."""
    sid = (visit.session or "").partition(".")[0]
    if sid:
        yield sid
    named = sessions.store.get(Kind.BROWSER_SESSION, visit.browser) if visit.browser else None
    if named is not None:
        yield str(named.value["sid"])


def _name(sessions: Sessions, record: Put, browser: str, account: Account, visit: Visit) -> None:
    """Write the session, and the name by which its browser finds it. Raises StaleRecord: the session is written."""
    value, life = {"sid": record.key}, sessions.life + REMEMBERED
    if sessions.store.add(Kind.BROWSER_SESSION, browser, value, life, after=record):
        return
    named = sessions.store.get(Kind.BROWSER_SESSION, browser)
    other = None if named is None else sessions.find(named.value["sid"])
    if named is None or (other is not None and _is_in_the_way(other, account, visit)):
        raise StaleRecord
    # It leads to a session that ended, or to one that is neither of this person nor of this browser.
    sessions.store.swap(Kind.BROWSER_SESSION, browser, value, expected_version=named.version, ttl=life)


def _is_in_the_way(other: Session, account: Account, visit: Visit) -> bool:
    """Whether it is to be joined, or ended because it is another person's in this browser."""
    is_of_another = other.account_id != account.id
    return visit.holds(other.made_in) if is_of_another else not _is_void(other, account)


def _is_void(session: Session, account: Account) -> bool:
    """Whether it is this person's and over: it is not continued, as relying parties were told that its `sid` is."""
    return session.account_id == account.id and account.has_voided(session.generation)
