"""Contains `idp trust …`: the authorities that issue cards, and their revocation lists.

Not here: a card (`cli/card`).
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from idp.adapters.owned_file import write_whole
from idp.adapters.sql.database import open_database
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.anchors import AnchorsRefused
from idp.cards.pins import REFUSALS, TRUSTED, PinVerdict, common_name, fingerprint_of
from idp.cards.trust import CardPolicy
from idp.cli.listing import show_rows
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.settings import BadSetting, Settings
from idp.settings.files import read_octets
from idp.wiring.audit import build_audit
from idp.wiring.card_trust import (
    NO_AUTHORITY,
    NO_LIST_COUNTS,
    authority_faults,
    authority_warnings,
    lists_in_grace,
)
from idp.wiring.cards import (
    build_card_policy,
    build_list_check,
    build_pin_rules,
    trusted_certificates,
)
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_crl_refresher

_NO_LIST = "CADUCEE_CARD_CRL_URLS names no list"
_ROW = "{:<44}  {:<8}  {:<11}  {:<10}  {}"


def add(settings: Settings, options: argparse.Namespace) -> int:
    """Install the authorities in these files that are needed, or none if one certificate is refused."""
    rules, chosen, refused = build_pin_rules(settings), [], False
    for certificate in _read(options.files):
        verdict = rules.verdict(certificate)
        if verdict in TRUSTED:
            chosen.append((certificate, verdict))
            continue
        refused = refused or verdict is not PinVerdict.NOT_NEEDED
        print(f"idp: {common_name(certificate)}: {REFUSALS[verdict]}", file=sys.stderr)
    if refused or not chosen:
        print("idp: nothing was installed", file=sys.stderr)
        return 1
    installed = _install_each(settings, [certificate for certificate, _verdict in chosen])
    for (certificate, verdict), is_new in zip(chosen, installed, strict=True):
        print(f"{common_name(certificate)}: {'installed' if is_new else 'already there'} ({verdict})")
        if verdict is PinVerdict.TEST and is_new:
            print(f"    compare its SHA-256 with its publisher: {_colons(fingerprint_of(certificate))}")
    return 0 if any(installed) else 3


def _install_each(settings: Settings, certificates: Sequence[x509.Certificate]) -> list[bool]:
    """Write the certificates that are not there yet, with their audit events: all of them or, if the database fails,
    none. Returns which were new."""
    database, directory = open_database(settings.where.database), settings.card.trust_directory
    audit, installed = build_audit(settings, database, SystemClock()), list[bool]()
    with ExitStack() as undone:
        with SqlUnitOfWork(database).together():
            for certificate in certificates:
                undo = _install(certificate, directory)
                installed.append(undo is not None)
                if undo is not None:
                    undone.callback(undo)
                    audit.record(AuditEvent.TRUST_ADDED, authority_sha256=fingerprint_of(certificate))
        # Committed. Until here no authority stays trusted of which the audit trail does not tell.
        undone.pop_all()
    return installed


def list_authorities(settings: Settings, options: argparse.Namespace) -> int:
    rows = [
        (
            common_name(certificate),
            "root" if certificate.subject == certificate.issuer else "issuing",
            verdict,
            f"{certificate.not_valid_after_utc:%Y-%m-%d}",
            fingerprint_of(certificate),
        )
        for certificate, verdict in _judged(settings)
    ]
    show_rows(("AUTHORITY", "ROLE", "PINNED", "UNTIL", "SHA-256"), rows, _ROW, as_json=options.json)
    return 0


def _judged(settings: Settings) -> Iterator[tuple[x509.Certificate, PinVerdict]]:
    rules = build_pin_rules(settings)
    return ((certificate, rules.verdict(certificate)) for certificate in trusted_certificates(settings))


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 1 when not every card can be verified; with warnings only, 0."""
    now = SystemClock().now()
    faults, warnings = list(authority_faults(settings, now)), list(authority_warnings(settings, now))
    policy = _policy(settings)
    if policy is not None:
        resources = open_resources(settings)
        faults += [NO_LIST_COUNTS] if build_list_check(resources, policy)() else []
        warnings += lists_in_grace(resources, policy, now)
    for text in faults:
        print(f"FAULT    {text}")
    for text in warnings:
        print(f"warning  {text}")
    if not (faults or warnings):
        print("authorities and revocation lists: no fault")
    return 1 if faults else 0


def _policy(settings: Settings) -> CardPolicy | None:
    """Returns None also where the authorities have a fault, which is told."""
    try:
        return build_card_policy(settings)
    except (AnchorsRefused, BadSetting):
        return None


def refresh(settings: Settings, options: argparse.Namespace) -> int:
    """Fetch the lists that are due now, as the worker does; missing and outdated ones without its pauses.

    Returns 1 also while an authority has no list that counts, 3 when there was nothing to fetch.
    """
    refresher = build_crl_refresher(open_resources(settings))
    if refresher is None:
        has_authority = bool(trusted_certificates(settings))
        print(f"idp: {_NO_LIST if has_authority else NO_AUTHORITY}", file=sys.stderr)
        return 1
    tried, lacking = refresher.run_now(), refresher.lacking()
    for name in lacking:
        print(f"idp: {name}: no revocation list that counts", file=sys.stderr)
    if not (tried or lacking):
        print("no list is due")
        return 3
    print(f"{sum(tried)} of {len(tried)} lists fetched")
    return 0 if all(tried) and not lacking else 1


def _read(files: list[Path]) -> Iterator[x509.Certificate]:
    """Returns certificates of PEM, DER (.cer) or PKCS#7 (.p7b), as ANS publishes them.

    Raises AnchorsRefused, OSError.
    """
    readers = (
        x509.load_pem_x509_certificates,
        lambda octets: [x509.load_der_x509_certificate(octets)],
        pkcs7.load_der_pkcs7_certificates,
        pkcs7.load_pem_pkcs7_certificates,
    )
    for path in files:
        octets = read_octets(path)
        for reader in readers:
            try:
                found = reader(octets)
            except Exception:  # noqa: S112 the next reader knows another form
                continue
            yield from found
            break
        else:
            raise AnchorsRefused(f"{path}: no certificates in PEM, DER or PKCS#7")


def _install(certificate: x509.Certificate, directory: Path) -> Callable[[], None] | None:
    """Write the certificate. Returns what undoes it, None when it is there already."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = directory / f"{re.sub(r'[^a-z0-9]+', '-', common_name(certificate).lower()).strip('-')}.pem"
    pem = certificate.public_bytes(Encoding.PEM)
    before = path.read_bytes() if path.exists() else None
    if before == pem:
        return None
    write_whole(path, pem, like=directory)
    path.chmod(0o644)
    return path.unlink if before is None else partial(_put_back, path, before, directory)


def _put_back(path: Path, before: bytes, directory: Path) -> None:
    write_whole(path, before, like=directory)
    path.chmod(0o644)


def _colons(fingerprint: str) -> str:
    return ":".join(re.findall("..", fingerprint.upper()))
