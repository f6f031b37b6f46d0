"""Revocation whole: real lists over real HTTP into a real index, real answers, and the decision table."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.igc.crl_refresh import CrlRefresher, next_fetch
from idp.adapters.igc.needed_lists import NeededLists
from idp.adapters.igc.ocsp import OcspClient
from idp.adapters.igc.revocation import IgcRevocation
from idp.adapters.sql.crl_index import CrlIndex
from idp.adapters.sql.database import open_database
from idp.cards.anchors import TrustAnchors, load_anchors
from idp.cards.revocation import DECISION, CrlAnswer, OcspAnswer, RevocationStatus
from tests.adapters.igc.revoking import CARD, DAY, HOUR, OTHER, Pki, Web, openssl_responder, web_server
from tests.adapters.igc.test_crl_file import write_big_list
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.made_once import place_database

SKEW, SECOND = timedelta(seconds=60), timedelta(seconds=1)
GOOD, REVOKED = RevocationStatus.GOOD, RevocationStatus.REVOKED
DISOWNED, UNKNOWN = RevocationStatus.DISOWNED, RevocationStatus.UNKNOWN
CRL, ROOT_CRL = "/CRL/ACI-FO-PP.crl", "/CRL/ACR-FO.crl"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as running:
        yield running


@dataclass
class Desk:
    """One provider's revocation: what logins ask, what the worker fetches."""

    pki: Pki
    web: Web
    clock: FixedClock
    store: MemoryStore
    index: CrlIndex
    ocsp_url: str | None
    roots: bool = False

    def __post_init__(self) -> None:
        http = SafeHttp(connect_seconds=0.5, total_seconds=5.0)
        ocsp_client = (
            OcspClient(url=self.ocsp_url, http=http, skew=SKEW, max_age=DAY) if self.ocsp_url else None
        )
        self.source = IgcRevocation(
            anchors=self.pki.anchors,
            ocsp=ocsp_client,
            index=self.index,
            store=self.store,
            good_for=timedelta(minutes=5),
            checks_authorities=self.roots,
        )

    def status(self, serial: int = CARD) -> RevocationStatus:
        card = self.pki.card(serial).public_bytes(Encoding.DER)
        issuer = self.pki.issuing.certificate.public_bytes(Encoding.DER)
        return self.source.status(card, issuer, now=self.clock.now())

    def refresh(self, *paths: str, limit: int = 1024 * 1024) -> int:
        return self.refresher(*paths, limit=limit).run_due()

    def refresher(
        self, *paths: str, limit: int = 1024 * 1024, anchors: TrustAnchors | None = None
    ) -> CrlRefresher:
        urls = [f"{self.web.url}{path}" for path in paths or (CRL,)]
        roots = tuple(url for url in urls if url.endswith(ROOT_CRL))
        return CrlRefresher(
            needed=NeededLists(
                anchors=anchors or self.pki.anchors,
                issuing_urls=tuple(url for url in urls if url not in roots),
                root_urls=roots,
            ),
            http=SafeHttp(connect_seconds=0.5, total_seconds=30, body_bytes=limit),
            index=self.index,
            clock=self.clock,
            chance=random.Random(1),
        )


