"""Contains `idp epoch new`: everything that began before is void, of everybody (docs/adr/0046).

Not here: what is void (`adapters/sql/epochs`), a restored database (`backups`), the end of one person's sessions.
"""

import argparse
import sys
from collections.abc import Collection

from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import open_database, writing
from idp.adapters.sql.epochs import Ended, begin_epoch
from idp.adapters.sql.work import SqlUnitOfWork
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.audit import build_audit


def new(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 1 when relying parties could not be told: clients.yaml is bad. Run again, the command tells them."""
    listeners, status = listeners_of(settings)
    audit = build_audit(settings, open_database(settings.where.database), SystemClock())
    tell(begin(audit, listeners, "operator"))
    return status


def listeners_of(settings: Settings) -> tuple[Collection[str], int]:
    """Returns the clients that get logout notices, and the exit status: 1 when clients.yaml cannot be read.

    That must not keep an operator from voiding what has to be void.
    """
    try:
        return logout_listeners(registered(settings)), 0
    except (BadYaml, OSError) as error:
        print(f"idp: relying parties are not told: {error}", file=sys.stderr)
        return (), 1


def begin(audit: SqlAudit, listeners: Collection[str], reason: str) -> Ended:
    """Begin an epoch, with its audit event, in one commit. Raises StoreUnavailable."""
    database = audit.database
    with SqlUnitOfWork(database).together(), writing(database) as connection:
        allow_time(connection, None)
        ended = begin_epoch(connection, audit.clock.now(), listeners, reason)
        audit.record(AuditEvent.EPOCH_BEGUN, reason=reason, sessions=ended.sessions, grants=ended.grants)
    return ended


def tell(ended: Ended) -> None:
    print("a new epoch: everything that began before is void, on every node from now on")
    print(
        f"ended: {ended.sessions} sessions, {ended.grants} grants, {ended.links} links in mails,"
        f" {ended.records} records; {ended.notices} notices to relying parties wait for the worker"
    )
