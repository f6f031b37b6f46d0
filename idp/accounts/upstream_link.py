"""The link between an account and Pro Santé Connect's `sub`: evidence, never a key (facts/security PS5, T5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLink:
    account_id: AccountId
    #: Pro Santé Connect's `sub` as last received.
    subject: str
    linked_at: datetime
    #: When Pro Santé Connect said what is kept here: when it identified the person.
    seen_at: datetime
    #: The userinfo as received at the latest identification, for relying parties with scope `psc`.
    claims: Mapping[str, object]


class LinkOutcome(StrEnum):
    FIRST = "first"
    KNOWN = "known"
    #: The same person has a new `sub`, as when Pro Santé Connect changed its format (facts/psc §5.1).
    SUBJECT_CHANGED = "subject_changed"


class SubjectOfAnother(Exception):
    """This `sub` belongs to another account: two RPPS claim it, and one of them is wrong."""


class UpstreamLinks(Protocol):
    def find(self, account_id: AccountId) -> UpstreamLink | None: ...

    def owner(self, subject: str) -> AccountId | None:
        """Returns the account that last came with this `sub`."""

    def link(
        self,
        account_id: AccountId,
        subject: str,
        now: datetime,
        claims: Mapping[str, object],
        stated_at: datetime | None = None,
    ) -> LinkOutcome:
        """Write or refresh the link, atomically. Raises SubjectOfAnother: then nothing is written.

        `stated_at`: when Pro Santé Connect said so, at the latest `now`. An answer older than the one kept replaces
        nothing of it.
        """
