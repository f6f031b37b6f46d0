"""Contains the command that looks at clients.yaml, and the faults that every command tells in a line.

Not here: accounts, charters, keys, trust, cards.
"""

import argparse
import sys

from idp.accounts.charter import NoCharterPublished
from idp.adapters.backup_file import BadBackup
from idp.adapters.card_host.proxy_listener import ProxyUserUnknown
from idp.adapters.card_host.tls import UnsuitableHostKey
from idp.adapters.hsm.uri import BadPkcs11Uri
from idp.adapters.software_signer import BadKeyFile
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import DatabaseMissing, UnsupportedDatabase, open_database
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.cards.anchors import AnchorsRefused
from idp.cards.rpps import InvalidRpps
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import advise, demanded_charters, read_clients
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings
from idp.signing.signer import SignerUnavailable

#: Faults that an operator can repair by their message, without a stack trace.
OPERATOR_ERRORS = (
    AnchorsRefused,
    BadBackup,
    BadYaml,
    ProxyUserUnknown,
    UnsuitableHostKey,
    BadKeyFile,
    BadPkcs11Uri,
    SignerUnavailable,
    DatabaseMissing,
    DatabaseUnusable,
    UnsupportedDatabase,
    StoreUnavailable,
    InvalidRpps,
    OSError,
)

#: The variable to change, where the fault does not know it: exit status 2.
SETTING_AT_FAULT = {UnsupportedDatabase: "DATABASE"}


def check_clients(settings: Settings, options: argparse.Namespace) -> int:
    registry = read_clients(settings.where.clients_file, operator_rules(settings))
    for line in advise(settings.where.clients_file):
        print(f"advice: {line}")
    if not _are_charters_published(settings):
        return 1
    print(f"{settings.where.clients_file}: {len(registry)} clients, no fault")
    return 0


def _are_charters_published(settings: Settings) -> bool:
    """Whether every charter that a client demands is published.

    Prints which is not, or that it could not look it up.
    """
    demanded = demanded_charters(settings.where.clients_file)
    if not demanded:
        return True
    try:
        charters = SqlCharters(open_database(settings.where.database))
        missing = [at for at in demanded if not _is_published(charters, at.text())]
    except (DatabaseMissing, DatabaseUnusable, StoreUnavailable) as error:
        print(f"advice: charters were not looked up: {error}")
        return True
    for at in missing:
        expected = f"expected a published charter: `idp charter publish --charter {at.text()}`"
        print(f"idp: {at.fail(expected)}", file=sys.stderr)
    return not missing


def _is_published(charters: SqlCharters, name: str) -> bool:
    try:
        charters.current(name)
    except NoCharterPublished:
        return False
    return True
