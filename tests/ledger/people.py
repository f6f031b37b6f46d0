"""What a person with a card does while servers fail, in a thread until told to stop.

Contains one sign-in by card and, with its session, codes redeemed by several at once, refresh tokens turned, revoked
and used again, a postal address changed; and when somebody may act at all. Not here: who comes by another door
(`visitors`), what is judged (`after`).
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jwt

from sandbox.demo.driver import Browser, Page, TooManyRedirects
from sandbox.demo.forms import NotOnThePage
from sandbox.demo.mailbox import NoMail
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.ledger.asking import NO_ANSWER, ask_for_tokens, public_party, redemption, refreshing, revoke
from tests.ledger.book import Issued, Ledger, Outcome

#: How many redeem one code at one instant.
RACERS = 8
_numbers = itertools.count()


class NotNow(Exception):
    """Another page than the one due. `outcome`: what is known of the act."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Turnstile:
    """Who acts goes through it; who shuts it waits until nobody is within."""

    def __init__(self) -> None:
        self._changed, self._within, self._is_shut = threading.Condition(), 0, False

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._within += 1
        try:
            yield
        finally:
            with self._changed:
                self._within -= 1
                self._changed.notify_all()

    @contextmanager
    def shut(self) -> Iterator[None]:
        with self._changed:
            self._is_shut = True
            self._changed.wait_for(lambda: not self._within)
        try:
            yield
        finally:
            with self._changed:
                self._is_shut = False
                self._changed.notify_all()


@dataclass
class Somebody:
    """Who acts at one browser until stopped. What an act raises that is no outage ends the run."""

    demo: Demonstration
    ledger: Ledger
    turnstile: Turnstile
    rpps: str
    stopped: threading.Event = field(default_factory=threading.Event)
    #: How many times as long they pause.
    leisure: float = 1.0
    #: Seconds between two acts: it is the servers that are to be busy.
    pause: ClassVar[float] = 0.5

    def acts(self) -> Sequence[Callable[[], Outcome | None]]:
        """Returns what they do in turn; an act that counts its parts itself has no outcome."""
        raise NotImplementedError

    def live(self) -> None:
        for act in itertools.cycle(self.acts()):
            if self.stopped.is_set():
                break
            with self.turnstile.passing():
                self._try(act)
            self.stopped.wait(self.pause * self.leisure)
        self.leave()

    def leave(self) -> None:
        """Also when something failed: anew, as a person does."""

    def _try(self, act: Callable[[], Outcome | None]) -> None:
        began, outcome = time.monotonic(), None
        try:
            outcome = act()
        except NotNow as stopped:
            outcome = stopped.outcome
        except NO_ANSWER:
            outcome = Outcome.UNKNOWN
        except (NotOnThePage, TooManyRedirects, NoMail):
            outcome = Outcome.UNAVAILABLE
        self.ledger.count(act.__name__.replace("_", " "), outcome, time.monotonic() - began)
        if outcome in (Outcome.UNAVAILABLE, Outcome.UNKNOWN):
            self.leave()

    def tokens_for(self, party: OwnParty, page: Page) -> dict[str, Any]:
        """With the code that the page brought. Raises NotNow."""
        tokens = self._redeem(party, code_on(party, page))
        if isinstance(tokens, Outcome):
            raise NotNow(tokens)
        return tokens

    def _redeem(self, party: OwnParty, code: str) -> dict[str, Any] | Outcome:
        outcome, tokens = ask_for_tokens(self.ledger, "redeem", party, redemption(party, code))
        if tokens is None:
            return outcome
        self.ledger.used(code)
        # Its signature is the business of other tests; here it is whose it is.
        claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        self.ledger.issue(
            Issued(client_id=party.client_id, rpps=self.rpps, sub=claims["sub"], sid=claims["sid"])
        )
        return tokens


