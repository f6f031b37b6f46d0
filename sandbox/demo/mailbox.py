"""Reading the demonstration's mailbox from a script.

Contains the mail catcher's JSON list, and the newest code sent to an address. Not here: SMTP, pages of the provider.
"""

import re
import time
from typing import Any

import requests

# Alone on its line: any other number of the mail stands in a sentence.
_CODE_LINE = re.compile(r"^\s*(\d{3,4} ?\d{3,4})\s*$", re.MULTILINE)
_PAUSE_SECONDS = 0.02


class NoMail(Exception):
    """No new code came for this address in time."""


class Mailbox:
    """`url`: `mailbox` of the ready file."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.trust_env = False  # neither proxy nor .netrc of the machine

    def close(self) -> None:
        self._http.close()

    def messages(self, to: str) -> list[dict[str, Any]]:
        """Returns the mails, newest first; each has `id`, `to`, `subject`, `text`."""
        answer = self._http.get(self._url, params={"to": to}, timeout=10)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def last_id(self, to: str) -> int:
        """Returns the id of the newest mail, 0 when there is none. Called before a code is asked for."""
        return max((int(message["id"]) for message in self.messages(to)), default=0)

    def wait_for_code(self, to: str, after: int = 0, seconds: float = 15) -> str:
        """Returns the code in the newest mail that came after the one numbered `after`. Raises NoMail."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            newer = (message["text"] for message in self.messages(to) if message["id"] > after)
            # A notice may have come after the mail with the code.
            codes = (found for text in newer if (found := _CODE_LINE.search(text)) is not None)
            if (newest := next(codes, None)) is not None:
                return newest.group(1).replace(" ", "")
            time.sleep(_PAUSE_SECONDS)
        raise NoMail(f"no new code within {seconds:g} s")
