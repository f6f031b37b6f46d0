"""What the sections of « Mon compte » show. View-models, as in `sign_in`."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.pages.sign_in import IdentityView


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedContext:
    """The context chosen for an application. Unknown texts are ""."""

    client_id: str
    application: str
    structure: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """The root page: the person signed in, or None, and where to go. GET /account/sign-in signs in, POST
    /end_session/confirm out."""

    identity: IdentityView | None
    applications: tuple[tuple[str, str], ...]
    signed_in_since: str | None
    #: A key of « Ce poste »: "own", "declared" (in this browser; POST /station, shared: "1" or "0", changes these two),
    #: "network" (by the operator).
    station: str = "own"
    #: POST /professional_context (client_id) lets the person choose one of them again.
    contexts: tuple[RememberedContext, ...] = ()
    #: The sections that this service has: name and address.
    sections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """POST /account/password: new_password. GET /account/proof?to=password proves.

    Without a proof by card or Pro Santé Connect of the last `minutes` minutes, the page asks for one first.
    """

    is_proved: bool
    is_done: bool
    #: A key of the catalogue, or None.
    error: str | None
    #: What the words of a password's rules name: minimum, maximum, own, millions.
    password_numbers: Mapping[str, int]
    minutes: int
    #: The account has no password yet.
    is_first: bool = False
    #: Person of the new password; None when it is set.
    identity: IdentityView | None = None
