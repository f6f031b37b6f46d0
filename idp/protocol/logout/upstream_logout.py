"""Contains the endpoint that Pro Santé Connect may call at a sign-out there (Back-Channel Logout 1.0 §2.5 to §2.8).

Not here: verifying its token (`adapters/psc`).
"""

from contextlib import suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, AccountId
from idp.accounts.repository import AccountNotFound, AccountRepository, save_changed
from idp.accounts.upstream_link import UpstreamLinks
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.refusal_trail import RefusalTrail
from idp.interaction.sign_out import SignOut
from idp.interaction.store import GRACE
from idp.interaction.upstream import Upstream, UpstreamLogout, UpstreamRefused, UpstreamUnavailable
from idp.protocol.client_auth.answers import json_response, unavailable_response
from idp.web.network import CallerNetworks


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogoutEndpoint:
    upstream: Upstream
    store: EphemeralStore
    sign_out: SignOut
    accounts: AccountRepository
    links: UpstreamLinks
    trail: RefusalTrail
    clock: Clock
    networks: CallerNetworks

    def __call__(self, request: Request) -> Response:
        """POST, form field `logout_token`. Returns 200 when the sessions that it names are over, now or before."""
        tokens = request.form.getlist("logout_token")
        if len(tokens) != 1:
            return _refused()
        try:
            logout = self.upstream.verify_logout(tokens[0], now=self.clock.now())
        except UpstreamRefused as refused:
            network = self.networks.of(request)
            self.trail.record_refusal(AuditEvent.PSC_LOGOUT_REFUSED, network, reason=str(refused))
            return _refused()
        except UpstreamUnavailable:
            return (
                unavailable_response()
            )  # Its keys cannot be fetched: Pro Santé Connect may send the token again.
        # §2.6, 7: the same `jti` again is a replay. Kept for longer than an old `iat` is accepted.
        if self.store.counted(Kind.UPSTREAM_LOGOUT, logout.jti):
            return _refused()
        self._end(logout)
        # Marked last: after a failure on the way it may be sent again. Two at once end the same sessions.
        self.store.count(Kind.UPSTREAM_LOGOUT, logout.jti, GRACE)
        return json_response({})

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
            save_changed(self.accounts, account_id, Account.next_generation)
            self.sign_out.end_all(account_id, self.clock.now(), by="psc")


def _refused() -> Response:
    return json_response({"error": "invalid_request"}, 400)
