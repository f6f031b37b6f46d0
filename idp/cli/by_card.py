"""Contains whose card one is, by its number or its certificate, for each command that looks for a person.

Not here: people by anything else (`whom`), what is told of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from idp.accounts.account import Account
from idp.adapters.sql.account_search import SqlAccountSearch
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.adapters.sql.proofs import SqlProofs
from idp.core.audit_record import AuditRecord

#: As `bare_number` leaves it, in small letters: the digits printed on a card, its serial number, the SHA-256 of its
#: certificate.
CARD = r"[0-9]{10}|[0-9a-f]{32}|[0-9a-f]{64}"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class CardSeen:
    """`accounts`: whom it signed in or proved. `events`: of the card, the newest first."""

    accounts: Sequence[Account]
    events: Sequence[AuditRecord]


def by_card(database: Engine, text: str, since: datetime) -> CardSeen:
    """`since`: how far back events are read; an account keeps for good the certificate that proved it, no number."""
    asked = Asked(events=("card:*",), since=since, reference=text)
    found = SqlAuditTrail(database).search(asked, _MOST, newest=True)
    events = [one.record for one in reversed(found)]
    certificates = {str(one.facts["certificate"]) for one in events if "certificate" in one.facts}
    proofs = SqlProofs(database)
    proved = [one for each in {*certificates, text} for one in proofs.accounts_of(each)]
    ids = [*(one.account_id for one in events if one.account_id), *proved]
    return CardSeen(SqlAccountSearch(database).existing(ids), events)
