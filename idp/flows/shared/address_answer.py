"""Contains who fills in a form of an address, and what it answers. Not here: what each of its forms does
(`address_form`)."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.flows.shared.busy import BUSY_SECONDS
from idp.interaction.reply import Reply
from idp.pages.email import AddressEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """`place`: as in `EmailChanging`."""

    request: Request
    place: str
    account: Account
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`entry`: the form to show; None: the page is to be asked for anew. `proved`: the address, if its code came."""

    entry: AddressEntry | None = None
    #: What `entry` says of the code, as it takes it.
    notice: str | None = None
    status: int = 200
    proved: str | None = None

    def said_at(self, at: str) -> Reply:
        """Returns what the page says that shows `entry`."""
        entry = self.entry or AddressEntry(typed="")
        return Reply(
            at=at,
            message=self.notice,
            status=self.status,
            wait_seconds=BUSY_SECONDS if self.status == 503 else 0,
            faults={} if entry.error is None else {"email": entry.error},
            typed={"email": entry.typed},
        )
