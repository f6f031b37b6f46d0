"""Who comes by another door than the card while servers fail, each time at a browser that nobody signed in at.

Contains a sign-in by password and mail code, one by Pro Santé Connect, and a stranger who guesses passwords. Not here:
what is done once signed in (`people`).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sandbox.demo.driver import Browser, Page
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.ledger.book import Outcome
from tests.ledger.people import Somebody, accepting, shown

BY_MAIL, BY_PSC = "sign in by mail code", "sign in by psc"
_numbers = itertools.count()


@dataclass
class Visitor(Somebody):
    """`card`: of the person whose name it is; it stays out of the reader."""

    card: str = field(kw_only=True)
    #: Each visit costs as much as ten redemptions.
    pause: ClassVar[float] = 1.0

    def sign_in(self, pass_the_door: Callable[[Browser], Page]) -> Outcome:
        party = OwnParty.of(self.demo)
        with self.demo.browser() as browser:
            party.ask(browser)
            self.tokens_for(party, accepting(browser, pass_the_door(browser)))
        return Outcome.ACKNOWLEDGED


@dataclass
class ByMail(Visitor):
    def acts(self) -> Sequence[Callable[[], Outcome | None]]:
        return (self.sign_in_by_mail_code,)

    def sign_in_by_mail_code(self) -> Outcome:
        account = self.demo.account(self.card)
        return self.sign_in(lambda browser: do.by_password(browser, self.demo, account))


@dataclass
class ByPsc(Visitor):
    def acts(self) -> Sequence[Callable[[], Outcome | None]]:
        return (self.sign_in_by_psc,)

    def sign_in_by_psc(self) -> Outcome:
        return self.sign_in(lambda browser: do.by_psc_card(browser, self.card))


@dataclass
class Stranger(Somebody):
    """Somebody who tries passwords of a person."""

    pause: ClassVar[float] = 1.0

    def acts(self) -> Sequence[Callable[[], Outcome | None]]:
        return (self.guess_a_password,)

    def guess_a_password(self) -> Outcome:
        party = OwnParty.of(self.demo)
        with self.demo.browser() as browser:
            party.ask(browser)
            page = do.type_password(browser, self.rpps, f"essai {next(_numbers)}")
        if page.status == 422:
            self.ledger.was_wrong(self.rpps)
            return Outcome.REFUSED
        # 429: not looked at, since it was guessed too often; nothing more is counted then.
        return Outcome.REFUSED if page.status == 429 else shown(page, "")
