"""Contains the faults that every command, and `doctor`, tell in a line, and its words. Not here: who tells them."""

from idp.adapters.backup_file import BadBackup
from idp.adapters.card_host.proxy_listener import ProxyUserUnknown
from idp.adapters.card_host.tls import UnsuitableHostKey
from idp.adapters.hsm.uri import BadPkcs11Uri
from idp.adapters.software_signer import BadKeyFile
from idp.adapters.sql.account_search import SeveralAccounts
from idp.adapters.sql.database import DatabaseMissing, UnsupportedDatabase
from idp.adapters.sql.execution import DriverMissing
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.cards.anchors import AnchorsRefused
from idp.cards.rpps import InvalidRpps
from idp.clients.located_yaml import BadYaml
from idp.core.ephemeral import StoreUnavailable
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
    DriverMissing,
    UnsupportedDatabase,
    StoreUnavailable,
    InvalidRpps,
    SeveralAccounts,
    OSError,
)

#: The variable to change, where the fault does not know it: exit status 2.
SETTING_AT_FAULT = {UnsupportedDatabase: "DATABASE"}


def words_of(error: BaseException) -> str:
    """Returns what an operator reads of it: of a file its name and what is wrong, without a number of the system."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        # Of two, the place that something was to go to: the other one is a name of ours.
        return f"{error.filename2 or error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}"
    return str(error) or type(error).__name__
