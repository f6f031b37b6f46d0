"""Sealing values we must keep but nobody else may read: authenticated encryption under the application key."""

import base64

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
