"""Contains the pages that may be due before a login ends, and the error of each for a request that allows no page.

Not here: which of them is due (`next_stop`), and the pages themselves (`flows`, one file per stop).
"""

from collections.abc import Mapping
from enum import StrEnum


class Stop(StrEnum):
    """A page still due; the value is the last part of its address."""

    SAME_PERSON = "same_person"
    CHOICE = "choice"
    #: Those of a door at which the relying party hints; of the passkey it is the one below.
    PSC = "psc"
    DOOR = "door"
    EMAIL_OTP = "email_otp"
    PASSKEY = "passkey"
    FIRST_CONNECTION = "first_connection"
    ENROLMENT = "enrolment"
    CLOSING = "closing"
    CHARTER = "charter"
    PASSWORD_CLOSED = "password_closed"
    PASSWORD_RENEWAL = "password_renewal"
    EMAIL_AGAIN = "email_again"
    PROFESSIONAL_CONTEXT = "professional_context"


#: What a relying party is told when `prompt=none` forbids the page (OpenID Connect Core §3.1.2.6).
SILENT_ERROR: Mapping[Stop, str] = {
    # A session lives, and only the person can say whose: the relying party must not take them for signed out.
    Stop.SAME_PERSON: "interaction_required",
    Stop.CHOICE: "login_required",
    Stop.PSC: "login_required",
    Stop.DOOR: "login_required",
    Stop.EMAIL_OTP: "login_required",
    Stop.PASSKEY: "login_required",
    Stop.FIRST_CONNECTION: "login_required",
    Stop.ENROLMENT: "login_required",
    Stop.CLOSING: "interaction_required",
    Stop.CHARTER: "interaction_required",
    Stop.PASSWORD_CLOSED: "interaction_required",
    Stop.PASSWORD_RENEWAL: "interaction_required",
    Stop.EMAIL_AGAIN: "interaction_required",
    Stop.PROFESSIONAL_CONTEXT: "interaction_required",
}
