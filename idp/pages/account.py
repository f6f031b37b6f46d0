"""What the sections of « Mon compte » show. View-models, as in `sign_in`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.pages.delay import Delay
from idp.pages.enrolment import FieldError
from idp.pages.sign_in import IdentityView


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedContext:
    """The context chosen for an application. Unknown texts are ""."""

    client_id: str
    application: str
    structure: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """`logo`: its address here, "" for none. `doors`: names of the doors that lead into it, the strongest first; none
    while nobody is signed in."""

    name: str
    home: str
    logo: str = ""
    doors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """The root page: the person signed in, or None, and where to go. GET /account/sign-in signs in, POST
    /end_session/confirm out."""

    identity: IdentityView | None
    #: Those that this person may open, or all.
    applications: tuple[Application, ...]
    signed_in_since: str | None
    #: A key of « Ce poste »: "own", "declared" (in this browser; POST /station, shared: "1" or "0", changes these two),
    #: "network" (by the operator).
    station: str = "own"
    #: POST /professional_context (client_id) lets the person choose one of them again.
    contexts: tuple[RememberedContext, ...] = ()
    #: The sections that this service has: name and address.
    sections: tuple[tuple[str, str], ...] = ()
    #: The person may like a passkey. POST /passkey_offer: « Plus tard ».
    offers_passkey: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """A card, or Pro Santé Connect. `source`: "cps" or "psc". `profession`: as it names it, or ""."""

    source: str
    profession: str
    first_on: str
    last_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPage:
    """`source` and `verified_on`: of what the identity shows. `proofs`: oldest first."""

    identity: IdentityView
    source: str
    verified_on: str
    proofs: tuple[ProofView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPage:
    """POST /account/address: address_line1, address_line2, postal_code, city. `values`: as typed, or as kept."""

    values: dict[str, str]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """POST /account/password: new_password, and password, the present one, without a proof by card or Pro Santé
    Connect of the last `minutes` minutes. GET /account/proof?to=password proves."""

    #: Whose password it is.
    identity: IdentityView
    is_proved: bool
    #: The account has no password yet: only a proof leads to one.
    is_first: bool
    #: « Ce n'était pas moi », or a shared mailbox, closed it: only a proof leads to another one.
    is_closed: bool = field(default=False, kw_only=True)
    #: What closes it, or would alone: others read the mailbox, and there is no passkey.
    is_closed_by_sharing: bool = False
    #: The lists of common and leaked passwords have learned it.
    is_listed: bool = field(default=False, kw_only=True)
    #: What the words of a password's rules name: minimum, maximum, own, millions.
    password_numbers: Mapping[str, int]
    minutes: int
    #: A key of the catalogue, or None.
    error: str | None = None
    delay: Delay = field(default_factory=Delay)
    #: The day of the last change, "" when it is not known.
    changed_on: str = ""

    @property
    def is_used_up(self) -> bool:
        """Whether the present password may be tried no more in this browser."""
        return self.error == "password.closed"

    @property
    def needs_proof(self) -> bool:
        """Whether the present password, if there is one, leads to no other."""
        return self.is_first or self.is_closed or self.is_used_up

    @property
    def wrong_field(self) -> str | None:
        """Returns the field to mend; None when nothing in the form is wrong."""
        if self.error in ("enrolment.busy", "password.wait", "password.network", "password.closed", None):
            return None
        return "password" if self.error == "new_password.current_wrong" else "new_password"


@dataclass(frozen=True, slots=True)
class PasswordChangedPage:
    """The session is over; GET /account/sign-in begins another. `is_first`: the account had none before."""

    is_first: bool
