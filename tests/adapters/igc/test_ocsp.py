"""OCSP: what proves something, what does not; a real responder (openssl ocsp), and hostile ones."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.adapters.http.bounded import HttpAnswer, SafeHttp
from idp.adapters.igc.ocsp import OcspClient
from idp.cards.revocation import CrlAnswer, OcspAnswer
from tests.adapters.igc.revoking import CARD, DAY, HOUR, OTHER, Pki, Web, openssl_responder, web_server
from tests.examples import examples
from tests.fakes import NOON
from tests.limits import beyond, within

SKEW = timedelta(seconds=60)
HTTP = SafeHttp(connect_seconds=0.5, total_seconds=1.0, body_bytes=64 * 1024)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with web_server() as running:
        yield running


def ask(
    pki: Pki,
    url: str,
    *,
    serial: int = CARD,
    now: datetime = NOON,
    listed: CrlAnswer = CrlAnswer.NONE,
    http: SafeHttp = HTTP,
) -> OcspAnswer:
    return OcspClient(url=url, http=http, skew=SKEW, max_age=DAY).ask(
        pki.card(serial),
        pki.issuing.certificate,
        now=now,
        listing=lambda _serial: listed,
    )


@pytest.mark.parametrize(
    ("serial", "expected"),
    [(CARD, OcspAnswer.GOOD), (OTHER, OcspAnswer.REVOKED), (0x77AA, OcspAnswer.UNKNOWN)],
)
def test_openssl_is_understood(tmp_path: Path, serial: int, expected: OcspAnswer) -> None:
    patient = SafeHttp(connect_seconds=2, total_seconds=5)
    # openssl dates its answers by the machine's own clock.
    now = datetime.now(UTC)
    of_today = Pki(now)
    with openssl_responder(of_today, tmp_path, {CARD: "V", OTHER: "R"}) as url:
        assert ask(of_today, url, serial=serial, now=now, http=patient) is expected


def test_answer_of_the_authority_itself_counts(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(pki.answer())) is OcspAnswer.GOOD


def test_answer_of_a_delegate_counts(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(delegate=pki.delegate))) is OcspAnswer.GOOD


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": ocsp.OCSPCertStatus.REVOKED}, OcspAnswer.REVOKED),
        (
            {"status": ocsp.OCSPCertStatus.REVOKED, "reason": x509.ReasonFlags.key_compromise},
            OcspAnswer.REVOKED,
        ),
        (
            {"status": ocsp.OCSPCertStatus.REVOKED, "reason": x509.ReasonFlags.certificate_hold},
            OcspAnswer.ON_HOLD,
        ),
        ({"status": ocsp.OCSPCertStatus.UNKNOWN}, OcspAnswer.UNKNOWN),
    ],
)
def test_what_the_responder_says_is_what_is_heard(
    pki: Pki, web: Web, changes: dict[str, Any], expected: OcspAnswer
) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(**changes))) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"begins": NOON + SKEW}, OcspAnswer.GOOD),
        ({"begins": NOON + SKEW + timedelta(seconds=1), "ends": NOON + HOUR}, OcspAnswer.NONE),
        ({"begins": NOON - DAY, "ends": NOON - SKEW}, OcspAnswer.GOOD),
        ({"begins": NOON - DAY, "ends": NOON - SKEW - timedelta(seconds=1)}, OcspAnswer.NONE),
        ({"begins": NOON - DAY, "ends": None}, OcspAnswer.GOOD),
        ({"begins": NOON - DAY - SKEW - timedelta(seconds=1), "ends": None}, OcspAnswer.NONE),
        # Whatever its end, for a good one; bad news stands as long as it says.
        ({"begins": NOON - DAY - SKEW - timedelta(seconds=1), "ends": NOON + DAY}, OcspAnswer.NONE),
        (
            {"begins": NOON - 2 * DAY, "ends": NOON + DAY, "status": ocsp.OCSPCertStatus.REVOKED},
            OcspAnswer.REVOKED,
        ),
    ],
)
def test_only_fresh_answers_count(pki: Pki, web: Web, changes: dict[str, Any], expected: OcspAnswer) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(**changes))) is expected


def test_answer_about_another_card_says_nothing(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(serial=OTHER))) is OcspAnswer.NONE
    # The same serial under another authority, the same certificate named by another hash.
    assert ask(pki, web.give_ocsp(pki.answer(issuer=pki.root))) is OcspAnswer.NONE
    assert ask(pki, web.give_ocsp(pki.answer(algorithm=hashes.SHA256()))) is OcspAnswer.NONE


def test_answer_signed_by_anybody_else_says_nothing(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(signer=pki.stranger))) is OcspAnswer.NONE
    assert ask(pki, web.give_ocsp(pki.answer(signer=pki.root))) is OcspAnswer.NONE


def test_answer_signed_with_sha_1_says_nothing(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(sha_1_signed(pki.answer(), pki))) is OcspAnswer.NONE


def sha_1_signed(der: bytes, pki: Pki) -> bytes:
    """The library refuses to make one: its algorithm identifier is changed in place."""
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    assert der.count(sha256) == 1
    return der.replace(sha256, sha1)


@pytest.mark.parametrize(
    ("delegate", "expected"),
    [
        ({"purpose": ExtendedKeyUsageOID.CLIENT_AUTH}, OcspAnswer.NONE),
        ({"ends": NOON - timedelta(seconds=1)}, OcspAnswer.NONE),
        ({"nocheck": False}, OcspAnswer.NONE),
    ],
)
def test_only_a_proper_delegate_signs_for_the_authority(
    pki: Pki, web: Web, delegate: dict[str, Any], expected: OcspAnswer
) -> None:
    answer = pki.answer(delegate=pki.make_delegate(**delegate))
    assert ask(pki, web.give_ocsp(answer)) is expected


def test_delegate_of_another_authority_signs_nothing(pki: Pki, web: Web) -> None:
    for signer in (pki.root.key, pki.stranger_key):
        answer = pki.answer(delegate=pki.make_delegate(signer=signer))
        assert ask(pki, web.give_ocsp(answer)) is OcspAnswer.NONE


def test_delegate_that_must_be_checked_needs_the_list_to_clear_it(pki: Pki, web: Web) -> None:
    url = web.give_ocsp(pki.answer(delegate=pki.make_delegate(nocheck=False)))
    assert ask(pki, url, listed=CrlAnswer.NOT_LISTED) is OcspAnswer.GOOD
    assert ask(pki, url, listed=CrlAnswer.NONE) is OcspAnswer.NONE
    assert ask(pki, url, listed=CrlAnswer.LISTED) is OcspAnswer.NONE


def test_delegate_that_needs_no_check_is_not_believed_once_the_list_names_it(pki: Pki, web: Web) -> None:
    """Its key was stolen, the authority said so, and we have that list."""
    url = web.give_ocsp(pki.answer(delegate=pki.delegate))
    assert ask(pki, url, listed=CrlAnswer.NONE) is OcspAnswer.GOOD
    assert ask(pki, url, listed=CrlAnswer.LISTED) is OcspAnswer.NONE


def test_another_nonce_is_a_replay_and_none_is_tolerated(pki: Pki, web: Web) -> None:
    assert ask(pki, web.give_ocsp(pki.answer(nonce=b"\x01" * 16))) is OcspAnswer.NONE
    assert ask(pki, web.give_ocsp(pki.answer(nonce=None))) is OcspAnswer.GOOD


@pytest.mark.parametrize("status", [one for one in ocsp.OCSPResponseStatus if one.value])
def test_responder_in_trouble_says_nothing(pki: Pki, web: Web, status: ocsp.OCSPResponseStatus) -> None:
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    assert ask(pki, web.give_ocsp(der)) is OcspAnswer.NONE


@pytest.mark.parametrize(
    "reply",
    [
        (500, "application/ocsp-response", b""),
        (302, "application/ocsp-response", b""),
        (200, "text/html", b"<h1>Portal</h1>"),
        (200, "application/ocsp-response", b""),
        (200, "application/ocsp-response", b"\x30\x03\x0a\x01\x00"),
        (200, "application/ocsp-response", b"\x30" * 70_000),
    ],
)
def test_anything_else_says_nothing(pki: Pki, web: Web, reply: tuple[int, str, bytes]) -> None:
    web.replies["/ocsp"] = reply
    assert ask(pki, f"{web.url}/ocsp") is OcspAnswer.NONE


def test_good_answer_under_a_wrong_status_or_type_says_nothing(pki: Pki, web: Web) -> None:
    for status, media_type in ((203, "application/ocsp-response"), (200, "application/octet-stream")):
        web.give("/ocsp", pki.answer(), media_type, status)
        assert ask(pki, f"{web.url}/ocsp") is OcspAnswer.NONE


def test_responder_that_drips_is_left_in_time(pki: Pki, web: Web) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/ocsp-response")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(int(beyond(3) / 0.1)):
                handler.wfile.write(b"0")
                time.sleep(0.1)
        except OSError:
            pass

    web.replies["/drip"] = drip
    began = time.monotonic()
    assert ask(pki, f"{web.url}/drip") is OcspAnswer.NONE
    assert time.monotonic() - began < within(3)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/ocsp", "http://ocsp.invalid/", "http://[::1"])
def test_nobody_there_says_nothing(pki: Pki, url: str) -> None:
    assert ask(pki, url) is OcspAnswer.NONE


class Canned:
    """The port of one exchange, without a network: for the thousands of answers of hypothesis."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def post(self, url: str, body: bytes, headers: Any) -> HttpAnswer:
        return HttpAnswer(status=200, media_type="application/ocsp-response", body=self.body)


@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_answers_say_nothing_and_do_nothing_worse(pki: Pki, changes: list[tuple[int, int]]) -> None:
    whole = _whole(pki)
    damaged = bytearray(whole)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    client = OcspClient(url="http://unused/", http=Canned(bytes(damaged)), skew=SKEW, max_age=DAY)
    said = client.ask(pki.card(), pki.issuing.certificate, now=NOON, listing=lambda _serial: CrlAnswer.NONE)
    if said is not OcspAnswer.NONE:
        # Only bytes outside what is signed may differ: the answer itself is the one that was signed.
        assert said is OcspAnswer.GOOD
        assert ocsp.load_der_ocsp_response(bytes(damaged)).tbs_response_bytes == (
            ocsp.load_der_ocsp_response(whole).tbs_response_bytes
        )


_ANSWERS: dict[int, bytes] = {}


def _whole(pki: Pki) -> bytes:
    return _ANSWERS.setdefault(id(pki), pki.answer(delegate=pki.delegate))