@dataclass
class Person(Somebody):
    """A person with a card, at one browser, and the application they use."""

    #: Name of their card.
    card: str = field(kw_only=True)
    _browser: Browser | None = None
    _racers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(RACERS))

    def acts(self) -> Sequence[Callable[[], Outcome | None]]:
        return (
            self.race_for_a_code,
            self.turn_refresh_tokens,
            self.race_for_a_code,
            self.revoke,
            self.race_for_a_code,
            self.change_address,
        )

    def live(self) -> None:
        with self._racers:
            super().live()

    def leave(self) -> None:
        if self._browser is not None:
            self._browser.close()
        self._browser = None

    def race_for_a_code(self) -> None:
        """RFC 6749 §4.1.2: a code is redeemed once, whoever comes with it."""
        party = OwnParty.of(self.demo)
        code = code_on(party, self._arrive(party))
        list(self._racers.map(lambda _: self._redeem(party, code), range(RACERS)))

    def turn_refresh_tokens(self) -> None:
        """As a public client, whose tokens are good for one use (RFC 9700 §4.14.2): a used one, presented again, ends
        all that came of it."""
        party = public_party(self.demo)
        first = token = self.tokens_for(party, self._arrive(party))["refresh_token"]
        for _ in range(3):
            _, turned = self._refresh(party, token)
            if turned is None:
                # Whether it was turned is not known: nobody may go on with it.
                return
            self.ledger.used(token)
            token = turned["refresh_token"]
        self.ledger.hold(party.client_id, token)
        outcome, again = self._refresh(party, first, "refresh again")
        if again is not None:
            self.ledger.used(first)
        if outcome is Outcome.REFUSED:
            self.ledger.revoke(party.client_id, token)

    def revoke(self) -> None:
        party = OwnParty.of(self.demo)
        token = self.tokens_for(party, self._arrive(party))["refresh_token"]
        self.ledger.hold(party.client_id, token)
        self._refresh(party, token)
        if revoke(self.ledger, party, token) is Outcome.ACKNOWLEDGED:
            self.ledger.revoke(party.client_id, token)

    def change_address(self) -> Outcome:
        address, browser = f"{self.demo.issuer}/account/address", self._signed_in()
        if browser.get(address).field("address_line1") is None:
            # A session of an application is one of « Mon compte » too; without one, in by the card.
            browser.get(f"{self.demo.issuer}/")
            browser.click("Se connecter")
            accepting(browser, do.by_card(browser))
            require(browser.get(address).field("address_line1") is not None, browser.page)
        line = f"{next(_numbers)} quai de l'Île"
        outcome = Outcome.UNKNOWN
        try:
            page = browser.submit("Enregistrer cette adresse", **{**do.ADDRESS, "address_line1": line})
            outcome = shown(page, "Votre adresse postale est enregistrée.")
        finally:
            self.ledger.address(self.rpps, line, outcome)
        return outcome

    def _refresh(
        self, party: OwnParty, token: str, act: str = "refresh"
    ) -> tuple[Outcome, Mapping[str, Any] | None]:
        return ask_for_tokens(self.ledger, act, party, refreshing(token))

    def _signed_in(self) -> Browser:
        if self._browser is None:
            self._browser = self.demo.browser(self.card)
        return self._browser

    def _arrive(self, party: OwnParty) -> Page:
        """With the session of before, or by the card."""
        browser = self._signed_in()
        page = party.ask(browser)
        if page.url.startswith(party.redirect_uri):
            return page
        began = time.monotonic()
        require(page.says("Se connecter par CPS"), page)
        page = accepting(browser, do.by_card(browser))
        require(page.url.startswith(party.redirect_uri), page)
        self.ledger.count("sign in by card", Outcome.ACKNOWLEDGED, time.monotonic() - began)
        return page


def code_on(party: OwnParty, page: Page) -> str:
    """The code that a browser brought back. Raises NotNow."""
    require(page.url.startswith(party.redirect_uri), page)
    if "code" not in page.query:
        raise NotNow(Outcome.UNAVAILABLE)
    return page.query["code"]


def accepting(browser: Browser, page: Page) -> Page:
    """Of somebody to whom the charter is shown."""
    return page if page.field("accepted") is None else do.accept_charter(browser)


def require(is_so: bool, page: Page) -> None:
    """Raises NotNow."""
    if not is_so:
        raise NotNow(Outcome.UNAVAILABLE if page.status >= 500 else Outcome.UNKNOWN)


def shown(page: Page, words: str) -> Outcome:
    if page.status >= 500:
        return Outcome.UNAVAILABLE
    return Outcome.ACKNOWLEDGED if page.status == 200 and words and page.says(words) else Outcome.UNKNOWN
