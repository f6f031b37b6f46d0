"""Keys derived from the application key, and values sealed under one: kept by us, readable by nobody else."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken


class Sealer:
    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """None for anything this key did not seal."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


def derive_key(application_key: str, purpose: str) -> bytes:
    """One key per purpose, so that a value made for one is never accepted by another."""
    return hmac.digest(application_key.encode(), f"caducee:{purpose}".encode(), "sha256")
