"""Fetching the revocation lists: once a day at a random time, bounded, verified, then put in force.

Contains which list is due, the download into a file, whose list it is. Not here: the address taken from a
certificate, the parsing (`crl_file`), the index (`adapters/sql/crl_index`).
"""

import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

import structlog
from cryptography import x509

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer
from idp.adapters.igc.crl_file import CrlHeader, CrlRefused, read_header
from idp.adapters.sql.crl_index import CrlIndex, OlderList
from idp.cards.anchors import IssuingAuthority, TrustAnchors
from idp.core.clock import Clock

_log = structlog.get_logger(__name__)

#: Lists are renewed every morning from 07:00; ANS asks each subscriber for a random time spread over hours.
_PARIS = ZoneInfo("Europe/Paris")
_OPENS_AT = timedelta(hours=7, minutes=30)
_SPREAD = timedelta(hours=5)
#: A list ending before its next fetch is fetched again so long before its end.
_BEFORE_END = timedelta(hours=1)
_AT_LEAST = timedelta(minutes=15)
_RETRY, _RETRY_SPREAD = timedelta(minutes=15), timedelta(minutes=15)


class Downloads(Protocol):
    def download(self, url: str, headers: Mapping[str, str], sink: Callable[[bytes], object]) -> HttpAnswer:
        """Raises NoUsableAnswer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlRefresher:
    """Any number may run: the index gives each list to one of them at a time."""

    urls: tuple[str, ...]
    anchors: TrustAnchors
    http: Downloads
    index: CrlIndex
    clock: Clock
    chance: random.Random = field(default_factory=random.SystemRandom)

    def run_due(self) -> int:
        """Fetch what is due; gives how many lists came into force or stayed so. Raises StoreUnavailable."""
        return sum(self._run(url) for url in self.urls if self.index.is_due(url, self.clock.now()))

    def _run(self, url: str) -> bool:
        now = self.clock.now()
        retry_at = now + _RETRY + self.chance.random() * _RETRY_SPREAD
        if not self.index.claim(url, now, retry_at):
            return False
        try:
            header = self._fetch(url)
        except (NoUsableAnswer, CrlRefused, OSError) as fault:
            _log.error("crl_not_refreshed", url=url, reason=str(fault))
            return False
        self.index.plan(url, next_fetch(self.clock.now(), header.next_update, self.chance))
        return True

    def _fetch(self, url: str) -> CrlHeader:
        with tempfile.TemporaryFile() as file:
            answer = self.http.download(url, {"Accept": "application/pkix-crl, */*"}, file.write)
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
                    header.serials(file),
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
        for authority in self.anchors.all:
            certificate = x509.load_der_x509_certificate(authority.der)
            is_named = certificate.subject == header.issuer
            if is_named and header.authority_key_id in (None, authority.key_id) and _may_list(certificate):
                header.verify(file, authority.public_key)
                return authority
        raise CrlRefused("of no authority pinned here")


def _may_list(certificate: x509.Certificate) -> bool:
    # RFC 5280 §6.3.3 (f): the key usage, where present, must allow it; `anchors` made it present.
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign


def next_fetch(now: datetime, next_update: datetime, chance: random.Random) -> datetime:
    """A random time of the next morning, or before the list ends if that is sooner."""
    local = now.astimezone(_PARIS)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    morning = midnight + timedelta(days=1) + _OPENS_AT + chance.random() * _SPREAD
    before_end = max(next_update - _BEFORE_END, now + _AT_LEAST)
    return min(morning.astimezone(now.tzinfo), before_end)
