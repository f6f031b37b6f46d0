"""The IGC on disk: which files there are, and when it is made again.

Contains file names, modes, `cards.json`. Not here: what certificates contain.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from sandbox.igc.issuing import Igc, IssuedCard, Slot, make_igc, new_key

PIN = "1234"
_FORMAT = 5  # incremented whenever the files change, so that an older directory is made again
_MARGIN = timedelta(days=2)
#: How far a clock may be set back since: the lists begin an hour before they are made.
_SET_BACK = timedelta(minutes=30)


class CardEntry(TypedDict):
    """One card in `cards.json`. Paths are absolute."""

    name: str
    holder: str
    about: str
    rpps: str | None
    kind: str
    certificate: str
    key: str
    pkcs12: str
    pin: str
    signature_certificate: str
    signature_key: str
    expect: str


def ensure_igc(
    directory: Path, now: datetime, base_url: str, new_key: Callable[[], RSAPrivateKey] = new_key
) -> list[CardEntry]:
    """Returns the cards of the IGC in `directory`, made first if it is absent, damaged or about to expire."""
    directory = directory.resolve()
    known = _kept(directory, now, base_url)
    if known is not None:
        return known
    (directory / "igc.json").unlink(missing_ok=True)
    igc = make_igc(now, base_url, new_key)
    return _write(igc, directory, now, base_url)


def _kept(directory: Path, now: datetime, base_url: str) -> list[CardEntry] | None:
    try:
        mark = json.loads((directory / "igc.json").read_text())
        cards: list[CardEntry] = json.loads((directory / "cards.json").read_text())
        is_current = (mark["format"], mark["base_url"], mark["directory"]) == (
            _FORMAT,
            base_url,
            str(directory),
        )
        made_at, valid_until = (datetime.fromisoformat(mark[name]) for name in ("made_at", "valid_until"))
        is_fresh = made_at - _SET_BACK <= now < valid_until - _MARGIN
        is_whole = all(
            _digest((directory / name).read_bytes()) == mark["files"][name] for name in mark["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return cards if isinstance(cards, list) and cards and is_current and is_fresh and is_whole else None


def _write(igc: Igc, directory: Path, now: datetime, base_url: str) -> list[CardEntry]:
    cards = [_entry(card, directory / "cards") for card in igc.cards]
    contents = dict(_files(igc))
    for name, content in contents.items():
        _save(directory / name, content, is_secret=name.endswith((".key", ".p12")))
    _save(directory / "cards.json", json.dumps(cards, ensure_ascii=False, indent=1).encode(), is_secret=False)
    mark = {
        "format": _FORMAT,
        "base_url": base_url,
        "directory": str(directory),
        "made_at": now.isoformat(),
        "valid_until": _valid_until(igc).isoformat(),
        "files": {name: _digest(content) for name, content in sorted(contents.items())},
    }
    # Written last: without it the directory counts as not made.
    _save(directory / "igc.json", json.dumps(mark, indent=1).encode(), is_secret=False)
    return cards


def _valid_until(igc: Igc) -> datetime:
    """Returns until when every card behaves as `cards.json` says: accepted ones valid, the future one not yet."""
    ends = [
        card.login.certificate.not_valid_after_utc for card in igc.cards if card.plan.expect == "accepted"
    ]
    begins = [
        card.login.certificate.not_valid_before_utc
        for card in igc.cards
        if card.plan.expect == "not_yet_valid"
    ]
    lists = (igc.lists.issuing.next_update_utc, igc.lists.root.next_update_utc)
    answers = igc.responder.certificate.not_valid_after_utc
    return min(
        *ends, *begins, *(end for end in lists if end), answers, igc.server.certificate.not_valid_after_utc
    )


def _files(igc: Igc) -> Iterator[tuple[str, bytes]]:
    yield "ca/root.pem", _pem(igc.root.certificate)
    yield "ca/issuing.pem", _pem(igc.issuing.certificate)
    yield "ca/sibling-root.pem", _pem(igc.sibling_root.certificate)
    yield "ca/sibling-issuing.pem", _pem(igc.sibling.certificate)
    yield "ca/issuing.crl", igc.lists.issuing.public_bytes(Encoding.DER)
    yield "ca/root.crl", igc.lists.root.public_bytes(Encoding.DER)
    yield "ca/ocsp.crt", _pem(igc.responder.certificate)
    yield "ca/ocsp.key", _key_pem(igc.responder.key)
    yield "tls/ca.pem", _pem(igc.tls.certificate)
    yield "tls/server.crt", _pem(igc.server.certificate)
    yield "tls/server.key", _key_pem(igc.server.key)
    for card in igc.cards:
        stem = f"cards/{card.plan.name}"
        yield f"{stem}.crt", _pem(card.login.certificate)
        yield f"{stem}.key", _key_pem(card.login.key)
        yield f"{stem}.p12", _pkcs12(card.plan.name, card.login, igc.issuing.certificate)
        yield f"{stem}.signature.crt", _pem(card.signature.certificate)
        yield f"{stem}.signature.key", _key_pem(card.signature.key)


def _entry(card: IssuedCard, directory: Path) -> CardEntry:
    plan = card.plan

    def path(suffix: str) -> str:
        return str(directory / f"{plan.name}{suffix}")

    return CardEntry(
        name=plan.name,
        holder=" ".join(_holder(plan.subject)),
        about=plan.about,
        rpps=plan.rpps,
        kind=plan.kind,
        certificate=path(".crt"),
        key=path(".key"),
        pkcs12=path(".p12"),
        pin=PIN,
        signature_certificate=path(".signature.crt"),
        signature_key=path(".signature.key"),
        expect=plan.expect,
    )


def _holder(subject: x509.Name) -> Iterator[str]:
    for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.PSEUDONYM):
        yield from (str(attribute.value) for attribute in subject.get_attributes_for_oid(oid))


def _pkcs12(name: str, slot: Slot, issuer: x509.Certificate) -> bytes:
    # AES-256 with PBKDF2: read by NSS (Firefox, Chromium on Linux), OpenSSL 3, Windows 10 and macOS.
    return pkcs12.serialize_key_and_certificates(
        f"CPx demo {name}".encode(),
        slot.key,
        slot.certificate,
        [issuer],
        BestAvailableEncryption(PIN.encode()),
    )


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _save(path: Path, content: bytes, *, is_secret: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # so that the mode below is the one it gets
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
