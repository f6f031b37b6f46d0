"""`idp logouts …`: which relying parties were told of the end of a session. The output names no person."""

import argparse

from idp.accounts.logouts import LogoutNotice, NoticeState
from idp.adapters.sql.database import open_database
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.cli.listing import NOTHING, show_rows
from idp.settings import Settings

_ROW = "{:<20}  {:<9}  {:>8}  {:<20}  {}"
_COLUMNS = ("ENDED (UTC)", "STATE", "ATTEMPTS", "LAST STATUS", "CLIENT")


def list_logouts(settings: Settings, options: argparse.Namespace) -> int:
    """Print the notices, newest first."""
    notices = SqlLogoutNotices(open_database(settings.where.database))
    state = NoticeState(options.state) if options.state else None
    newest = notices.newest(max(options.last, 0), client_id=options.client, state=state)
    show_rows(_COLUMNS, map(_row, newest), _ROW, as_json=options.json)
    return 0


def _row(notice: LogoutNotice) -> tuple[str, str, int, str, str]:
    ended_at = f"{notice.ended_at:%Y-%m-%dT%H:%M:%SZ}"
    return (ended_at, notice.state, notice.deliveries, notice.outcome or NOTHING, notice.client_id)
