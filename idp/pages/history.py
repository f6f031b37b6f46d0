"""What the section « Historique » shows, in words for a person. View-models, as in `sign_in`."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.accounts.history import HistoryEntry
from idp.core.audit import AuditEvent
from idp.pages.sessions import DOORS

#: The facts with words of their own: `history.event.<words>_<fact>`; any other has those of `<words>`.
VARIANTS: Mapping[AuditEvent, frozenset[str]] = {
    AuditEvent.SESSION_STARTED: DOORS,
    AuditEvent.SESSION_ENDED: frozenset(
        {"psc", "password_change", "person", "report", "closing", "incident", "operator"}
    ),
    AuditEvent.ACCOUNT_DISABLED: frozenset({"unused"}),
    AuditEvent.DATA_EXPORTED: frozenset({"operator"}),
    AuditEvent.CLOSE_REQUESTED: frozenset({"operator"}),
    AuditEvent.PROOF_ADDED: frozenset({"cps", "psc"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    id: int
    hour: str
    #: A key of the catalogue.
    words: str
    #: Name of the application, "" for none.
    application: str
    #: « Ce n'était pas moi » leads somewhere.
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class DayView:
    day: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """GET …/report/<entry> is « Ce n'était pas moi »."""

    days: tuple[DayView, ...]
    #: Address of what came before; None on the last page.
    older: str | None
    #: This is not the newest page.
    is_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """POST …/report (entry) closes every session, and the password door if `closes_password`; and removes the passkey
    that was used, or added (`was_passkey_added`), if `removes_passkey`."""

    entry: EntryView
    day: str
    closes_password: bool
    removes_passkey: bool = False
    was_passkey_added: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPage:
    """It was done, and this session is over too. `help_desk`: how to reach it, "" when the operator did not say."""

    closes_password: bool
    removes_passkey: bool
    help_desk: str


def words_of(entry: HistoryEntry) -> str:
    """Returns the key of the catalogue."""
    name = str(entry.event).replace(":", "_")
    variant = entry.variant if entry.variant in VARIANTS.get(entry.event, ()) else ""
    return f"history.event.{name}{'_' if variant else ''}{variant}"


def is_doubtful(entry: HistoryEntry) -> bool:
    """Whether another person may have done it: the operator has, or this very person said so."""
    return entry.event not in _DONE_BY_OTHERS and entry.facts.get("by") not in _BY_OTHERS


_BY_OTHERS = frozenset({"incident", "operator"})
_DONE_BY_OTHERS = frozenset(
    {
        AuditEvent.ACCOUNT_UNUSED_TOLD,
        AuditEvent.CHARTER_REMINDED,
        AuditEvent.EMAIL_OFFERED,
        AuditEvent.PASSWORD_LISTED,
        AuditEvent.ACCOUNT_DISABLED,
        AuditEvent.ACCOUNT_ENABLED,
        AuditEvent.ACCOUNT_UNLOCKED,
        AuditEvent.ACCOUNT_REPORTED,
    }
)
