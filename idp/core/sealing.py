"""Keys derived from the application key, and texts encrypted under one: only this service can read them."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken

from idp.core.octets import NotOctets, b64u_octets


class Sealer:
    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Returns the text, or None for anything that this key did not seal."""
        try:
            # Fernet reads several spellings of one token (core/octets).
            spelled = base64.urlsafe_b64encode(b64u_octets(sealed.rstrip("="))).decode()
            return self._fernet.decrypt(spelled).decode() if spelled == sealed else None
        except (InvalidToken, NotOctets):
            return None


def derive_key(application_key: str, purpose: str) -> bytes:
    """Returns a key for one purpose: a value made under it is accepted for no other purpose."""
    return hmac.digest(application_key.encode(), f"caducee:{purpose}".encode(), "sha256")
