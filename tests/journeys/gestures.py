"""What a person does on the pages, in their words, and what a test reads afterwards.

Contains the gestures many journeys share. Not here: an assertion of one journey, a secret way in.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration
from tests.limits import within

VIA, SIBLING = "viatrajectoire", "grand-age"
PASSWORD = "tilleul bleu 73 remorque lente"
SIGNED_IN = "Vous êtes connecté"
PSC_PIN = "1234"

ADDRESS = {
    "address_line1": "7 quai de l'Île",
    "postal_code": "69005",
    "address_level2": "Lyon",
}


def home(demo: Demonstration, client_id: str = VIA) -> str:
    return str(demo.client(client_id)["home"])


def arrive(browser: Browser, demo: Demonstration, client_id: str = VIA, **asked: str) -> Page:
    """From the relying party's « Se connecter », with these parameters, to whatever page is due."""
    return browser.get(f"{home(demo, client_id)}login?{urlencode(asked)}")


def by_card(browser: Browser) -> Page:
    return browser.submit("Se connecter par CPS")


def by_psc_card(browser: Browser, identity: str) -> Page:
    browser.submit("S'identifier avec Pro Santé Connect")
    browser.click("Carte CPS")
    return browser.submit("Se connecter avec la carte", identity=identity, pin=PSC_PIN)


def by_ecps(browser: Browser, identifier: str) -> Page:
    browser.submit("S'identifier avec Pro Santé Connect")
    browser.submit("Se connecter avec e-CPS", identifier=identifier)
    return browser.submit("Confirmer")


def type_password(browser: Browser, rpps: str, password: str) -> Page:
    return browser.submit("Se connecter", username=rpps, current_password=password)


def by_password(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> Page:
    """RPPS, password, then the code that came by mail."""
    last = last_mail(demo, account["email"])
    type_password(browser, account["rpps"], account["password"])
    return browser.submit("Valider", one_time_code=next_code(demo, account["email"], last))


def fill_form(browser: Browser, email: str, **other: str) -> Page:
    """The enrolment form, whole, then « Créer mon compte »."""
    typed = {"email": email, "new_password": PASSWORD, **ADDRESS, **other}
    return browser.submit("Créer mon compte", **typed)


def enrol(browser: Browser, demo: Demonstration, email: str) -> Page:
    """From the enrolment form to the charter."""
    last = last_mail(demo, email)
    fill_form(browser, email)
    return browser.submit("Valider", one_time_code=next_code(demo, email, last))


def accept_charter(browser: Browser) -> Page:
    return browser.submit("Valider", accepted=True)


def first_connection(browser: Browser, demo: Demonstration, email: str) -> Page:
    """Card in the reader, no account yet: everything up to the relying party."""
    arrive(browser, demo)
    by_card(browser)
    enrol(browser, demo, email)
    return accept_charter(browser)


def sign_out(browser: Browser, demo: Demonstration, client_id: str = VIA) -> Page:
    return browser.get(f"{home(demo, client_id)}logout")


# Mails.


@contextmanager
def _mailbox(demo: Demonstration) -> Iterator[Any]:
    box = demo.mailbox()
    try:
        yield box
    finally:
        box.close()


def last_mail(demo: Demonstration, email: str) -> int:
    with _mailbox(demo) as box:
        return int(box.last_id(email))


def next_code(demo: Demonstration, email: str, after: int) -> str:
    with _mailbox(demo) as box:
        return str(box.wait_for_code(email, after=after))


def mails(demo: Demonstration, email: str) -> list[dict[str, Any]]:
    with _mailbox(demo) as box:
        return list(box.messages(email))


# What a test reads.


def is_at_home(page: Page, demo: Demonstration, client_id: str = VIA) -> bool:
    return page.url == home(demo, client_id) and page.says(SIGNED_IN)


def session(browser: Browser, demo: Demonstration, client_id: str = VIA) -> dict[str, Any]:
    """What the relying party knows: `id_token`, `userinfo`, `id_token_raw`. Leaves the page as it is."""
    with tab(browser) as other:
        page = other.get(f"{home(demo, client_id)}session.json")
    assert page.status == 200, page.html
    known: dict[str, Any] = json.loads(page.html)
    return known


def is_signed_in(browser: Browser, demo: Demonstration, client_id: str = VIA) -> bool:
    with tab(browser) as other:
        return other.get(f"{home(demo, client_id)}session.json").status == 200


def rows(demo: Demonstration, query: str, *values: object) -> list[dict[str, Any]]:
    """The demo's database, read only."""
    place = f"file:{demo.state / 'caducee.sqlite'}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=within(10))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def accounts_of(demo: Demonstration, rpps: str) -> list[dict[str, Any]]:
    return rows(demo, "SELECT * FROM accounts WHERE rpps = ?", rpps)


def has_way_on(page: Page) -> bool:
    """A link or a button of the page itself, besides the language and the skip link."""
    links = [
        words
        for words, address in page.document.links
        if not address.startswith("#") and "lang=" not in address
    ]
    return bool(links or any(form.buttons for form in page.document.forms))


def header(page: Page, name: str) -> str | None:
    return next((value for known, value in page.headers.items() if known.lower() == name.lower()), None)


def interaction_path(page: Page) -> str:
    """`/interaction/<id>` of the page shown."""
    parts = page.url.split("/")
    return "/".join(["", *parts[parts.index("interaction") :][:2]])


# Two at once.


def tab(browser: Browser) -> Browser:
    """Another tab of the same browser: same cookies, same card, showing the same page."""
    other = Browser(browser.card, browser.ca_bundle, browser.stop_at, browser.headers, browser.page)
    other._http.cookies = browser.cookies
    return other


@dataclass(frozen=True)
class Both:
    first: Page
    second: Page

    @property
    def pages(self) -> tuple[Page, Page]:
        return self.first, self.second


def at_once(first: Callable[[], Page], second: Callable[[], Page]) -> Both:
    """Both run in threads that start together; an exception of either is raised here."""
    barrier, results = threading.Barrier(2), [None, None]
    faults: list[BaseException] = []

    def run(rank: int, act: Callable[[], Page]) -> None:
        barrier.wait()
        try:
            results[rank] = act()  # type: ignore[call-overload]
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    one, other = results
    assert one is not None
    assert other is not None
    return Both(one, other)


def twice(browser: Browser, act: Callable[[Browser], Page]) -> tuple[Page, Page]:
    """The same gesture in two tabs at once, followed to its end in both; the browser then shows the second."""
    with tab(browser) as first, tab(browser) as second:
        both = at_once(lambda: act(first), lambda: act(second))
    browser.page = both.second
    return both.pages
