"""Contains what is deleted once it is over, table by table, and how long it is kept. Not here: when (`cli/worker`)."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.dead_mails import SqlDeadMails
from idp.adapters.sql.email_undos import SqlEmailUndos
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.store import SqlStore
from idp.wiring.resources import Resources

#: Longer than any token of a grant can live.
_GRANTS_KEPT = timedelta(days=2)
#: How long `idp logouts list` shows an end. Longer than grants are kept: an end must not be told twice.
_NOTICES_KEPT = timedelta(days=7)
#: How long the page of a link « ce n'était pas moi » says that it is over.
_UNDOS_KEPT = timedelta(days=7)
#: How long the sign of a process that died is shown.
_HEARTBEATS_KEPT = timedelta(days=1)

#: Deletes some of what is over, in a short transaction. Returns how many rows: 0 when none is left.
Purge = Callable[[], int]


def build_purges(resources: Resources) -> Mapping[str, Purge]:
    """Returns them by what they delete."""
    database, clock, settings = resources.database, resources.clock, resources.settings
    mail, closing = settings.mail, settings.closing
    now = clock.now
    return {
        "records": SqlStore(database, clock).purge,
        "grants": lambda: SqlGrants(database).purge(now() - _GRANTS_KEPT),
        "sessions": lambda: SqlOpenSessions(database).purge(now()),
        "notices": lambda: SqlLogoutNotices(database).purge(now() - _NOTICES_KEPT),
        "undos": lambda: SqlEmailUndos(database).purge(now() - _UNDOS_KEPT),
        "activations": lambda: SqlActivations(database).purge(now() - _UNDOS_KEPT),
        "evidence": lambda: SqlErasures(database).purge(now() - closing.evidence_life),
        "dead mails": lambda: SqlDeadMails(database).purge(now() - mail.dead_kept),
        "heartbeats": lambda: SqlHeartbeats(database).purge(now() - _HEARTBEATS_KEPT),
    }
