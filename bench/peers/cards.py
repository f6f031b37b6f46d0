"""Test cards of the persons of the fixture, and the IGC that issued them.

Contains the files that the card host, `sandbox.igc.responder` and the driver read. Not here: the profile of a card
(`sandbox.igc`).
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.peers.fixture import PERSONS
from bench.processes import work_directory
from sandbox.igc.issuing import Igc, IssuedCard, issue_card, make_igc, new_key
from sandbox.igc.profile import Addresses, CardMarks, professional_subject
from sandbox.igc.roster import CardPlan, demo_rpps

_ADDRESS = "http://localhost/igc"
_FRESH = timedelta(days=20)
_FIRST = 100  # after those of the demo


def rpps_of(person: int) -> str:
    return demo_rpps(_FIRST + person)


def igc_directory() -> Path:
    """Returns where the IGC is, made at the first call and when it grows old."""
    place = work_directory() / "igc"
    mark = place / "made"
    if mark.exists() and datetime.now(UTC) - datetime.fromisoformat(mark.read_text()) < _FRESH:
        return place
    shutil.rmtree(place, ignore_errors=True)
    now = datetime.now(UTC).replace(microsecond=0)
    for name, octets in _files(make_igc(now, _ADDRESS), now):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(octets)
        os.chmod(place / name, 0o600)
    mark.write_text(now.isoformat())
    return place


def card_files() -> list[dict[str, str]]:
    """Returns certificate and key of each person's card."""
    place = igc_directory() / "cards"
    return [
        {"certificate": str(place / f"{rank:02d}.crt"), "key": str(place / f"{rank:02d}.key")}
        for rank in range(PERSONS)
    ]


def _files(igc: Igc, now: datetime) -> Iterator[tuple[str, bytes]]:
    yield "ca/root.pem", _pem(igc.root.certificate)
    yield "ca/issuing.pem", _pem(igc.issuing.certificate)
    yield "ca/issuing.crl", igc.lists.issuing.public_bytes(Encoding.DER)
    yield "ca/root.crl", igc.lists.root.public_bytes(Encoding.DER)
    yield "ca/ocsp.crt", _pem(igc.responder.certificate)
    yield "ca/ocsp.key", _key(igc.responder.key)
    yield "tls/ca.pem", _pem(igc.tls.certificate)
    yield "tls/server.crt", _pem(igc.server.certificate)
    yield "tls/server.key", _key(igc.server.key)
    for rank in range(PERSONS):
        card = _card(igc, rank, now)
        yield f"cards/{rank:02d}.crt", _pem(card.login.certificate)
        yield f"cards/{rank:02d}.key", _key(card.login.key)


def _card(igc: Igc, person: int, now: datetime) -> IssuedCard:
    rpps = rpps_of(person)
    plan = CardPlan(
        name=f"bench-{person:02d}",
        about="Médecin",
        kind="CPS",
        subject=professional_subject("Médecin", "ALICE", "MESURE", f"8{rpps}"),
        marks=CardMarks(0, f"29000{person:05d}", 10),
        principal=f"8.{rpps}",
        rpps=rpps,
    )
    names = (igc.issuing.certificate.subject.rfc4514_string(), igc.root.certificate.subject.rfc4514_string())
    return issue_card(plan, igc.issuing, Addresses.on_loopback(_ADDRESS, *names), now, (new_key(), new_key()))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
