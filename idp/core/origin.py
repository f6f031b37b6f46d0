"""Where what is done at this moment comes from, for the audit trail (docs/adr/0048).

Contains the network and the browser of the request that this thread serves, the session that it is found to belong to,
and the operator who gave this process its command. A thread serves one request at a time, so nothing is passed along.
Not here: which address of a request is believed (`web/network`), who an operator is (`settings/audit`).
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

#: In hexadecimal digits: of 64 bits nobody finds another address, and what is kept for good stays short.
_DIGEST = 32


class Network(NamedTuple):
    """An address that can be erased, and goes on being vouched for: `digest` is of the salt and the address, so that
    once both are gone nothing leads back, and nothing else fits."""

    address: str
    salt: str
    digest: str


@dataclass(slots=True, kw_only=True)
class Origin:
    """Of one request. What is asked for is found when something is audited, once."""

    find_address: Callable[[], str]
    find_browsing: Callable[[], str | None]
    browsing: str | None = None
    _network: Network | None = None

    @property
    def network(self) -> Network | None:
        if self._network is None and (address := self.find_address()):
            self._network = network_of(address)
        return self._network


def network_of(address: str) -> Network:
    salt = secrets.token_hex(12)
    return Network(address, salt, digest_of(address, salt))


def digest_of(address: str, salt: str) -> str:
    return hashlib.sha256(f"{salt} {address}".encode()).hexdigest()[:_DIGEST]


class _Present(threading.local):
    origin: Origin | None = None


class _Process:
    operator: str | None = None


_present, _process = _Present(), _Process()


class coming_from:  # noqa: N801 - a `with` block, around every request, as `adapters/unit`
    """`origin`: of the request that this block serves."""

    __slots__ = ("_before", "_origin")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __enter__(self) -> None:
        self._before, _present.origin = _present.origin, self._origin

    def __exit__(self, *_error: object) -> None:
        _present.origin = self._before


def present_origin() -> Origin | None:
    """Returns None outside of a request."""
    return _present.origin


def found_in_session(sid: str) -> None:
    """This request belongs to the session of this `sid`, which was verified: what follows is audited under it."""
    if _present.origin is not None:
        _present.origin.browsing = sid


def browsing() -> str | None:
    """Returns what the events of one browser have in common: the `sid` of its session once that is known, which is the
    same through single sign-on; before, a digest of what the browser is known by."""
    origin = _present.origin
    if origin is None:
        return None
    if origin.browsing is None:
        origin.browsing = origin.find_browsing()
    return origin.browsing


def commanded_by(operator: str) -> None:
    """What this process does from now on is this operator's command."""
    _process.operator = operator or None


def operator() -> str | None:
    return _process.operator
