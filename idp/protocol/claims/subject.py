"""`sub`: what a relying party knows a person by. Public by default; pairwise for a client with an explicit sector.

Core §8.1 with a keyed hash: nobody without the key can tell that two sectors speak of one person (facts/security TK13).
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from idp.accounts.account import Account
from idp.clients.registry import Client
from idp.signing.key_ring import b64u


@dataclass(frozen=True, slots=True)
class Subjects:
    key: bytes = field(repr=False)

    def of(self, account: Account, client: Client) -> str:
        """Stable for the account; the same for all clients of a sector."""
        if client.sector_identifier is None:
            return account.subject
        text = f"{client.sector_identifier}\0{account.subject}"
        return b64u(hmac.new(self.key, text.encode(), hashlib.sha256).digest())
