"""What the simulator remembers besides sessions.

Contains sign-ins under way, codes, tokens and PIN tries, in memory. Not here: sessions (`sessions`), files.
"""

import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from werkzeug.datastructures import MultiDict

from sandbox.psc.authorization import AuthorizationRequest
from sandbox.psc.identity import Identity

LOGIN_SECONDS = 15 * 60
CODE_SECONDS = 60
ACCESS_SECONDS = 120
REFRESH_SECONDS = 30 * 60
PIN = "1234"
PIN_TRIES = 3

Record = TypeVar("Record")


class Expiring(Generic[Record]):
    """Records by secret, until their life is over."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[float, Record]] = {}
        self._lock = threading.Lock()

    def put(self, key: str, record: Record, now: float, seconds: float) -> None:
        with self._lock:
            self._records = {known: held for known, held in self._records.items() if held[0] > now}
            self._records[key] = (now + seconds, record)

    def get(self, key: str, now: float) -> Record | None:
        with self._lock:
            until, record = self._records.get(key, (0.0, None))
        return record if until > now else None

    def take(self, key: str, now: float) -> Record | None:
        """Read and remove in one step. A second caller gets None."""
        with self._lock:
            until, record = self._records.pop(key, (0.0, None))
        return record if until > now else None

    def forget(self, doomed: Mapping[str, object]) -> None:
        """Remove every record with these values."""
        with self._lock:
            self._records = {
                key: held
                for key, held in self._records.items()
                if any(getattr(held[1], name) != value for name, value in doomed.items())
            }

    def clear(self) -> None:
        with self._lock:
            self._records.clear()


@dataclass(slots=True)
class Login:
    """One authorization request whose person has not signed in yet, bound to its browser."""

    request: AuthorizationRequest
    browser: str
    phone_owner: Identity | None = None
    number: str = ""
    #: Whom the establishment of this alias identified.
    delegated: tuple[Identity, str] | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code or a token stands for. `family`: the number of the code, kept through refreshes."""

    family: str
    request: AuthorizationRequest
    sid: str
    identity_id: str

    @property
    def client_id(self) -> str:
        return self.request.client_id


@dataclass(frozen=True, slots=True)
class AccessToken:
    family: str
    grant: Grant
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    family: str
    grant: Grant


class State:
    def __init__(self) -> None:
        self.logins: Expiring[Login] = Expiring()
        self.pushed: Expiring[MultiDict[str, str]] = Expiring()
        self.codes: Expiring[Grant] = Expiring()
        self.spent_codes: Expiring[Grant] = Expiring()
        self.access_tokens: Expiring[AccessToken] = Expiring()
        self.refresh_tokens: Expiring[RefreshToken] = Expiring()
        #: Accounts of establishments that their person paired with a card.
        self.paired: set[str] = set()
        self._pin_failures: dict[str, int] = {}
        self._pin_lock = threading.Lock()

    def open_login(self, request: AuthorizationRequest, browser: str, now: float) -> str:
        key = secrets.token_urlsafe(24)
        self.logins.put(key, Login(request, browser), now, LOGIN_SECONDS)
        return key

    def issue_code(self, request: AuthorizationRequest, sid: str, identity_id: str, now: float) -> str:
        family = str(uuid.uuid4())
        # Three parts like Keycloak's, the session in the middle; the first alone is the secret.
        code = f"{secrets.token_urlsafe(32)}.{sid}.{family}"
        self.codes.put(code, Grant(family, request, sid, identity_id), now, CODE_SECONDS)
        return code

    def redeem(self, code: str, now: float) -> Grant | None:
        """Returns the grant, once. A replay returns None and revokes the tokens of the first use (RFC 6749 §4.1.2)."""
        grant = self.codes.take(code, now)
        if grant:
            self.spent_codes.put(code, grant, now, CODE_SECONDS)
            return grant
        replayed = self.spent_codes.get(code, now)
        if replayed:
            self.revoke_family(replayed.family)
        return None

    def revoke_family(self, family: str) -> None:
        self.access_tokens.forget({"family": family})
        self.refresh_tokens.forget({"family": family})

    def present_pin(self, identity_id: str, pin: str) -> int | None:
        """Returns None when the PIN is right, else the tries left.

        At zero the card is locked even for the right PIN.
        """
        with self._pin_lock:
            failures = self._pin_failures.get(identity_id, 0)
            if failures < PIN_TRIES and secrets.compare_digest(pin.encode(), PIN.encode()):
                self._pin_failures.pop(identity_id, None)
                return None
            self._pin_failures[identity_id] = min(failures + 1, PIN_TRIES)
            return PIN_TRIES - self._pin_failures[identity_id]

    def locked_cards(self) -> set[str]:
        with self._pin_lock:
            return {card for card, failures in self._pin_failures.items() if failures >= PIN_TRIES}

    def reset(self) -> None:
        """Forget everything: logins, codes, tokens, paired accounts, locked cards."""
        codes, tokens = (self.codes, self.spent_codes), (self.access_tokens, self.refresh_tokens)
        for records in (self.logins, self.pushed, *codes, *tokens):
            records.clear()
        self.paired.clear()
        with self._pin_lock:
            self._pin_failures.clear()
