"""Contains the receipt that a person gets by mail for a charter: what was accepted, and where it can be read again.

Not here: sending it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, CharterEvidence, CharterRevision
from idp.core.mailer import Outbox
from idp.pages.mails import CharterReceiptMail
from idp.web.local_time import local_time
from idp.web.mails import Mails


def acceptance_path(number: int) -> str:
    """Returns where the person finds the text accepted. `number`: of the revision."""
    return f"/account/charters/{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReceipts:
    outbox: Outbox
    mails: Mails
    issuer: str
    life: timedelta
    #: The operator may have another way to hand over what was agreed.
    is_sent: bool

    def written(
        self, account: Account, revision: CharterRevision, evidence: CharterEvidence, application: str
    ) -> Callable[[], None]:
        """Returns what queues the receipt: to be called in the unit of work of the acceptance."""
        if not self.is_sent:
            return _nothing
        locale = self.mails.language_of(account)
        page = CharterReceiptMail(
            client_name="" if evidence.charter == HOUSE else application,
            revision=revision.revision,
            accepted_at=local_time(evidence.accepted_at, locale),
            text_sha256=evidence.text_sha256,
            address=f"{self.issuer}{acceptance_path(revision.number)}",
        )
        mail = self.mails.write(
            "charter_receipt",
            page,
            to=account.email,
            subject="mail.charter_receipt.subject",
            locale=locale,
        )
        return partial(self.outbox.post, mail, expires_after_seconds=int(self.life.total_seconds()))


def _nothing() -> None:
    """No receipt is sent."""
