"""Contains all that is kept of a person, with the sessions that browsers hold. Not here: which rows are a person's
(`adapters/sql/personal_data`), the file (`accounts/personal_data`)."""

from idp.accounts.account import AccountId
from idp.accounts.personal_data import Holding, PersonalData
from idp.interaction.session import as_kept
from idp.interaction.sessions import Sessions


def all_kept(
    data: PersonalData, sessions: Sessions, account_id: AccountId, *, here: str = ""
) -> tuple[Holding, ...]:
    """Returns it, with the sessions of which this browser (`here`, its `sid`) or an application knows.

    Raises StoreUnavailable.
    """
    holdings = data.of(account_id)
    listed = (str(row["sid"]) for one in holdings for row in one.rows if one.table == "sessions")
    found = (sessions.find(sid) for sid in dict.fromkeys((here, *listed)) if sid)
    theirs = (session for session in found if session is not None and session.account_id == account_id)
    return (*holdings, Holding("browser_sessions", tuple(as_kept(session) for session in theirs)))
