"""Contains the Logout Token (Back-Channel Logout 1.0 §2.4), made when it is sent. Not here: sending (`backchannel`)."""

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
        """Returns a token for this notice, with the key and the time of now.

        Raises KeyMissing, SignerUnavailable, StoreUnavailable.
        """
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + int(self.life.total_seconds()),
            # New at each try: if an answer was lost, the relying party must not take the next token for a replay.
            "jti": secrets.token_urlsafe(16),
            "sid": notice.sid,
            "events": {_EVENT: {}},
            **self._subject(notice, client),
        }
        # §2.6: the alg of this client's ID Tokens; `typ` keeps it from being accepted as one.
        return self.keys.sign_jwt(claims, alg=client.id_token_signed_response_alg, typ="logout+jwt")

    def _subject(self, notice: LogoutNotice, client: Client) -> dict[str, str]:
        """Returns `sub` as this client knows it; none without the account: `sid` is enough (§2.4: either or both)."""
        try:
            return {"sub": self.subjects.of(self.accounts.get(notice.account_id), client)}
        except AccountNotFound:
            return {}
