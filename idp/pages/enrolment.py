"""What the pages of a first connection show. View-models, as in `sign_in`."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.accounts.enrolment import ADDRESS_FIELDS
from idp.pages.sign_in import IdentityView
from idp.pages.step import Step


@dataclass(frozen=True, slots=True)
class FieldError:
    """`message` is a key of the catalogue."""

    field: str
    message: str


#: As they stand on the page.
_FIELDS = ("email", "password", *ADDRESS_FIELDS)


def in_order(faults: Mapping[str, str]) -> tuple[FieldError, ...]:
    """Returns what is wrong, by field, in the order of the fields."""
    return tuple(FieldError(name, faults[name]) for name in _FIELDS if name in faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPage:
    """POST base_path/enrolment: email, password, address_line1, address_line2, postal_code, city.

    `values`: as typed, never the password. Errors name a field of the form.
    Error keys: "enrolment.email_taken", those of `accounts/enrolment` and of `accounts/password_rules`; of no field:
    "enrolment.busy", "enrolment.other_identity".
    `proof` is posted back with the form.
    """

    identity: IdentityView
    values: dict[str, str]
    errors: tuple[FieldError, ...]
    #: Of `PasswordPolicy`; None: the password door is closed, and no password is asked for.
    password_numbers: Mapping[str, int] | None
    source: str
    proof: str
    step: Step
    #: The form was filled before the sign-in expired; the password has to be typed again.
    is_typed_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyEnrolledPage:
    """The account was made elsewhere meanwhile; GET base_path goes on with it. `typed_email`: here, "" for none."""

    masked_email: str
    typed_email: str
    is_same_email: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstConnectionPage:
    """« La première connexion doit être réalisée avec votre carte CPx ». POST base_path/cps, base_path/cancel;
    base_path/psc with `fresh` "1" for a user who is not that person."""

    name: str
    cps_open: bool
    psc_open: bool
