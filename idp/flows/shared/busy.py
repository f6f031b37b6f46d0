"""Contains the header of an answer to a form whose password cannot be hashed now. Not here: how many hashes at once."""

import math

from werkzeug.wrappers import Response

from idp.accounts.password import HashingBusy


def busy(page: Response) -> Response:
    """Returns the page, which says so, with when to try again (RFC 9110 §10.2.3, facts/security PW5)."""
    page.headers["Retry-After"] = str(math.ceil(HashingBusy.RETRY_AFTER.total_seconds()))
    return page
