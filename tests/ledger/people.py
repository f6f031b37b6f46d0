"""What persons and applications do while servers fail, each in a thread of its own until it is told to stop.

Contains one sign-in by card and, with its session, codes redeemed by several at once, refresh tokens turned, revoked
and used again, a postal address changed, wrong passwords. Not here: what is judged (`after`).
"""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
import requests

from sandbox.demo.driver import Browser, Page, TooManyRedirects
from sandbox.demo.forms import NotOnThePage
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.ledger.book import Issued, Ledger, Outcome

#: A client without a secret.
PUBLIC = "ledger"
#: How many redeem one code at one instant.
RACERS = 4
_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 15
_NO_ANSWER = (requests.ConnectionError, requests.Timeout)
_numbers = itertools.count()


class NotNow(Exception):
    """Another page than the one due. `outcome`: what is known of the act."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass
class Person:
    """A person with a card, at one browser, and the application they use."""

    demo: Demonstration
    ledger: Ledger
    #: Name of their card.
    card: str
    rpps: str
    stopped: threading.Event = field(default_factory=threading.Event)
    _browser: Browser | None = None

    def live(self) -> None:
        """Until stopped. What is raised here and is no outage ends the run."""
        acts: Sequence[Callable[[], None]] = (
            self.race_for_a_code,
            self.turn_refresh_tokens,
            self.race_for_a_code,
            self.revoke,
            self.change_address,
        )
        for act in itertools.cycle(acts):
            if self.stopped.is_set():
                break
            self._try(act)
        if self._browser is not None:
            self._browser.close()

    def _try(self, act: Callable[[], None]) -> None:
        name = act.__name__
        try:
            act()
        except NotNow as stopped:
            self._failed(name, stopped.outcome)
        except _NO_ANSWER:
            self._failed(name, Outcome.UNKNOWN)
        except (NotOnThePage, TooManyRedirects):
            self._failed(name, Outcome.UNAVAILABLE)

    def _failed(self, name: str, outcome: Outcome) -> None:
        self.ledger.count(name, outcome)
        # Anew, as a person does.
        if self._browser is not None:
            self._browser.close()
        self._browser = None
        self.stopped.wait(_PAUSE_SECONDS)

    def race_for_a_code(self) -> None:
        """RFC 6749 §4.1.2: a code is redeemed once, whoever comes with it."""
        party = OwnParty.of(self.demo)
        code = self._code(party)
        with ThreadPoolExecutor(RACERS) as racers:
            answers = list(racers.map(lambda _: _answer(party, self._redemption(party, code)), range(RACERS)))
        for outcome, tokens in answers:
            self.ledger.count("redeem", outcome)
            if tokens is not None:
                self.ledger.used(code)
                self._received(party, tokens)

    def turn_refresh_tokens(self) -> None:
        """As a public client, whose tokens are good for one use (RFC 9700 §4.14.2): a used one, presented again, ends
        all that came of it."""
        party = public_party(self.demo)
        first = token = self._tokens(party)["refresh_token"]
        for _ in range(3):
            outcome, turned = _answer(party, _refresh(token))
            self.ledger.count("refresh", outcome)
            if turned is None:
                # Whether it was turned is not known: nobody may go on with it.
                return
            self.ledger.used(token)
            token = turned["refresh_token"]
        outcome, again = _answer(party, _refresh(first))
        self.ledger.count("refresh again", outcome)
        if again is not None:
            self.ledger.used(first)
        if outcome is Outcome.REFUSED:
            self.ledger.revoke(party.client_id, token)

    def revoke(self) -> None:
        party = OwnParty.of(self.demo)
        token = self._tokens(party)["refresh_token"]
        outcome, _refreshed = _answer(party, _refresh(token))
        self.ledger.count("refresh", outcome)
        outcome = _outcome(_post(party, "/revoke", {"token": token}))
        self.ledger.count("revoke", outcome)
        if outcome is Outcome.ACKNOWLEDGED:
            self.ledger.revoke(party.client_id, token)

    def change_address(self) -> None:
        browser = self._signed_in()
        page = browser.get(f"{self.demo.issuer}/account/address")
        if page.field("address_line1") is None:
            # A session of an application is one of « Mon compte » too; without one, in by the card.
            browser.get(f"{self.demo.issuer}/")
            browser.click("Se connecter")
            do.by_card(browser)
            _require(
                browser.get(f"{self.demo.issuer}/account/address").field("address_line1") is not None,
                browser.page,
            )
        line = f"{next(_numbers)} quai de l'Île"
        outcome = Outcome.UNKNOWN
        try:
            page = browser.submit("Enregistrer cette adresse", **{**do.ADDRESS, "address_line1": line})
            outcome = _shown(page, "Votre adresse postale est enregistrée.")
        finally:
            self.ledger.address(self.rpps, line, outcome)
        if outcome is not Outcome.ACKNOWLEDGED:
            raise NotNow(outcome)
        self.ledger.count("change_address", outcome)

    def _signed_in(self) -> Browser:
        if self._browser is None:
            self._browser = self.demo.browser(self.card)
        return self._browser

    def _code(self, party: OwnParty) -> str:
        browser = self._signed_in()
        page = party.ask(browser)
        if not page.url.startswith(party.redirect_uri):
            _require(page.says("Se connecter par CPS"), page)
            page = do.by_card(browser)
        _require(page.url.startswith(party.redirect_uri), page)
        if "code" not in page.query:
            raise NotNow(Outcome.UNAVAILABLE)
        return page.query["code"]

    def _tokens(self, party: OwnParty) -> dict[str, Any]:
        code = self._code(party)
        outcome, tokens = _answer(party, self._redemption(party, code))
        self.ledger.count("redeem", outcome)
        if tokens is None:
            raise NotNow(outcome)
        self.ledger.used(code)
        self._received(party, tokens)
        return tokens

    @staticmethod
    def _redemption(party: OwnParty, code: str) -> Mapping[str, str]:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": party.redirect_uri,
            "code_verifier": party.verifier,
        }

    def _received(self, party: OwnParty, tokens: Mapping[str, Any]) -> None:
        # Its signature is the business of other tests; here it is whose it is.
        claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        self.ledger.issue(
            Issued(client_id=party.client_id, rpps=self.rpps, sub=claims["sub"], sid=claims["sid"])
        )


@dataclass
class Stranger:
    """Somebody who tries passwords of a person."""

    demo: Demonstration
    ledger: Ledger
    rpps: str
    stopped: threading.Event = field(default_factory=threading.Event)

    def live(self) -> None:
        while not self.stopped.is_set():
            outcome = Outcome.UNKNOWN
            try:
                outcome = self._guess()
            except _NO_ANSWER:
                pass
            except (NotOnThePage, TooManyRedirects):
                outcome = Outcome.UNAVAILABLE
            self.ledger.count("wrong password", outcome)
            if outcome is Outcome.REFUSED:
                self.ledger.was_wrong(self.rpps)
            self.stopped.wait(1)

    def _guess(self) -> Outcome:
        party = OwnParty.of(self.demo)
        with self.demo.browser() as browser:
            party.ask(browser)
            page = do.type_password(browser, self.rpps, f"essai {next(_numbers)}")
        # 429: not looked at, since it was guessed too often; nothing more is counted then.
        return Outcome.REFUSED if page.status == 422 else _shown(page, "")


def public_party(demo: Demonstration) -> OwnParty:
    """`Region.register` made it known."""
    return replace(OwnParty.of(demo), client_id=PUBLIC, client_secret="")


def parties_of(demo: Demonstration) -> Sequence[OwnParty]:
    return OwnParty.of(demo), public_party(demo)


def _require(is_so: bool, page: Page) -> None:
    if not is_so:
        raise NotNow(Outcome.UNAVAILABLE if page.status >= 500 else Outcome.UNKNOWN)


def _shown(page: Page, words: str) -> Outcome:
    if page.status >= 500:
        return Outcome.UNAVAILABLE
    return Outcome.ACKNOWLEDGED if page.status == 200 and words and page.says(words) else Outcome.UNKNOWN


def _refresh(token: str) -> Mapping[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


def _answer(party: OwnParty, form: Mapping[str, str]) -> tuple[Outcome, dict[str, Any] | None]:
    """Returns what is known, and the tokens if some were given."""
    try:
        answer = _post(party, "/token", form)
    except _NO_ANSWER:
        return Outcome.UNKNOWN, None
    return _outcome(answer), answer.json() if answer.status_code == 200 else None


def _post(party: OwnParty, path: str, form: Mapping[str, str]) -> requests.Response:
    is_public = not party.client_secret
    return requests.post(
        f"{party.issuer}{path}",
        {**form, "client_id": party.client_id} if is_public else dict(form),
        auth=None if is_public else (party.client_id, party.client_secret),
        timeout=_TIMEOUT_SECONDS,
    )


def _outcome(answer: requests.Response) -> Outcome:
    if answer.status_code == 200:
        return Outcome.ACKNOWLEDGED
    return Outcome.REFUSED if answer.status_code < 500 else Outcome.UNAVAILABLE


def refresh(party: OwnParty, token: str) -> tuple[Outcome, dict[str, Any] | None]:
    """What became of a refresh token, asked when everything is over."""
    return _answer(party, _refresh(token))
