"""The end of a sign-in: the gate, the SSO session, the durable grant, the code."""

import dataclasses
import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask import request

from idp.accounts.account import Account
from idp.accounts.grants import Grant, SessionEnded
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.ephemeral import StaleRecord
from idp.core.errors import PageError, Problem
from idp.interaction.assurance import Assurance, newest
from idp.interaction.gate import Gate, IssueRefused
from idp.interaction.record import Interaction, without_session
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.sign_out import SignOut
from idp.interaction.store import Sessions, random_token
from idp.interaction.upstream_sessions import UpstreamOver
from idp.protocol.claims.account_claims import authentication_claims
from idp.protocol.claims.claims_request import read_claims_request
from idp.protocol.claims.subject import Subjects
from idp.protocol.engine.engine import Engine
from idp.protocol.jose.client_tokens import ClientTokens
from idp.signing.signer import SignerUnavailable
from idp.web.browser import Web


class SessionOver(Exception):
    """The session that this sign-in leaned on ended meanwhile: its events prove nothing any more."""


class OtherPerson(Exception):
    """Not the person that the relying party named."""


@dataclass(frozen=True, slots=True)
class Issued:
    """`cookie`: the new session cookie, None when the present one stays."""

    code: str
    cookie: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssuer:
    engine: Engine
    client_tokens: ClientTokens
    subjects: Subjects
    sessions: Sessions
    sign_out: SignOut
    gate: Gate
    audit: Audit
    clock: Clock
    web: Web

    def issue(self, interaction: Interaction, account: Account, assurance: Assurance) -> Issued:
        """Raises IssueRefused (the gate), OtherPerson, SessionOver, PageError (the client is gone)."""
        now = self.clock.now()
        client = self.web.clients.get(interaction.client_id)
        # facts/security AZ1, by the registration of now: an address withdrawn during the sign-in gets no code.
        if client is None or interaction.request["redirect_uri"] not in client.redirect_uris:
            raise PageError(Problem.UNKNOWN_CLIENT, "removed during the interaction")
        # Core §3.1.2.2, facts/security AZ8: before anything is changed, the session of the wrong person included.
        if not self.is_expected(interaction, account, client):
            raise OtherPerson
        known = self._known_session(account)
        current = known if known is not None and self._is_valid(known, account) else None
        # Some of the events came from that session: since it ended, they prove nothing, here least of all.
        if interaction.sid is not None and (current is None or current.sid != interaction.sid):
            raise SessionOver
        # The gate holds this against `not_before`. The older of the two, so that neither a session from before a new
        # password nor an interaction that was open then leads to a code.
        began = min(current.started_at, interaction.started_at) if current else interaction.started_at
        try:
            self.gate.may_issue(account, client, acr=assurance.acr, authorized_at=began)
        except IssueRefused as refused:
            self._witness(AuditEvent.ISSUE_REFUSED, interaction, account, reason=str(refused.reason))
            raise
        # Expired by time alone: void is another thing, and the `sid` of a void session was told to be over.
        lapsed = None if current or known is None or account.has_voided(known.started_at) else known
        try:
            sid, cookie = self._session_for(interaction, account, current, lapsed, now)
        except UpstreamOver as over:
            raise SessionOver from over
        # The session first: a grant names it by `sid`, and is refused below if that one was ended meanwhile.
        grant = Grant(
            id=random_token(), account_id=account.id, client_id=client.client_id, sid=sid, granted_at=now
        )
        try:
            code = self._code(interaction, self.subjects.of(account, client), assurance, grant, client)
        except SessionEnded as ended:
            # Signed out just now, or long ago while the ephemeral store was down: its record must not go on either.
            self.sessions.end(sid)
            raise SessionOver from ended
        self._witness(AuditEvent.CODE_ISSUED, interaction, account, acr=str(assurance.acr))
        return Issued(code, cookie)

    def require_signer(self, interaction: Interaction) -> None:
        """Asked before the interaction is used up. Raises InteractionRefused: no key could sign its token now."""
        client = self.web.clients.get(interaction.client_id)
        try:
            if client is not None:
                self.client_tokens.require_signer(client, interaction.request.get("response_mode", "query"))
        except SignerUnavailable as error:
            raise InteractionRefused(InteractionRefusal.NOT_NOW, str(error)) from error

    def is_expected(self, interaction: Interaction, account: Account, client: Client) -> bool:
        """Whether this is the person that the relying party named, if it named one."""
        if interaction.subject is None:
            return True
        return hmac.compare_digest(interaction.subject.encode(), self.subjects.of(account, client).encode())

    def _code(
        self, interaction: Interaction, subject: str, assurance: Assurance, grant: Grant, client: Client
    ) -> str:
        return self.engine.code_for(
            interaction.request,
            grant=grant,
            subject=subject,
            # By the registration of now: a scope taken from the client since /authorize releases nothing.
            asked=read_claims_request(interaction.request.get("claims"), client),
            authentication=authentication_claims(assurance, grant.sid),
        )

    def _known_session(self, account: Account) -> Session | None:
        """This browser's session, if it is this person's, lately expired or not; another person's ends here
        (facts/security T12), even when it had expired: that person may still be signed in at relying parties."""
        session = self.sessions.recall(self.web.cookies.get(request, "session"))
        if session is not None and session.account_id != account.id:
            self.sign_out.end(session, self.clock.now())
            return None
        return session

    def _is_valid(self, session: Session, account: Account) -> bool:
        return is_session_valid(session, account, self.clock.now(), self.sessions.life, self.sessions.idle)

    def _session_for(
        self,
        interaction: Interaction,
        account: Account,
        current: Session | None,
        lapsed: Session | None,
        now: datetime,
    ) -> tuple[str, str | None]:
        """`sid`, and the new cookie when an authentication happened (facts/security SE2).

        `lapsed`: the person's own, expired. Its `sid` goes on, and nothing else of it: applications signed in before
        hear of the next sign-out by no other name.
        """
        # Single sign-on: nothing was proved that the session did not hold, so its cookie stays (AC4: nor is it lifted).
        if current is not None and set(interaction.events) <= set(current.events):
            return current.sid, None
        # The newest of each authenticator: a step-up adds to what the session proved, and takes nothing from it.
        events = (*(current.events if current else ()), *interaction.events)
        living = living_events(tuple(newest(events).values()), now, self.sessions.life)
        if not living:
            # Pro Santé Connect identified the person long ago, and the way here took the rest of that time.
            raise SessionOver
        # RP-Initiated Logout §2: the newest ID Token of Pro Santé Connect's is the hint that ends the session there.
        upstream = interaction.upstream_id_token or (current.upstream_id_token if current else None)
        if current is not None:
            # facts/security SE2: same `sid`, new secret; the cookie from before this authentication opens nothing.
            renewed = dataclasses.replace(
                current, events=living, last_seen_at=now, upstream_id_token=upstream
            )
            with suppress(StaleRecord):
                return current.sid, self.sessions.renew(renewed, now)
            # Signed out or renewed by another tab: a session of its own, of what was proved here. What came from the
            # other one may have been signed out of, and must not rise again.
            living = without_session(interaction).events
            if not living:
                raise SessionOver
        session = Session(
            sid=lapsed.sid if lapsed else random_token(),
            account_id=account.id,
            events=living,
            started_at=now,
            last_seen_at=now,
            upstream_id_token=upstream,
        )
        self._witness(AuditEvent.SESSION_STARTED, interaction, account)
        return session.sid, self.sessions.start(session, now)

    def _witness(self, event: AuditEvent, interaction: Interaction, account: Account, **facts: Fact) -> None:
        self.audit.record(
            event,
            account_id=account.id,
            client_id=interaction.client_id,
            interaction_id=interaction.id[:8],
            **facts,
        )
