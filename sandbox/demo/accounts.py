"""The persons of the demo: which have an account at the start, made by the real journey, and how each stands.

Contains the script of a first connection, in the words of the pages. Not here: HTTP, processes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from sandbox.demo.driver import Browser, Card, Page
from sandbox.demo.mailbox import Mailbox
from sandbox.demo.places import Places, read_json, write_atomically
from sandbox.demo.ports import Ports


class Standing(StrEnum):
    """How the provider treats a person's card."""

    UNKNOWN = "unknown"  # it offers to create the account
    DUE = "due"  # the person must accept the charter
    ACCEPTED = "accepted"
    DISABLED = "disabled"  # by `idp accounts disable`


@dataclass(frozen=True, slots=True)
class Person:
    card: str
    email: str
    password: str
    address: str
    postal_code: str
    city: str
    wanted: Standing


#: The persons that the demo enrols. The others are left for a first connection by hand.
ENROLLED = (
    Person(
        card="martin",
        email="paul.martin@cabinet.example",
        password="violon tambour 9 orage lac",  # noqa: S106 printed for everybody to use
        address="12 rue des Lilas",
        postal_code="75019",
        city="Paris",
        wanted=Standing.ACCEPTED,
    ),
    Person(
        card="benali",
        email="nadia.benali@hopital.example",
        password="glacier cerise 42 trottinette",  # noqa: S106 likewise
        address="3 place de la Gare",
        postal_code="76000",
        city="Rouen",
        wanted=Standing.DUE,
    ),
)


class UnexpectedPage(Exception):
    """The journey led to a page unknown to the script. The message has its title, never a value typed."""


@dataclass(frozen=True, slots=True)
class Script:
    """Signs in one person after the other, each in a browser of their own."""

    ports: Ports
    places: Places

    def arrange(self, cards: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> dict[str, Standing]:
        """Enrol the persons of ENROLLED who have no account. Returns how the holder of each card stands."""
        persons = {person.card: person for person in ENROLLED}
        done = read_json(self.places.accounts)
        standings = {}
        for name in names:
            wanted = persons.get(name)
            standings[name] = self._stand(cards[name], wanted, is_new=name not in done)
            if wanted is not None and name not in done:
                done[name] = asdict(wanted)
                write_atomically(self.places.accounts, json.dumps(done, ensure_ascii=False), mode=0o600)
        return standings

    def _stand(self, card: Mapping[str, Any], wanted: Person | None, *, is_new: bool) -> Standing:
        """`is_new`: the wanted standing has not been made yet; if it was, a change made by hand since is kept."""
        with Browser(Card(card["certificate"], card["key"]), self.places.ca_bundle) as browser:
            browser.get(f"http://localhost:{self.ports.relying_party(0)}/")
            browser.click("Se connecter")
            browser.click("Se connecter par CPS")
            standing = self._read(browser.page)
            if wanted is not None and standing is Standing.UNKNOWN:
                standing, is_new = self._enrol(browser, wanted), True
            if (
                wanted is not None
                and is_new
                and (standing, wanted.wanted) == (Standing.DUE, Standing.ACCEPTED)
            ):
                browser.submit("Valider", accepted=True)
                standing = self._read(browser.page)
            return standing

    def _enrol(self, browser: Browser, person: Person) -> Standing:
        mailbox = Mailbox(self.ports.mailbox)
        last = mailbox.last_id(person.email)
        browser.submit(
            "Créer mon compte",
            email=person.email,
            new_password=person.password,
            address_line1=person.address,
            postal_code=person.postal_code,
            address_level2=person.city,
        )
        if browser.page.field("one_time_code") is None:
            raise _unexpected(browser.page)
        browser.submit("Valider", one_time_code=mailbox.wait_for_code(person.email, after=last))
        mailbox.close()
        return self._read(browser.page)

    def _read(self, page: Page) -> Standing:
        home = f"http://localhost:{self.ports.relying_party(0)}/"
        if page.field("new_password"):
            return Standing.UNKNOWN
        if page.field("accepted"):
            return Standing.DUE
        if page.url == home and page.says("Vous êtes connecté"):
            return Standing.ACCEPTED
        if page.status == HTTPStatus.FORBIDDEN and page.says("Votre compte est désactivé"):
            return Standing.DISABLED
        raise _unexpected(page)


def _unexpected(page: Page) -> UnexpectedPage:
    place = page.url.partition("?")[0]
    return UnexpectedPage(f"the journey ended at {place} (HTTP {page.status}): {page.title}")
