"""Contains what is asked of signing keys, of our certificates in files, and of relying parties. Not here: what others
see of our certificates from outside."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.clients.credential_ends import credential_ends
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import files_of, read_files
from idp.core.finding import Inquiry, Told, amber, green, red
from idp.signing.key_ring import Keys
from idp.signing.schedule import ALGS
from idp.wiring.certificates import certificate_files, ends_in
from idp.wiring.doctor.ends import told_end
from idp.wiring.doctor.hand import Hand
from idp.wiring.doctor.stores import DATABASE
from idp.wiring.operator_errors import words_of
from idp.wiring.relying_parties import build_clients, unpublished_charters
from idp.wiring.resources import open_key_directory

_KEYS, _CLIENTS = "signing keys", "relying parties"
_ROTATE = "`idp keys rotate`"
_CHECK = "`idp clients check`"
_CLIENT_FILES = ("CLIENTS_",)
#: Of a broken file: the first lines, the command tells the others.
_MOST_FAULTS = 5


def key_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(
        name=_KEYS,
        look=partial(_signing_keys, hand),
        needs=("KEYS_DIRECTORY", "HSM_"),
        remedy="`idp keys list`, `idp keys generate`: docs/operate.md, Keys",
    )
    yield Inquiry(
        name="certificates in files",
        look=partial(_certificates, hand),
        needs=("TLS_", "PSC_CLIENT_", "CARD_CERTIFICATE", "CARD_LISTEN", "MTLS_"),
    )
    yield Inquiry(name=_CLIENTS, look=partial(_clients, hand), needs=_CLIENT_FILES, remedy=_CHECK)
    yield Inquiry(
        name="relying parties: credentials",
        look=partial(_credentials, hand),
        after=(_CLIENTS,),
        needs=_CLIENT_FILES,
    )
    yield Inquiry(
        name="relying parties: charters",
        look=partial(_their_charters, hand),
        after=(DATABASE, _CLIENTS),
        needs=("DATABASE", *_CLIENT_FILES),
    )


def _signing_keys(hand: Hand) -> Iterator[Told]:
    """Raises BadKeyFile, SignerUnavailable."""
    settings, now = hand.settings, hand.now()
    parts = hand.parts
    keys: Keys = parts.keys if parts is not None else KeysInForce(open_key_directory(settings, hand.clock))
    if not keys.is_alive():
        yield red("none can sign: the HSM is silent, or none is active", "`idp keys list`: docs/hsm.md")
    schedule = keys.schedule
    for alg in ALGS:
        active = schedule.active(alg, now)
        if active is None:
            yield red(f"{alg}: none signs", _ROTATE)
            continue
        since, until = schedule.period(active, now)
        told = f"{alg}: signs for {(now - since).days} days"
        if until is not None:
            told += f", the next one from {until:%Y-%m-%d}"
        yield amber(told, _ROTATE) if now - since > settings.operations.key_age else green(told)


def _certificates(hand: Hand) -> Iterator[Told]:
    files = certificate_files(hand.settings)
    for use, paths in files.items():
        for path in paths:
            yield from _ending(hand, use, path)
    if not any(files.values()):
        yield green("none is in a file of ours")


def _ending(hand: Hand, use: str, path: Path) -> Iterator[Told]:
    try:
        end = min(ends_in(path))
    except FileNotFoundError:
        yield amber(f"{use}: {path} is not on this machine", "none, where another machine has it")
        return
    except (OSError, ValueError) as error:
        yield red(f"{use}: {path} cannot be read ({type(error).__name__})", "PEM, readable for this user")
        return
    yield told_end(hand, use, end)


def _clients(hand: Hand) -> Iterator[Told]:
    settings = hand.settings
    where = settings.where
    try:
        reading = read_files(files_of(where.clients_file, where.clients_directory), operator_rules(settings))
    except OSError as error:
        yield red(words_of(error), "CADUCEE_CLIENTS_FILE, CADUCEE_CLIENTS_DIRECTORY")
        return
    for fault in reading.faults[:_MOST_FAULTS]:
        yield red(str(fault), _CHECK)
    if not reading.entries:
        yield amber("there is none: nobody can be sent here", "docs/clients.md")
    elif not reading.faults:
        yield green(f"{len(reading.entries)}, no fault")


def _their_charters(hand: Hand) -> Iterator[Told]:
    """Raises OSError."""
    settings = hand.settings
    where = settings.where
    reading = read_files(files_of(where.clients_file, where.clients_directory), operator_rules(settings))
    missing = unpublished_charters(hand.database, reading)
    for fault in missing:
        yield red(str(fault), "`idp charter publish --charter NAME`")
    if not missing:
        yield green("each that they demand is published")


def _credentials(hand: Hand) -> Iterator[Told]:
    settings, now, parts = hand.settings, hand.now(), hand.parts
    clients = parts.clients if parts is not None else build_clients(settings, hand.clock)
    remedy, ends = "docs/relying-party.md, « Changing a secret without a gap »", 0
    for end in credential_ends(clients.registry()):
        if end.at <= now:
            ends += 1
            yield red(f"{end.client_id}: its last {end.kind} ended {end.at:%Y-%m-%d}", remedy)
        elif end.at - now < settings.operations.client_credentials:
            ends += 1
            yield amber(f"{end.client_id}: its last {end.kind} ends {end.at:%Y-%m-%d}", remedy)
    if not ends:
        yield green("none ends soon")
