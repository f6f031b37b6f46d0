"""What the tests of the e-mail address share: a person at Pro Santé Connect, mails that wait, what a page says.

Contains gestures and readings. Not here: an assertion.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import Account, AccountId
from idp.adapters.sql.schema import outbox
from idp.core.sealing import Sealer, derive_key
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.people import an_account, an_identity
from tests.protocol.psc import listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider

OLD, NEW, OTHERS = "aicha.dupont@hopital.example", "aicha@cabinet.example", "bob@cabinet.example"
BOB_RPPS = "99700218896"


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        (code,) = re.findall(r"^\s*([0-9]{8})\s*$", self.text, re.MULTILINE)
        return str(code)

    @property
    def link(self) -> str:
        """Its path: the page is of this application."""
        (link,) = re.findall(r"^https?://[^/]+(/\S+)$", self.text, re.MULTILINE)
        return str(link)


def mails(house: Provider) -> list[Mail]:
    """Those that wait, the oldest first."""
    sealer = Sealer(derive_key(house.settings.keys.application, "seal"))
    with house.database.connect() as connection:
        rows = connection.execute(sa.select(outbox).order_by(outbox.c.id)).all()
    return [Mail(row.recipient, row.subject, sealer.open(row.text) or "") for row in rows]


def with_code(house: Provider) -> list[str]:
    """To whom a code is on its way."""
    return [mail.to for mail in mails(house) if re.search(r"^\s*[0-9]{8}\s*$", mail.text, re.MULTILINE)]


def last_mail(house: Provider, to: str) -> Mail:
    return [mail for mail in mails(house) if mail.to == to][-1]


@contextmanager
def psc_of_alice() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


def psc_settings(psc: HostilePsc) -> dict[str, Any]:
    return settings_of(psc)


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None, page.text
    return heading.get_text().replace("\N{NO-BREAK SPACE}", " ").strip()


def says(page: TestResponse) -> str:
    """Its words, on one line."""
    words = BeautifulSoup(page.text, "html.parser").get_text(" ").replace("\N{NO-BREAK SPACE}", " ")
    return " ".join(words.split())


def bob(house: Provider, email: str = OTHERS) -> Account:
    """A second person, enrolled."""
    account = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-bob",
        identity=an_identity(rpps=BOB_RPPS, family_name="MARTIN", given_name="Bob", evidence="cd" * 32),
        email=email,
        email_verified_at=datetime.now(UTC),
        charter_revision="2026-1",
    )
    house.accounts.add(account)
    return account


def age_address(house: Provider, days: float) -> None:
    """Alice proved her address so long ago."""
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, email_verified_at=datetime.now(UTC) - timedelta(days=days)))


def is_password_accepted(house: Provider, password: str = PASSWORD) -> bool:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    return "Saisissez le code reçu" in browser.submit(page, "/password", rpps=RPPS, password=password).text


def at_code(browser: Browser) -> TestResponse:
    """Half way through a sign-in by password."""
    page = browser.follow(browser.authorize())
    return browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
