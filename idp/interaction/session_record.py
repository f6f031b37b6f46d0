"""Contains how a session is kept: its members, and which cookies open it. Not here: the store itself (`store`)."""

import hmac
from typing import Any

from idp.core.ephemeral import Versioned
from idp.core.records import from_plain, to_plain
from idp.interaction.session import Session

#: Cookies that open one session: of so many sign-ins that ended at once.
_MOST_SECRETS = 8


def is_opened_by(session: Session, shown: str) -> bool:
    """`shown`: the fingerprint of the secret in a cookie."""
    return any(hmac.compare_digest(one, shown) for one in session.secrets)


def secrets_with(session: Session, shown: str) -> tuple[str, ...]:
    """Returns the fingerprints that open it, this one first."""
    return tuple(dict.fromkeys((shown, *session.secrets)))[:_MOST_SECRETS]


def kept(session: Session) -> dict[str, Any]:
    """Returns the record, without the version. What opens it is one text, so that a node of the version before, in a
    rolling upgrade, finds a secret that is not the cookie's: there the person signs in again."""
    value = to_plain(session)
    del value["version"]
    if session.confirmed_at is None:  # A node of the version before knows no such member.
        del value["confirmed_at"]
    opened_by, made_in = " ".join(value.pop("secrets")), value.pop("made_in")
    return {**value, "secret": f"{opened_by}/{made_in}" if made_in else opened_by}


def read(record: Versioned) -> Session:
    value = dict(record.value)
    opened_by, _, made_in = value.pop("secret").partition("/")
    found = {"secrets": opened_by.split(" "), "made_in": made_in, "version": record.version}
    return from_plain(Session, {**value, **found})
