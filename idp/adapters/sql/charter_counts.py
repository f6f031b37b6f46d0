"""Contains how many people the charter still asks, for who keeps the answer (`core/kept_figures`) and waits for it a
moment only: it looks at every account. Not here: the question itself (`charter_office`)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine

from idp.accounts.charter import HOUSE
from idp.adapters.sql.bounded import reading_for
from idp.adapters.sql.charter_office import count_concerned

_SECONDS = 2


def charter_figures(database: Engine, now: datetime) -> Mapping[str, int]:
    """Returns `people`, `left` and `due` of `Concerned`, for the charter of the house. Raises StoreUnavailable,
    TookTooLong."""
    with reading_for(database, _SECONDS) as connection:
        return asdict(count_concerned(connection, HOUSE, now))
