"""What the pages show that no application asked for: the root page, a new password. As `sign_in`."""

from dataclasses import dataclass

from idp.pages.sign_in import IdentityView


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedContext:
    """What was chosen for an application. Empty texts are unknown."""

    client_id: str
    application: str
    structure: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """The root page: who is signed in here (None: nobody) and where to go. POST /end_session/confirm signs out."""

    identity: IdentityView | None
    applications: tuple[tuple[str, str], ...]
    signed_in_since: str | None
    #: Said in this browser. POST /station (shared: "1" or "0") changes it.
    is_shared_station: bool = False
    #: POST /professional_context (client_id) has one of them chosen again.
    contexts: tuple[RememberedContext, ...] = ()
    #: GET /password leads to a new one.
    has_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordPage:
    """POST /password: new_password, session. Not proved: the card or Pro Santé Connect comes first, `minutes` ago at
    most."""

    is_proved: bool
    is_done: bool
    #: A key of the catalogue, or None.
    error: str | None
    password_min: int
    minutes: int
    #: Whose password; None when it is done.
    identity: IdentityView | None = None
    #: Goes back with the form: somebody else may sign in at this browser meanwhile.
    session: str = ""
