"""Contains a person in a section of « Mon compte ». Not here: how they came in (`account_desk`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.accounts.account import Account
from idp.interaction.session import Session
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A person in a section."""

    section: Section
    session: Session
    account: Account
    #: The card or Pro Santé Connect identified this person a moment ago.
    is_proved: bool
    at: datetime
    #: What the person typed in the form of this section, which came too late; empty for none.
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.section.path

    @property
    def sid(self) -> str:
        return self.session.sid
