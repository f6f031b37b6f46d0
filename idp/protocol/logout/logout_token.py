"""The Logout Token (Back-Channel Logout 1.0 §2.4), made when it is sent: by the key and the clock of that moment."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.accounts.logouts import LogoutNotice
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.protocol.claims.subject import Subjects
from idp.signing.key_ring import Keys

_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutTokens:
    issuer: str
    keys: Keys
    subjects: Subjects
    accounts: AccountRepository
    life: timedelta
    clock: Clock

    def token_for(self, notice: LogoutNotice, client: Client) -> str:
        """Raises KeyMissing, SignerUnavailable, StoreUnavailable."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + int(self.life.total_seconds()),
            # New at each try: an answer that was lost on its way must not make the next token a replay.
            "jti": secrets.token_urlsafe(16),
            "sid": notice.sid,
            "events": {_EVENT: {}},
            **self._subject(notice, client),
        }
        # §2.6: the alg that ID Tokens of this client have; typ keeps it from being taken for one.
        return self.keys.sign_jwt(claims, alg=client.id_token_signed_response_alg, typ="logout+jwt")

    def _subject(self, notice: LogoutNotice, client: Client) -> dict[str, str]:
        """`sub` as this client knows it; without the account `sid` says enough (§2.4: either or both)."""
        try:
            return {"sub": self.subjects.of(self.accounts.get(notice.account_id), client)}
        except AccountNotFound:
            return {}
