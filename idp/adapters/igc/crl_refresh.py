"""Fetching the revocation lists: once a day at a random time, bounded, verified, then put in force.

Contains which list is due, its download into a file, which authority signed it. Not here: an address written in a
certificate (it is never used), which lists are needed (`needed_lists`), parsing (`crl_file`), the index
(`adapters/sql/crl_index`).
"""

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog
from cryptography import x509

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer
from idp.adapters.igc.crl_file import CrlHeader, CrlRefused, read_header
from idp.adapters.igc.needed_lists import NeededLists
from idp.adapters.sql.crl_index import CrlIndex, OlderList
from idp.cards.anchors import IssuingAuthority
from idp.core.clock import Clock

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

#: ANS renews the lists every morning from 07:00, and asks each subscriber to fetch at a random time over some hours.
_PARIS = ZoneInfo("Europe/Paris")
_OPENS_AT = timedelta(hours=7, minutes=30)
_SPREAD = timedelta(hours=5)
#: A list that ends before its next fetch is fetched this long before its end.
_BEFORE_END = timedelta(hours=1)
_AT_LEAST = timedelta(minutes=15)
_RETRY, _RETRY_SPREAD = timedelta(minutes=15), timedelta(minutes=15)


class _Stopped(Exception):
    """Whoever fetches is told to end, in the middle of a list."""


class Downloads(Protocol):
    def download(self, url: str, headers: Mapping[str, str], sink: Callable[[bytes], object]) -> HttpAnswer:
        """Returns the answer, its body written to `sink`. Raises NoUsableAnswer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlRefresher:
    """Any number may run: the index gives each list to one at a time."""

    needed: NeededLists
    http: Downloads
    index: CrlIndex
    clock: Clock
    chance: random.Random = field(default_factory=random.SystemRandom)

    def run_due(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Fetch what is due. Returns how many lists came into force or stayed so. Raises StoreUnavailable.

        `is_stopped`: asked at each piece of a list. A list broken off is due again at once, for another worker.
        """
        return sum(self._attempts(self._is_ours, is_stopped))

    def run_now(self) -> tuple[bool, ...]:
        """For an operator: as `run_due`, but what an authority waits for is fetched without the pause between attempts.

        Returns for each list tried whether it came into force or stayed so. Raises StoreUnavailable.
        """
        return tuple(self._attempts(self._is_ours_at_once))

    def lacking(self) -> tuple[str, ...]:
        """Returns the names of the authorities in force of which no list counts. Raises StoreUnavailable."""
        now = self.clock.now()
        return self.needed.names(self.index.lacking(self.needed.all(now), now))

    def _attempts(
        self,
        is_ours: Callable[[str, frozenset[str], datetime], bool],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[bool]:
        for url in self.needed.urls:
            # Read again for each address: the list fetched before may be the one that was waited for.
            waiting = self._waiting_at(url)
            if is_stopped() or not is_ours(url, waiting, self.clock.now()):
                continue
            try:
                yield self._refresh(url, is_stopped)
            except _Stopped:
                self.index.plan(url, self.clock.now(), waiting)

    def _waiting_at(self, url: str) -> frozenset[str]:
        now = self.clock.now()
        return self.index.waiting(self.needed.at(url, now), now)

    def _is_ours(self, url: str, waiting: frozenset[str], now: datetime) -> bool:
        # Read before writing: most of the time nothing is due.
        is_due = self.index.is_due(url, now, waiting)
        return is_due and self.index.claim(url, now, self._retry_at(now), waiting)

    def _is_ours_at_once(self, url: str, waiting: frozenset[str], now: datetime) -> bool:
        if not waiting:
            return self._is_ours(url, waiting, now)
        self.index.plan(url, self._retry_at(now), waiting)  # so that a worker leaves it to us
        return True

    def _retry_at(self, now: datetime) -> datetime:
        return now + _RETRY + self.chance.random() * _RETRY_SPREAD

    def _refresh(self, url: str, is_stopped: Callable[[], bool]) -> bool:
        try:
            header = self._fetch(url, is_stopped)
        except (NoUsableAnswer, CrlRefused, OSError) as fault:
            _log.error("crl_not_refreshed", url=url, reason=str(fault))
            return False
        # An authority that still waits has no list at this address today: we try at the next fetch, not in a loop.
        due_at = next_fetch(self.clock.now(), header.next_update, self.chance)
        self.index.plan(url, due_at, self._waiting_at(url))
        return True

    def _fetch(self, url: str, is_stopped: Callable[[], bool]) -> CrlHeader:
        def unless_stopped(piece: _T) -> _T:
            if is_stopped():
                raise _Stopped
            return piece

        with tempfile.TemporaryFile() as file:
            accept = {"Accept": "application/pkix-crl, */*"}
            answer = self.http.download(url, accept, lambda piece: file.write(unless_stopped(piece)))
            if answer.status != 200:
                raise NoUsableAnswer(f"HTTP {answer.status}")
            header = read_header(file)
            authority = self._signer(header, file)
            now = self.clock.now()
            if header.this_update > now + self.index.skew:
                raise CrlRefused("from the future")
            try:
                entries = self.index.load(
                    authority.key_name,
                    map(unless_stopped, header.serials(file)),
                    number=header.number,
                    this_update=header.this_update,
                    next_update=header.next_update,
                    now=now,
                )
            except OlderList:
                raise CrlRefused("older than the list in force") from None
            _log.info("crl_in_force", authority=authority.name, entries=entries)
            if header.next_update < now:
                _log.error("crl_outdated_on_arrival", authority=authority.name)
            return header

    def _signer(self, header: CrlHeader, file: BinaryIO) -> IssuingAuthority:
        refusal = CrlRefused("of no authority pinned here")
        anchors = self.needed.anchors
        for authority in anchors.all:
            certificate = x509.load_der_x509_certificate(authority.der)
            is_named = certificate.subject == header.issuer
            if is_named and header.authority_key_id in (None, authority.key_id) and _may_list(certificate):
                try:
                    header.verify(file, authority.public_key)
                except CrlRefused as fault:
                    # An authority and its successor may have one name, and a list need not say which key signed it.
                    refusal = fault
                else:
                    return authority
        raise refusal


def _may_list(certificate: x509.Certificate) -> bool:
    # RFC 5280 §6.3.3 (f): the key usage, where present, must allow it; `anchors` demands that it is present.
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign


def next_fetch(now: datetime, next_update: datetime, chance: random.Random) -> datetime:
    """Returns a random time of the next morning, or shortly before the list ends if that is sooner."""
    local = now.astimezone(_PARIS)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    morning = midnight + timedelta(days=1) + _OPENS_AT + chance.random() * _SPREAD
    before_end = max(next_update - _BEFORE_END, now + _AT_LEAST)
    return min(morning.astimezone(now.tzinfo), before_end)
