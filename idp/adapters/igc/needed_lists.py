"""The authorities whose revocation list is needed, and the addresses where the operator says that it is.

Contains which are needed at an instant. Not here: which lists there are (`adapters/sql/crl_index`), fetching
(`crl_refresh`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.cards.anchors import IssuingAuthority, TrustAnchors


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededLists:
    """No setting says whose list an address has: it may be that of any issuing authority, or of any root."""

    anchors: TrustAnchors
    issuing_urls: tuple[str, ...] = ()
    root_urls: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """Returns each address once, in the order of the settings."""
        return tuple(dict.fromkeys((*self.issuing_urls, *self.root_urls)))

    def at(self, url: str, now: datetime) -> frozenset[str]:
        """Returns the key identifiers of the authorities whose list this address may have."""
        issuing = self._key_ids(self._issuing(now)) if url in self.issuing_urls else frozenset()
        roots = self._key_ids(self._roots(now)) if url in self.root_urls else frozenset()
        return issuing | roots

    def all(self, now: datetime) -> frozenset[str]:
        """Returns the key identifiers of every authority of which a list is needed."""
        return frozenset().union(*(self.at(url, now) for url in self.urls))

    def names(self, key_ids: frozenset[str]) -> tuple[str, ...]:
        """Returns the names of these authorities, for the operator."""
        return tuple(one.name for one in self.anchors.all if one.key_name in key_ids)

    def _issuing(self, now: datetime) -> tuple[IssuingAuthority, ...]:
        # After its end an authority publishes no list, and none of its cards is accepted: nothing waits for its list.
        return tuple(one for one in self.anchors.issuing if one.not_before <= now <= one.not_after)

    def _roots(self, now: datetime) -> tuple[IssuingAuthority, ...]:
        return tuple(one.root for one in self._issuing(now) if one.root is not None)

    @staticmethod
    def _key_ids(authorities: Iterable[IssuingAuthority]) -> frozenset[str]:
        return frozenset(one.key_name for one in authorities)
