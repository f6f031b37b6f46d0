"""Contains `sub`, by which a relying party knows a person: public, or pairwise for a client with an explicit sector.

Core §8.1 with a keyed hash: without the key two sectors cannot find out that they know the same person (facts/security
TK13). Not here: the public `sub` (`accounts`).
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
        """Returns a `sub` that is stable for the account, and the same for all clients of a sector."""
        if client.sector_identifier is None:
            return account.subject
        text = f"{client.sector_identifier}\0{account.subject}"
        return b64u(hmac.new(self.key, text.encode(), hashlib.sha256).digest())
