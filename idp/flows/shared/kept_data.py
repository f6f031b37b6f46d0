"""Contains what is kept of a person, as a page says it. Not here: reading it (`accounts/personal_data`)."""

import json
from collections.abc import Iterable
from datetime import datetime

from idp.accounts.personal_data import Holding, Withheld, copied
from idp.pages.personal_data import KeptTable, KeptValue
from idp.web.local_time import local_time

#: A year of events would make a page of megabytes.
_MOST_ROWS = 50
#: What binds the rows of the audit trail to each other: it says nothing of the person, and is in the copy.
OF_NO_PERSON = frozenset({"chain", "sequence", "digest", "network_salt", "network_digest"})


def kept_view(holdings: Iterable[Holding], locale: str) -> tuple[KeptTable, ...]:
    return tuple(
        KeptTable(
            name=one.table,
            rows=tuple(
                tuple(
                    _value(column, value, locale)
                    for column, value in row.items()
                    if column not in OF_NO_PERSON
                )
                for row in one.rows[-_MOST_ROWS:]
            ),
            left_out=max(len(one.rows) - _MOST_ROWS, 0),
        )
        for one in holdings
    )


def _value(column: str, value: object, locale: str) -> KeptValue:
    if value is None or value == "":
        return KeptValue(column, None, "none")
    if value is Withheld.SECRET:
        return KeptValue(column, None, "withheld")
    if isinstance(value, bool):
        return KeptValue(column, None, "yes" if value else "no")
    if isinstance(value, datetime):
        return KeptValue(column, local_time(value, locale))
    if isinstance(value, dict | list | tuple):
        return KeptValue(column, json.dumps(copied(value), ensure_ascii=False))
    return KeptValue(column, str(value))
