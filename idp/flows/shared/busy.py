"""Contains the header of an answer to a form whose password cannot be hashed now. Not here: how many hashes at once."""

import math
from datetime import timedelta

from werkzeug.wrappers import Response

from idp.accounts.password import HashingBusy


def whole_seconds(wait: timedelta) -> int:
    """Returns how many seconds to wait, none of them too few."""
    return math.ceil(wait.total_seconds())


BUSY_SECONDS = whole_seconds(HashingBusy.RETRY_AFTER)


def busy(page: Response) -> Response:
    """Returns the page, which says so, with when to try again (RFC 9110 §10.2.3, facts/security PW5)."""
    page.headers["Retry-After"] = str(BUSY_SECONDS)
    return page
