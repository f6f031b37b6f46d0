"""Contains the judgement of logout tokens that waited for the keys of Pro Santé Connect; the worker runs it.

Not here: what a token ends (`upstream_ends`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.refusal_trail import RefusalTrail
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.kept_logouts import KEPT_FOR, KeptLogout, KeptLogouts
from idp.interaction.upstream import UpstreamRefused, UpstreamUnavailable
from idp.protocol.logout.upstream_ends import TokenReplayed, UpstreamLogouts

log = structlog.get_logger()

_PAUSE = timedelta(seconds=10)
#: They came from several networks, and count as one in the audit trail.
_NETWORK = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLogoutJudge:
    """Any number may run, in any process: one at a time holds a token."""

    work: UnitOfWork
    kept: KeptLogouts
    logouts: UpstreamLogouts
    trail: RefusalTrail
    clock: Clock

    def judge_due(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Judge those that are due, once each. Raises StoreUnavailable: they are judged again after their lease.

        `is_stopped`: asked before each.
        """
        while not is_stopped():
            held = self.kept.lease_next(self.clock.now())
            if held is None:
                return
            self._judge(held)

    def _judge(self, held: KeptLogout) -> None:
        now = self.clock.now()
        if now - held.received_at >= KEPT_FOR:
            log.error("psc_logout_given_up")
            self._refuse(held, "logout token: no signing keys in time")
            return
        try:
            # Judged as of the moment when it came: by now its `iat` would be too old.
            self.logouts.carry_out(held.token, held.received_at)
        except UpstreamUnavailable:
            self.kept.postpone(held, now + _PAUSE)
            return
        except TokenReplayed:
            log.info("psc_logout_done_meanwhile")
        except UpstreamRefused as refused:
            self._refuse(held, str(refused))
            return
        # Last: what a failure interrupts is carried out again, and ends nothing twice.
        self.kept.forget(held)

    def _refuse(self, held: KeptLogout, reason: str) -> None:
        with self.work.together():
            self.trail.record_refusal(AuditEvent.PSC_LOGOUT_REFUSED, _NETWORK, reason=reason)
            self.kept.forget(held)
