"""Contains our secret at Pro Santé Connect, read again when its file changes. Not here: its use (`backchannel`)."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from idp.settings.files import stamp_of
from idp.settings.psc import PscSettings
from idp.settings.texts import Unreadable, read_file

log = structlog.get_logger()


@dataclass(slots=True)
class ClientSecret:
    """Thread-safe. A file that cannot be read leaves the secret that was in force."""

    settings: PscSettings
    _kept: str = field(init=False, repr=False)
    #: None: not looked at yet, or there is no file.
    _seen: object = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = self.settings.client_secret

    def current(self) -> str:
        """Returns the secret in force at this moment."""
        path = self.settings.client_secret_file
        if path:
            with self._lock:
                self._look(path)
        return self._kept

    def _look(self, path: str) -> None:
        mark = stamp_of(Path(path))
        if mark == self._seen:
            return
        # Before the file is read: a change in between has another mark, and is read next time.
        self._seen = mark
        try:
            text = read_file(path)
            if not text:
                raise Unreadable("an empty file", "the secret")
        except Unreadable as why:
            log.error("psc_client_secret_kept", setting="PSC_CLIENT_SECRET_FILE", why=str(why))
            return
        if text != self._kept:
            self._kept = text
            log.warning("psc_client_secret_changed", setting="PSC_CLIENT_SECRET_FILE")
