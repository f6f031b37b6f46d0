"""Cards that name Alice, of an authority of their own, shown in this process as the card host hands them over.

Contains making and showing one. Not here: an assertion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.test import TestResponse

from idp.adapters.sql.crl_index import CrlIndex
from idp.interaction.handover import present
from sandbox.igc.authorities import Authority, make_intermediate, make_root
from sandbox.igc.issuing import issue_card
from sandbox.igc.profile import Addresses, professional_subject
from sandbox.igc.roster import CARD_LIFE, TITLES, CardPlan, roster
from tests.made_once import rsa_key
from tests.provider import RPPS, Browser, Provider

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pki:
    """Two authorities of the same names: the first is trusted."""

    root: Authority
    issuing: Authority
    foreign: Authority

    def trusted_in(self, directory: Path) -> Path:
        file = directory / "authorities.pem"
        pair = (self.root, self.issuing)
        file.write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in pair))
        return file

    def card(
        self, *, is_expired: bool = False, is_foreign: bool = False, rpps: str = RPPS
    ) -> x509.Certificate:
        plan = next(plan for plan in roster() if plan.name == "lefebvre")
        subject = professional_subject(TITLES[10], "AÏCHA", "DUPONT", f"8{rpps}")
        of_alice: CardPlan = replace(plan, subject=subject, principal=f"8.{rpps}", rpps=rpps)
        begins = -CARD_LIFE - 30 * DAY if is_expired else -DAY
        key = rsa_key("card-of-alice")
        addresses = Addresses.on_loopback("http://localhost:1/igc", "A", "R")
        issuer = self.foreign if is_foreign else self.issuing
        made = issue_card(replace(of_alice, begins=begins), issuer, addresses, datetime.now(UTC), (key, key))
        return made.login.certificate


@cache
def pki() -> Pki:
    now = datetime.now(UTC)
    root = make_root("ROOT OF ALICE", rsa_key("root-of-alice"), now)
    issuing = make_intermediate("ISSUING OF ALICE", rsa_key("issuing-of-alice"), root, now)
    other = make_root("ANOTHER ROOT", rsa_key("another-root"), now)
    foreign = make_intermediate(
        "ISSUING OF ALICE", rsa_key("foreign-of-alice"), other, now, issuing.subject_key_id
    )
    return Pki(root, issuing, foreign)


def card_settings(directory: Path) -> Mapping[str, object]:
    return {
        "card_root_files": (pki().trusted_in(directory),),
        "card_accept_test_cards": True,
        "card_ocsp_url": "http://127.0.0.1:9/",
    }


def show(house: Provider, card: x509.Certificate | None, browser: Browser | None = None) -> TestResponse:
    """What the browser reads after a card was shown at the card host."""
    assert house.parts is not None
    browser = browser or house.browser()
    page = browser.follow(browser.authorize())
    left = browser.submit(page, "/cps").headers["Location"]
    der = None if card is None else card.public_bytes(Encoding.DER)
    handed = present(house.parts.store, left.rpartition("/")[2], der, timedelta(minutes=1))
    assert handed is not None
    interaction_id, token = handed
    return browser.follow(browser.get(f"/interaction/{interaction_id}/cps?presentation={token}"))


def revoke(house: Provider, card: x509.Certificate) -> None:
    key_id = pki().issuing.subject_key_id.digest.hex()
    CrlIndex(house.database, DAY, timedelta()).remember_revoked(key_id, card.serial_number, datetime.now(UTC))
