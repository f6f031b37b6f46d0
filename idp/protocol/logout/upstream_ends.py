"""Contains what a logout token of Pro Santé Connect ends here (Back-Channel Logout 1.0 §2.6, §2.7).

Not here: verifying it (`adapters/psc`), HTTP (`upstream_logout`); the worker loads no web framework for it.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from idp.accounts.account import Account, AccountId
from idp.accounts.repository import AccountNotFound, AccountRepository, save_changed
from idp.accounts.upstream_link import UpstreamLinks
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.sign_out import SignOut
from idp.interaction.store import GRACE
from idp.interaction.upstream import Upstream, UpstreamLogout, UpstreamRefusal, UpstreamRefused


class TokenReplayed(UpstreamRefused):
    """Its `jti` came before: what it names has ended already, or is just being ended."""

    def __init__(self) -> None:
        super().__init__(UpstreamRefusal.REFUSED, "logout token: replayed")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogouts:
    upstream: Upstream
    work: UnitOfWork
    store: EphemeralStore
    sign_out: SignOut
    accounts: AccountRepository
    links: UpstreamLinks
    clock: Clock

    def carry_out(self, token: str, received_at: datetime) -> None:
        """End what it names. Raises UpstreamRefused; UpstreamUnavailable: its keys cannot be had; StoreUnavailable."""
        logout = self.upstream.verify_logout(token, now=received_at)
        # §2.6, 7: the same `jti` again is a replay. Kept for longer than an old `iat` is accepted.
        if self.store.counted(Kind.UPSTREAM_LOGOUT, logout.jti):
            raise TokenReplayed
        self._end(logout)
        # Marked last: after a failure on the way it may be sent again. Two at once end the same sessions; one of them
        # is the replay.
        if self.store.count(Kind.UPSTREAM_LOGOUT, logout.jti, GRACE) > 1:
            raise TokenReplayed

    def _end(self, logout: UpstreamLogout) -> None:
        now = self.clock.now()
        if logout.sid is None:
            self._end_all_of(str(logout.subject))
            return
        self.sign_out.end_from_upstream(logout.sid, now)

    def _end_all_of(self, subject: str) -> None:
        """End every session of that person (§2.4: no `sid`), those from other doors too: we cannot tell them apart."""
        owner = self.links.owner(subject)
        if owner is not None:
            self._void(owner)

    def _void(self, account_id: AccountId) -> None:
        with suppress(AccountNotFound):
            # StoreUnavailable if the account keeps changing: the token may be sent again.
            save_changed(
                self.work,
                self.accounts,
                account_id,
                Account.next_generation,
                partial(self.sign_out.end_all, account_id, self.clock.now(), by="psc"),
            )
