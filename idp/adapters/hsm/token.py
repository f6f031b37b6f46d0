"""One token of the HSM as this process knows it.

Contains whether it answers, its login and its sessions. A refused PIN is not tried again before it changes, and the
last try is never used: tokens lock after a few (facts/security CP8). Not here: threads (`adapters/hsm/hsm.py`), keys
(`adapters/hsm/key_pairs.py`).
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from idp.adapters.hsm.library import HsmFault
from idp.adapters.hsm.uri import Pkcs11Uri
from idp.adapters.software_signer import BadKeyFile, require_owner_only
from idp.settings.files import read_words
from idp.signing.signer import SignerUnavailable

log = structlog.get_logger()

#: A lost token is tried again by one caller a second; the others are refused meanwhile.
_RETRY_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class HsmSession:
    """One thread's session of one token, logged in. `keys`: those found and proved in this session."""

    token: Any
    session: Any
    generation: int
    keys: dict[Pkcs11Uri, Any] = field(default_factory=dict)

    def close(self) -> None:
        import pkcs11

        with suppress(pkcs11.PKCS11Error):
            self.session.close()


class HsmToken:
    def __init__(self, uri: Pkcs11Uri, pin: str) -> None:
        """`pin`: used when the URI names no file."""
        self.uri = uri
        self._pin = pin
        self._lock = threading.Lock()
        self._fault: str | None = None
        self._has_answered = False
        self._retry_at = 0.0
        #: Its own lock: a login may hang, and callers of `check_available` and `is_lost` must not.
        self._login_lock = threading.Lock()
        self._refused_pin: str | None = None
        #: Kept open: a PKCS#11 login belongs to the process, and ends with its last session.
        self._login_session: Any = None
        self._logged_in: int | None = None

    @property
    def is_lost(self) -> bool:
        return self._fault is not None

    def check_available(self) -> None:
        """Raises SignerUnavailable while the token is lost, but lets one caller a second try it."""
        with self._lock:
            if self._fault is None:
                return
            if time.monotonic() < self._retry_at:
                raise SignerUnavailable(self._fault)
            self._retry_at = time.monotonic() + _RETRY_SECONDS

    def mark_lost(self, reason: str) -> None:
        with self._lock:
            # A token that never answered was not lost: no log line, the caller's own error tells it.
            is_news, self._fault = self._fault is None and self._has_answered, reason
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        if is_news:
            log.error("hsm_lost", token=self.uri.token, reason=reason)

    def mark_answering(self) -> None:
        with self._lock:
            is_news, self._fault, self._has_answered = self._fault is not None, None, True
        if is_news:
            log.warning("hsm_back", token=self.uri.token)

    def open(self, library: Any, generation: int) -> HsmSession:
        """Returns a session for the calling thread. Raises PKCS11Error, HsmFault."""
        found = _only_token(library, self.uri)
        with self._login_lock:
            if self._logged_in != generation:
                self._login(found)
                self._logged_in = generation
        return HsmSession(token=found, session=found.open(), generation=generation)

    def _login(self, found: Any) -> None:
        import pkcs11

        pin = self._read_pin()
        if pin == self._refused_pin:
            raise HsmFault("the token refused this PIN: not tried again before it changes")
        if found.flags & (pkcs11.TokenFlag.USER_PIN_LOCKED | pkcs11.TokenFlag.USER_PIN_FINAL_TRY):
            raise HsmFault("the PIN is locked or has one try left: log in by hand first")
        try:
            self._login_session = found.open(user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            return
        except (
            pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired, pkcs11.PinLocked,
        ) as error:  # fmt: skip
            self._refused_pin = pin
            raise HsmFault(f"the token refused the PIN ({type(error).__name__})") from error

    def _read_pin(self) -> str:
        """Returns the PIN, read at each login: a PIN changed in its file needs no restart. Raises HsmFault."""
        pin, path = self._pin, self.uri.pin_file
        if path is not None:
            try:
                require_owner_only(path)
                pin = read_words(path).strip()
            except (BadKeyFile, OSError) as error:
                raise HsmFault(f"{path}: the PIN cannot be read ({error})") from None
        if not pin:
            raise HsmFault("no PIN: set HSM_PIN_FILE, or `?pin-source=file:/…` in the URI")
        return pin


def _only_token(library: Any, uri: Pkcs11Uri) -> Any:
    """Returns the one token of this URI. Raises PKCS11Error when there is none, HsmFault when there are several."""
    import pkcs11

    serial = uri.serial.encode() if uri.serial else None
    named = {"label": uri.token, "manufacturer_id": uri.manufacturer, "model": uri.model, "serial": serial}
    wanted = {name: value for name, value in named.items() if value is not None}
    found = []
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except pkcs11.PKCS11Error:
            continue  # The slot of another module, which may fail for its own reasons.
        if all(getattr(token, name) == value for name, value in wanted.items()):
            found.append(token)
    if len(found) > 1:
        raise HsmFault("more than one token answers to this URI: add `serial`")
    if not found:
        raise pkcs11.NoSuchToken("the token is not there")
    return found[0]
