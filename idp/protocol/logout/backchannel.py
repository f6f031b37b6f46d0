"""Back-channel logout to relying parties (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8).

Contains how one notice is delivered, retried or given up. Runs in the worker: no person waits for a relying party
(facts/security LO5). Not here: the token (`logout_token`), HTTP (`adapters/http`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from idp.accounts.logouts import LogoutAnswer, LogoutNotice, LogoutNotices, NoticeState
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.measures import RETRIES
from idp.core.unit_of_work import UnitOfWork
from idp.protocol.logout.logout_token import LogoutTokens
from idp.signing.key_ring import KeyMissing
from idp.signing.signer import SignerUnavailable

_log = structlog.get_logger(__name__)

#: Between one delivery and the next. After the last pause and one more try a notice is given up (facts/security LO5).
PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=3))
#: A notice older than this is of no use any more, whatever kept it waiting.
LIFE = timedelta(hours=1)
#: After a fault of ours, which does not count as a delivery.
_OUR_PAUSE = timedelta(seconds=10)

#: §2.8: 400 means that the relying party will never accept the token. Some frameworks make 204 of an empty 200.
_SETTLED: Mapping[int, NoticeState] = {
    200: NoticeState.DELIVERED,
    204: NoticeState.DELIVERED,
    400: NoticeState.REFUSED,
}
_EVENTS: Mapping[NoticeState, AuditEvent] = {
    NoticeState.DELIVERED: AuditEvent.LOGOUT_DELIVERED,
    NoticeState.REFUSED: AuditEvent.LOGOUT_REFUSED,
    NoticeState.ABANDONED: AuditEvent.LOGOUT_ABANDONED,
}


class LogoutPost(Protocol):
    """Port to the relying parties' logout endpoints."""

    def post(self, url: str, logout_token: str) -> LogoutAnswer:
        """Returns what came of it, in bounded time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelLogout:
    """Any number may run, in any process: one at a time holds a notice."""

    work: UnitOfWork
    notices: LogoutNotices
    tokens: LogoutTokens
    client: Callable[[str], Client | None]
    outside: LogoutPost
    audit: Audit
    clock: Clock

    def clients_due(self) -> Sequence[str]:
        """Returns the clients for which `deliver_next` has something to do. Raises StoreUnavailable."""
        return self.notices.clients_due(self.clock.now())

    def deliver_next(self, client_id: str) -> bool:
        """Try one notice of this client. Returns False when none is due. Raises StoreUnavailable."""
        notice = self.notices.lease_next(client_id, self.clock.now())
        if notice is None:
            return False
        client = self.client(client_id)
        if client is None or client.backchannel_logout_uri is None:
            self._settle(notice, NoticeState.ABANDONED, LogoutAnswer("not registered"), notice.deliveries)
        elif self.clock.now() - notice.ended_at > LIFE:
            late = LogoutAnswer(notice.outcome or "too late")
            self._settle(notice, NoticeState.ABANDONED, late, notice.deliveries)
        else:
            self._call(notice, client, client.backchannel_logout_uri)
        return True

    def _call(self, notice: LogoutNotice, client: Client, url: str) -> None:
        try:
            token = self.tokens.token_for(notice, client)
        except (KeyMissing, SignerUnavailable) as error:
            _log.error("logout_token_not_signed", client_id=client.client_id, error=type(error).__name__)
            self.notices.postpone(notice, self.clock.now() + _OUR_PAUSE, "not signed", notice.deliveries)
            return
        answer, deliveries = self.outside.post(url, token), notice.deliveries + 1
        state = _SETTLED.get(answer.outcome) if isinstance(answer.outcome, int) else None
        if state is None and deliveries > len(PAUSES):
            state = NoticeState.ABANDONED
        if state is None:
            self._retry_later(notice, answer, deliveries)
        else:
            self._settle(notice, state, answer, deliveries)

    def _retry_later(self, notice: LogoutNotice, answer: LogoutAnswer, deliveries: int) -> None:
        outcome = str(answer.outcome)
        _log.warning(
            "logout_not_delivered", client_id=notice.client_id, outcome=outcome, answer=answer.words,
            deliveries=deliveries,
        )  # fmt: skip
        RETRIES.of("logout notice").add()
        until = self.clock.now() + PAUSES[deliveries - 1]
        self.notices.postpone(notice, until, outcome, deliveries)

    def _settle(
        self, notice: LogoutNotice, state: NoticeState, answer: LogoutAnswer, deliveries: int
    ) -> None:
        outcome, is_given_up = str(answer.outcome), state is not NoticeState.DELIVERED
        # In the words of the relying party: « 400 » alone tells nobody which claim it did not like.
        words = {"answer": answer.words} if answer.words and is_given_up else {}
        with self.work.together():
            # False: our hold ended meanwhile, and the worker that holds the notice now tells and audits its outcome.
            if not self.notices.settle(notice, state, outcome, deliveries):
                return
            self.audit.record(
                _EVENTS[state],
                account_id=notice.account_id,
                client_id=notice.client_id,
                outcome=outcome,
                deliveries=deliveries,
                **words,
            )
        if is_given_up:
            _log.error(
                "logout_given_up", client_id=notice.client_id, state=str(state), outcome=outcome,
                answer=answer.words, deliveries=deliveries,
            )  # fmt: skip
