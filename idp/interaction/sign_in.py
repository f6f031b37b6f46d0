"""The beginning of an SSO session; its end is in `sign_out`.

Contains what a finished login makes of this browser's session, the same for every way to start a login. Not here: what
the relying party gets (a code: `protocol/authorization/issue`).
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from idp.accounts.account import Account
from idp.accounts.leavers import LastSignIns, is_sign_in_written
from idp.accounts.open_sessions import OpenSession, OpenSessions
from idp.core.audit import Audit, AuditEvent, Fact
from idp.core.ephemeral import StaleRecord
from idp.core.origin import found_in_session
from idp.core.replacing import replace
from idp.interaction.assurance import newest
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.browser_sessions import Found, find_session, start_session
from idp.interaction.gate import Gate, IssueRefused, Requester
from idp.interaction.hub import Done
from idp.interaction.record import Interaction
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.interaction.store import random_token
from idp.interaction.upstream_sessions import UpstreamOver
from idp.interaction.visit import Visit

#: Of as many sign-ins of one browser at one instant, each finds its turn.
_TRIES = 20


class SessionOver(Exception):
    """The session that this sign-in took events from ended meanwhile: they prove nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """`cookie`: the new session cookie, None when the present one stays. `upstream_sid`: the session at Pro Santé
    Connect that it came from. `is_new`: it began with this sign-in."""

    sid: str
    cookie: str | None
    upstream_sid: str | None = None
    is_new: bool = False
    #: What the list of the person's sessions has to say; None when nothing of it changed.
    listed: OpenSession | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`told_after`: how long after a sign-in in a new browser its person gets a mail; None: they get none."""

    sessions: Sessions
    open_sessions: OpenSessions
    sign_out: SignOut
    gate: Gate
    audit: Audit
    last: LastSignIns
    told_after: timedelta | None = None

    def enter(self, done: Done, requester: Requester, visit: Visit) -> Entered:
        """Pass the gate, and return the session of this browser. Raises IssueRefused (the gate), SessionOver.

        `requester`: the relying party, and what it demands.
        """
        # Opened by its cookie in this request, and found to be this person's.
        found = Found(done.session, is_by_cookie=True, is_here=True) if done.session else None
        for _ in range(_TRIES):
            with suppress(StaleRecord):
                return self._entered(
                    done, requester, visit, found or self._known_session(done.account, visit)
                )
            # Another tab of this browser signed in, or out, at this instant: what it wrote is read, and joined.
            found = None
        raise SessionOver

    def _entered(self, done: Done, requester: Requester, visit: Visit, found: Found | None) -> Entered:
        """Raises StaleRecord, IssueRefused, SessionOver."""
        interaction, account = done.interaction, done.account
        current = (
            found.session if found is not None and self._is_valid(found.session, account, visit) else None
        )
        here = current if found is not None and found.is_here else None
        # Some of the events came from that session: since it ended, they prove nothing.
        if interaction.sid is not None and (here is None or here.sid != interaction.sid):
            raise SessionOver
        # The gate compares this with the account's (facts/security TK6). The earlier of the two: neither a session from
        # before a new password gives anything, nor what was proved then.
        generation = min(here.generation, interaction.generation) if here else interaction.generation
        try:
            self.gate.may_issue(done.standing, requester, acr=done.assurance.acr, generation=generation)
        except IssueRefused as refused:
            self._audit_event(AuditEvent.ISSUE_REFUSED, interaction, account, reason=str(refused.reason))
            raise
        # Single sign-on: the session knew all these events, so its cookie stays (facts/security AC4: nor is it lifted).
        if here is not None and all(event in here.events for event in interaction.events):
            return _entered(here, None)
        try:
            return self._session_for(done, found, here, visit)
        except UpstreamOver as over:
            raise SessionOver from over

    def tell(self, entered: Entered, done: Done) -> None:
        """Write, with the present unit of work, that a session began: to the audit trail, once a day to the account,
        and to the list of this person's sessions, which tells also of what was proved in it since."""
        if entered.listed is not None:
            self.open_sessions.note(entered.listed)
        if not entered.is_new:
            return
        account, at = done.account, done.interaction.started_at
        self._audit_event(AuditEvent.SESSION_STARTED, done.interaction, account, door=door_of(done))
        if is_sign_in_written(account, at):
            self.last.record(account.id, at)

    def withdraw(self, entered: Entered) -> None:
        """End the session again: it was signed out just now, or earlier while the ephemeral store was down."""
        self.sessions.end(entered.sid)

    def _known_session(self, account: Account, visit: Visit) -> Found | None:
        """Returns this browser's session if it is this person's, also when it lately expired.

        Another person's session ends here (facts/security T12), even an expired one: relying parties may not have ended
        what they made of it.
        """
        found = find_session(self.sessions, visit, account)
        if found is None or found.session.account_id == account.id:
            return found
        self.sign_out.end(found.session, visit.now)
        return None

    def _is_valid(self, session: Session, account: Account, visit: Visit) -> bool:
        sessions = self.sessions.at(shared=visit.is_station_shared)
        return is_session_valid(session, account, visit.now, sessions.life, sessions.idle)

    def _session_for(self, done: Done, found: Found | None, here: Session | None, visit: Visit) -> Entered:
        """Returns the session with these events, and its new cookie (facts/security SE2).

        Raises StaleRecord, SessionOver, UpstreamOver. `here`: the living session of this browser. Of another one
        `found` only the `sid` is used again: relying parties that it signed in know the next sign-out by no other name.
        """
        interaction, now = done.interaction, visit.now
        # The newest event of each authenticator: a step-up adds to what the session proved, and takes nothing from it.
        events = (*(here.events if here else ()), *interaction.events)
        living = living_events(tuple(newest(events).values()), now, self.sessions.life)
        if not living:
            # Pro Santé Connect had identified the person long ago, and the time left passed on the way here.
            raise SessionOver
        session = Session(
            sid=found.session.sid if found else random_token(),
            account_id=done.account.id,
            events=living,
            started_at=here.started_at if here else now,
            last_seen_at=now,
            generation=min(here.generation, interaction.generation) if here else interaction.generation,
            # RP-Initiated Logout §2: the newest ID Token of Pro Santé Connect is the hint that ends the session there.
            upstream_id_token=interaction.upstream_id_token or (here.upstream_id_token if here else None),
            secrets=_cookies_on_their_way(found),
            made_in=interaction.browser,
            version=found.session.version if found else 0,
        )
        if found is None:
            cookie = start_session(self.sessions, session, done.account, visit)
        else:
            cookie = self.sessions.renew(session, now)
        is_new = here is None
        return replace(
            _entered(session, cookie), is_new=is_new, listed=self._listed(session, done, visit, is_new)
        )

    def _listed(self, session: Session, done: Done, visit: Visit, is_new: bool) -> OpenSession:
        account = done.account
        # Who has just made the account is told nothing new.
        is_first = account.created_at >= done.interaction.started_at
        is_told = is_new and not is_first and not visit.is_usual_for(account.identity.rpps)
        return OpenSession(
            sid=session.sid,
            account_id=account.id,
            started_at=session.started_at,
            door=door_of(done),
            origin=visit.origin(),
            ends_at=max(event.at for event in session.events) + self.sessions.life,
            tell_at=visit.now + self.told_after if is_told and self.told_after is not None else None,
        )

    def _audit_event(
        self, event: AuditEvent, interaction: Interaction, account: Account, **facts: Fact
    ) -> None:
        self.audit.record(
            event,
            account_id=account.id,
            client_id=interaction.relying_party,
            interaction_id=interaction.id[:8],
            rpps=None,
            **facts,
        )


def _entered(session: Session, cookie: str | None) -> Entered:
    found_in_session(session.sid)
    there = (event.upstream_sid for event in session.events if event.upstream_sid)
    return Entered(sid=session.sid, cookie=cookie, upstream_sid=next(there, None))


def door_of(done: Done) -> str:
    """Returns the name of the door by which this login ended."""
    return AUTHENTICATORS[done.assurance.path[-1]].door


def _cookies_on_their_way(found: Found | None) -> tuple[str, ...]:
    """Returns the fingerprints of cookies that go on opening the session.

    facts/security SE2: none from before this authentication. Except those that this very browser was given just now,
    by sign-ins that ended at once with this one: either answer may be the last to arrive.
    """
    return found.session.secrets if found is not None and found.is_here and not found.is_by_cookie else ()
