"""The beginning of an SSO session; its end is in `sign_out`.

Contains what a finished login makes of this browser's session, the same for every way to start a login. Not here: what
the relying party gets (a code: `protocol/authorization/issue`).
"""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import Account
from idp.core.audit import Audit, AuditEvent, Fact
from idp.core.ephemeral import StaleRecord
from idp.interaction.assurance import newest
from idp.interaction.gate import Gate, IssueRefused, Requester
from idp.interaction.hub import Done, Visit
from idp.interaction.record import Interaction, without_session
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.sign_out import SignOut
from idp.interaction.store import Sessions, random_token
from idp.interaction.upstream_sessions import UpstreamOver


class SessionOver(Exception):
    """The session that this sign-in took events from ended meanwhile: they prove nothing any more."""


@dataclass(frozen=True, slots=True)
class Entered:
    """`cookie`: the new session cookie, None when the present one stays. `upstream_sid`: the session at Pro Santé
    Connect that it came from."""

    sid: str
    cookie: str | None
    upstream_sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    sessions: Sessions
    sign_out: SignOut
    gate: Gate
    audit: Audit

    def enter(self, done: Done, requester: Requester, visit: Visit) -> Entered:
        """Pass the gate, and return the session of this browser. Raises IssueRefused (the gate), SessionOver.

        `requester`: the relying party, and what it demands.
        """
        interaction, account, now = done.interaction, done.account, visit.now
        known = self._known_session(account, visit)
        sessions = self.sessions.at(shared=visit.is_station_shared)
        is_valid = known is not None and is_session_valid(known, account, now, sessions.life, sessions.idle)
        current = known if is_valid else None
        # Some of the events came from that session: since it ended, they prove nothing.
        if interaction.sid is not None and (current is None or current.sid != interaction.sid):
            raise SessionOver
        # The gate compares this with the account's (facts/security TK6). The earlier of the two: neither a session from
        # before a new password gives anything, nor what was proved then.
        generation = min(current.generation, interaction.generation) if current else interaction.generation
        try:
            self.gate.may_issue(account, requester, acr=done.assurance.acr, generation=generation)
        except IssueRefused as refused:
            self._audit_event(AuditEvent.ISSUE_REFUSED, interaction, account, reason=str(refused.reason))
            raise
        # Expired by time alone. A void session is not continued: relying parties were told that its `sid` is over.
        lapsed = None if current or known is None or account.has_voided(known.generation) else known
        try:
            return self._session_for(interaction, account, current, lapsed, now)
        except UpstreamOver as over:
            raise SessionOver from over

    def withdraw(self, entered: Entered) -> None:
        """End the session again: it was signed out just now, or earlier while the ephemeral store was down."""
        self.sessions.end(entered.sid)

    def _known_session(self, account: Account, visit: Visit) -> Session | None:
        """Returns this browser's session if it is this person's, also when it lately expired.

        Another person's session ends here (facts/security T12), even an expired one: relying parties may not have ended
        what they made of it.
        """
        session = self.sessions.recall(visit.session)
        if session is not None and session.account_id != account.id:
            self.sign_out.end(session, visit.now)
            return None
        return session

    def _session_for(
        self,
        interaction: Interaction,
        account: Account,
        current: Session | None,
        lapsed: Session | None,
        now: datetime,
    ) -> Entered:
        """Returns the session, with a new cookie if an authentication happened (facts/security SE2).

        Raises SessionOver, UpstreamOver. `lapsed`: the person's own session, expired. Only its `sid` is used again:
        relying parties that it signed in know the next sign-out by no other name.
        """
        # Single sign-on: the session knew all these events, so its cookie stays (facts/security AC4: nor is it lifted).
        if current is not None and set(interaction.events) <= set(current.events):
            return _entered(current, None)
        # The newest event of each authenticator: a step-up adds to what the session proved, and takes nothing from it.
        events = (*(current.events if current else ()), *interaction.events)
        living = living_events(tuple(newest(events).values()), now, self.sessions.life)
        if not living:
            # Pro Santé Connect had identified the person long ago, and the time left passed on the way here.
            raise SessionOver
        # RP-Initiated Logout §2: the newest ID Token of Pro Santé Connect is the hint that ends the session there.
        upstream = interaction.upstream_id_token or (current.upstream_id_token if current else None)
        if current is not None:
            # facts/security SE2: same `sid`, new secret. The cookie from before this authentication opens nothing.
            renewed = dataclasses.replace(
                current, events=living, last_seen_at=now, upstream_id_token=upstream
            )
            with suppress(StaleRecord):
                return _entered(renewed, self.sessions.renew(renewed, now))
            # Another tab signed out of it or renewed it: this login gets a session of its own, made of what was proved
            # here. Events of the other session may have been signed out of, and must not come back.
            living = without_session(interaction).events
            if not living:
                raise SessionOver
        session = Session(
            sid=lapsed.sid if lapsed else random_token(),
            account_id=account.id,
            events=living,
            started_at=now,
            last_seen_at=now,
            generation=interaction.generation,
            upstream_id_token=upstream,
        )
        self._audit_event(AuditEvent.SESSION_STARTED, interaction, account)
        return _entered(session, self.sessions.start(session, now))

    def _audit_event(
        self, event: AuditEvent, interaction: Interaction, account: Account, **facts: Fact
    ) -> None:
        self.audit.record(
            event,
            account_id=account.id,
            client_id=interaction.client_id,
            interaction_id=interaction.id[:8],
            **facts,
        )


def _entered(session: Session, cookie: str | None) -> Entered:
    there = (event.upstream_sid for event in session.events if event.upstream_sid)
    return Entered(session.sid, cookie, next(there, None))