@pytest.fixture
def open_desk(pki: Pki, web: Web, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    database = open_database(place_database(tmp_path / "a.db"))
    clock = FixedClock()
    index = CrlIndex(database, grace=DAY, skew=SKEW)

    def opened(**options: Any) -> Desk:
        return Desk(
            options.pop("pki", pki),
            web,
            clock,
            MemoryStore(clock),
            index,
            options.pop("ocsp_url", None),
            **options,
        )

    yield opened
    database.dispose()


# --- the decision table


def test_the_table_answers_for_every_pair() -> None:
    assert set(DECISION) == {(said, listed) for said in OcspAnswer for listed in CrlAnswer}


_OCSP_REPLIES: dict[OcspAnswer, dict[str, Any] | None] = {
    OcspAnswer.GOOD: {},
    OcspAnswer.REVOKED: {"status": ocsp.OCSPCertStatus.REVOKED},
    OcspAnswer.ON_HOLD: {"status": ocsp.OCSPCertStatus.REVOKED, "reason": True},
    OcspAnswer.UNKNOWN: {"status": ocsp.OCSPCertStatus.UNKNOWN},
    OcspAnswer.NONE: None,
}


@pytest.mark.parametrize("listed", CrlAnswer)
@pytest.mark.parametrize("said", OcspAnswer)
def test_every_cell_of_the_table_over_the_wire(
    pki: Pki, web: Web, open_desk: Callable[..., Desk], said: OcspAnswer, listed: CrlAnswer
) -> None:
    reply = _OCSP_REPLIES[said]
    if reply is not None:
        reason = x509.ReasonFlags.certificate_hold if reply.get("reason") else None
        web.give_ocsp(pki.answer(**{**reply, "reason": reason}))
    desk = open_desk(ocsp_url=f"{web.url}/ocsp")
    if listed is not CrlAnswer.NONE:
        web.give_crl(CRL, pki.crl(*((CARD,) if listed is CrlAnswer.LISTED else (OTHER,))))
        assert desk.refresh() == 1
    assert desk.status() is DECISION[said, listed]
    # « Fail closed »: only these three pairs let a person in.
    is_in = (said, listed) in {
        (OcspAnswer.GOOD, CrlAnswer.NOT_LISTED),
        (OcspAnswer.GOOD, CrlAnswer.NONE),
        (OcspAnswer.NONE, CrlAnswer.NOT_LISTED),
    }
    assert (desk.status() is GOOD) == is_in
    # Nothing at all could be had: the operator's bypass is for that alone.
    assert (desk.status() is UNKNOWN) == ((said, listed) == (OcspAnswer.NONE, CrlAnswer.NONE))


def test_openssl_and_a_list_together(open_desk: Callable[..., Desk], web: Web, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    today = Pki(now.replace(microsecond=0))
    with openssl_responder(today, tmp_path, {CARD: "V", OTHER: "R"}) as url:
        desk = open_desk(pki=today, ocsp_url=url)
        desk.clock.at = now
        assert [desk.status(serial) for serial in (CARD, OTHER, 0x77AA)] == [GOOD, REVOKED, DISOWNED]
    # The responder is gone: what it said for good stays, the rest needs a list.
    desk.clock.advance(minutes=6)
    desk.store.records.clear()
    assert [desk.status(serial) for serial in (CARD, OTHER)] == [UNKNOWN, REVOKED]
    web.give_crl(CRL, today.crl(0x99))
    desk.refresh()
    assert [desk.status(serial) for serial in (CARD, OTHER, 0x99)] == [GOOD, REVOKED, REVOKED]


# --- OCSP: what is remembered


def test_good_answer_is_kept_for_its_time_and_no_longer(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk(ocsp_url=web.give_ocsp(pki.answer()))
    assert [desk.status(), desk.status()] == [GOOD, GOOD]
    assert len(web.asked) == 1
    desk.clock.advance(minutes=5, seconds=1)
    web.give_ocsp(pki.answer(status=ocsp.OCSPCertStatus.REVOKED))
    assert desk.status() is REVOKED


def test_revoked_once_is_revoked_for_good_and_on_hold_is_not(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    hold = x509.ReasonFlags.certificate_hold
    desk = open_desk(ocsp_url=web.give_ocsp(pki.answer(status=ocsp.OCSPCertStatus.REVOKED, reason=hold)))
    assert desk.status() is REVOKED
    web.give_ocsp(pki.answer())
    assert desk.status() is GOOD
    desk.store.records.clear()
    web.give_ocsp(pki.answer(status=ocsp.OCSPCertStatus.REVOKED))
    assert desk.status() is REVOKED
    web.give_ocsp(pki.answer())
    assert desk.status() is REVOKED


def test_silent_responder_is_not_asked_at_every_login_while_a_list_answers(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk(ocsp_url=f"{web.url}/ocsp")
    assert [desk.status(), desk.status()] == [UNKNOWN, UNKNOWN]
    assert len(web.asked) == 2  # there is no other source
    web.give_crl(CRL, pki.crl())
    desk.refresh()
    web.asked.clear()
    desk.clock.advance(seconds=31)
    assert [desk.status() for _ in range(3)] == [GOOD] * 3
    assert web.asked == ["/ocsp"]
    desk.clock.advance(seconds=31)
    assert desk.status() is GOOD
    assert web.asked == ["/ocsp"] * 2


def test_unpinned_issuer_has_no_status(pki: Pki, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    root = pki.root.certificate.public_bytes(Encoding.DER)
    assert desk.source.status(root, root, now=NOON) is DISOWNED


# --- the authority itself, against its root's list


def test_revoked_authority_refuses_every_card_and_accuses_none(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_ocsp(pki.answer())
    web.give_crl(ROOT_CRL, pki.crl(pki.issuing.certificate.serial_number, by=pki.root))
    desk = open_desk(ocsp_url=f"{web.url}/ocsp", roots=True)
    assert desk.status() is UNKNOWN  # the root's list was never read
    assert desk.refresh(ROOT_CRL) == 1
    assert desk.status() is DISOWNED  # an attacker with its key makes cards at will: no bypass admits them


def test_card_known_to_be_revoked_is_so_while_its_authority_is_not_cleared(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    """Without the root's list nothing is good; the bypass for what is unknown must not see it as unknown."""
    web.give_crl(CRL, pki.crl(CARD))
    desk = open_desk(roots=True)
    desk.refresh()
    assert [desk.status(), desk.status(OTHER)] == [REVOKED, UNKNOWN]


def test_responder_is_heard_while_the_authority_is_not_cleared(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk(ocsp_url=web.give_ocsp(pki.answer(status=ocsp.OCSPCertStatus.REVOKED)), roots=True)
    assert desk.status() is REVOKED


def test_cleared_authority_lets_its_cards_be_asked_about(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_ocsp(pki.answer())
    web.give_crl(ROOT_CRL, pki.crl(by=pki.root, ends=NOON + 180 * DAY))
    desk = open_desk(ocsp_url=f"{web.url}/ocsp", roots=True)
    desk.refresh(ROOT_CRL)
    assert desk.status() is GOOD


def test_list_of_the_root_says_nothing_of_cards(pki: Pki, web: Web, open_desk: Callable[..., Desk]) -> None:
    web.give_crl(ROOT_CRL, pki.crl(CARD, by=pki.root))
    web.give_crl(CRL, pki.crl(OTHER))
    desk = open_desk()
    assert desk.refresh(ROOT_CRL, CRL) == 2
    assert desk.status() is GOOD


# --- fetching


def test_outdated_list_counts_through_its_grace_then_fails_closed(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_crl(CRL, pki.crl(OTHER))
    desk = open_desk()
    desk.refresh()
    desk.clock.at = NOON + 2 * DAY
    assert desk.status() is GOOD
    desk.clock.advance(seconds=1)
    assert desk.status() is UNKNOWN
    assert desk.status(OTHER) is REVOKED


@pytest.mark.parametrize(
    "make",
    [
        lambda pki: pki.crl(key=pki.stranger_key),
        lambda pki: pki.crl(by=pki.stranger),
        lambda pki: pki.crl(begins=NOON + timedelta(hours=26, seconds=61), ends=NOON + 3 * DAY),
        lambda pki: pki.crl()[:-1],
        lambda pki: b"<html>Sign in to the hotel's Wi-Fi</html>",
        lambda pki: b"",
    ],
)
def test_list_that_proves_nothing_changes_nothing(
    pki: Pki, web: Web, open_desk: Callable[..., Desk], make: Callable[[Pki], bytes]
) -> None:
    desk = open_desk()
    web.give_crl(CRL, pki.crl(CARD))
    desk.refresh()
    web.give_crl(CRL, make(pki))
    desk.clock.advance(hours=26)
    assert desk.refresh() == 0
    assert desk.status() is REVOKED
    assert len(desk.index.in_force()) == 1


def test_replayed_list_of_yesterday_is_refused(pki: Pki, web: Web, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    yesterday = pki.crl(number=1, begins=NOON - DAY, ends=NOON + 3 * DAY)
    web.give_crl(CRL, pki.crl(CARD, number=2, ends=NOON + 3 * DAY))
    desk.refresh()
    web.give_crl(CRL, yesterday)
    desk.clock.advance(hours=26)
    assert desk.refresh() == 0
    assert desk.status() is REVOKED


def test_list_larger_than_its_bound_is_left(pki: Pki, web: Web, open_desk: Callable[..., Desk]) -> None:
    der = pki.crl(*range(1, 300))
    web.give_crl(CRL, der)
    desk = open_desk()
    assert desk.refresh(limit=len(der) - 1) == 0
    desk.clock.advance(hours=1)
    assert desk.refresh(limit=len(der)) == 1


@pytest.mark.parametrize("status", [301, 404, 500])
def test_only_a_plain_answer_is_a_list(
    pki: Pki, web: Web, open_desk: Callable[..., Desk], status: int
) -> None:
    web.give(CRL, pki.crl(), "application/pkix-crl", status)
    assert open_desk().refresh() == 0


def test_list_is_fetched_once_a_day_and_soon_again_after_a_failure(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk()
    assert desk.refresh() == 0  # 404
    assert desk.refresh() == 0
    assert web.asked == [CRL]
    desk.clock.advance(minutes=30)
    web.give_crl(CRL, pki.crl(ends=NOON + 7 * DAY))
    assert desk.refresh() == 1
    for _ in range(15 * 4):
        desk.clock.advance(minutes=15)
        desk.refresh()
    assert web.asked == [CRL, CRL]
    desk.clock.advance(hours=12)
    web.give_crl(CRL, pki.crl(number=2, begins=NOON, ends=NOON + 8 * DAY))
    assert desk.refresh() == 1


def test_one_list_that_fails_keeps_no_other_waiting(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_crl(CRL, pki.crl())
    assert open_desk().refresh("/absent", CRL) == 1


# --- an authority that is new at an address known for another's list


@pytest.fixture(scope="module")
def successor() -> Pki:
    """The same names, other keys: the authority replaced."""
    return Pki()


def pem(*certificates: x509.Certificate) -> Iterator[bytes]:
    return (one.public_bytes(Encoding.PEM) for one in certificates)


def both(pki: Pki, successor: Pki) -> TrustAnchors:
    """Cards of the old key and of the new one sign in."""
    authorities = (pki.root, pki.issuing, successor.root, successor.issuing)
    return load_anchors(pem(*(one.certificate for one in authorities)))


def in_an_hour(desk: Desk, refresher: CrlRefresher) -> int:
    """How often the server was asked by a worker that looks every 20 seconds."""
    before = len(desk.web.asked)
    for _ in range(180):
        refresher.run_due()
        desk.clock.advance(seconds=20)
    return len(desk.web.asked) - before


def test_list_of_an_authority_replaced_is_fetched_at_once_whatever_was_planned(
    pki: Pki, successor: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_crl(CRL, pki.crl(ends=NOON + 7 * DAY))
    web.give_crl(ROOT_CRL, pki.crl(by=pki.root, ends=NOON + 7 * DAY))
    assert open_desk().refresh(CRL, ROOT_CRL) == 2
    web.give_crl(CRL, successor.crl(CARD, ends=NOON + 7 * DAY))
    web.give_crl(ROOT_CRL, successor.crl(by=successor.root, ends=NOON + 7 * DAY))
    after = open_desk(pki=successor, roots=True)
    assert after.status() is UNKNOWN
    assert after.refresh(CRL, ROOT_CRL) == 2
    assert [after.status(), after.status(OTHER)] == [REVOKED, GOOD]
    assert in_an_hour(after, after.refresher(CRL, ROOT_CRL)) == 0


def test_missing_list_of_an_authority_replaced_makes_no_storm_and_comes_soon(
    pki: Pki, successor: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    web.give_crl(CRL, pki.crl(ends=NOON + 7 * DAY))
    open_desk().refresh()
    after = open_desk(pki=successor)
    assert 2 <= in_an_hour(after, after.refresher()) <= 4  # yesterday's list, of a key no longer pinned
    del web.replies[CRL]
    assert 2 <= in_an_hour(after, after.refresher()) <= 4  # none
    web.give_crl(CRL, successor.crl(ends=NOON + 7 * DAY))
    assert in_an_hour(after, after.refresher()) == 1
    assert after.refresher().lacking() == ()


def test_address_that_still_has_the_list_of_the_old_key_is_asked_once_then_with_the_next_list(
    pki: Pki, successor: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    """A good answer without what is waited for: tens of MB are not fetched every quarter of an hour."""
    desk = open_desk()
    web.give_crl(CRL, pki.crl(ends=NOON + 7 * DAY))
    desk.refresh()
    refresher = desk.refresher(anchors=both(pki, successor))
    assert in_an_hour(desk, refresher) == 1
    web.give_crl(CRL, successor.crl(ends=NOON + 7 * DAY))
    assert in_an_hour(desk, refresher) == 0
    desk.clock.advance(days=1)
    assert in_an_hour(desk, refresher) == 1
    assert refresher.lacking() == ()


def test_operator_waits_for_no_attempt(
    pki: Pki, successor: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk()
    refresher = desk.refresher(anchors=both(pki, successor))
    assert refresher.run_now() == (False,)
    assert refresher.lacking() == ("I", "I")
    web.give_crl(CRL, pki.crl())
    assert refresher.run_now() == (True,)
    web.give_crl(CRL, successor.crl())
    assert (refresher.lacking(), refresher.run_due()) == (("I",), 0)
    assert refresher.run_now() == (True,)
    assert (refresher.lacking(), refresher.run_now()) == ((), ())
    # Outdated: it still counts, and the operator need not wait for the worker's next attempt.
    desk.clock.at = NOON + DAY + SECOND
    assert (refresher.lacking(), refresher.run_due()) == ((), 1)
    assert refresher.run_now() == (True,)


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_a_list_broken_off_is_left_to_another_worker_at_once(
    pki: Pki, web: Web, open_desk: Callable[..., Desk], pieces: int
) -> None:
    """Before it is asked for, while it comes, while its entries are written."""
    desk = open_desk()
    web.give_crl(CRL, pki.crl(*range(2, 9)))
    asked = iter([False] * pieces)
    assert desk.refresher().run_due(lambda: next(asked, True)) == 0
    assert desk.index.in_force() == []
    assert desk.refresh() == 1
    assert len(desk.index.in_force()) == 1


def test_nothing_is_fetched_for_an_authority_past_its_end(
    pki: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    over = Pki(NOON - 5000 * DAY)
    assert over.anchors.issuing[0].not_after < NOON
    desk = open_desk()
    web.give_crl(CRL, pki.crl(ends=NOON + 7 * DAY))
    refresher = desk.refresher(anchors=both(pki, over))
    assert (refresher.run_due(), refresher.lacking()) == (1, ())
    assert in_an_hour(desk, refresher) == 0


def test_list_that_does_not_name_its_key_is_tried_with_each_authority_of_that_name(
    pki: Pki, successor: Pki, web: Web, open_desk: Callable[..., Desk]
) -> None:
    desk = open_desk()
    refresher = desk.refresher(anchors=both(successor, pki))
    web.give_crl(CRL, pki.crl(names_key=False))
    assert refresher.run_due() == 1
    (known,) = desk.index.in_force()
    assert known.issuer_key_id == pki.anchors.issuing[0].key_id.hex()
    web.give_crl(CRL, pki.crl(key=pki.stranger_key, names_key=False))
    assert refresher.run_now() == (False,)


def test_next_fetch_is_a_random_time_of_the_next_morning() -> None:
    paris = ZoneInfo("Europe/Paris")
    times = {next_fetch(NOON, NOON + 7 * DAY, random.Random(seed)) for seed in range(200)}
    local = sorted(one.astimezone(paris) for one in times)
    assert len(times) == 200
    assert all(one.date() == (NOON + DAY).date() for one in local)
    assert local[0].hour in (7, 8)
    assert (local[-1].hour, local[0].minute) >= (12, 0)
    assert local[-1] - local[0] > 4 * HOUR


def test_list_that_ends_sooner_is_fetched_before_its_end() -> None:
    assert next_fetch(NOON, NOON + 3 * HOUR, random.Random(1)) == NOON + 2 * HOUR
    # Outdated on arrival, or nearly: not in a loop.
    assert next_fetch(NOON, NOON - DAY, random.Random(1)) == NOON + timedelta(minutes=15)


def test_long_list_comes_into_force(
    pki: Pki, web: Web, open_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    path = tmp_path / "big.crl"
    write_big_list(pki, path, 60_000)
    web.give_crl(CRL, path.read_bytes())
    desk = open_desk()
    assert desk.refresh(limit=64 * 1024 * 1024) == 1
    (known,) = desk.index.in_force()
    assert known.entries == 60_000
    assert desk.status(int.from_bytes(b"\x40" + (12345).to_bytes(15))) is REVOKED
    assert desk.status() is GOOD
