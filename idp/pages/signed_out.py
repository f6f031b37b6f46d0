"""Contains what the page of a sign-out shows. Not here: the pages of a sign-in (`sign_in`)."""

from dataclasses import dataclass

from idp.pages.sign_in import IdentityView


@dataclass(frozen=True, slots=True)
class LogoutFrame:
    """A relying party that closes its own session in a frame of the page."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage:
    """`state`: "confirm" (POST /end_session/confirm), "done", or "other" (a colleague's session is over); with a link
    to go on, if known."""

    state: str
    identity: IdentityView | None
    return_name: str | None
    return_url: str | None
    #: Opaque value the confirmation form must send back as `request`; "" when done.
    request: str
    #: Pro Santé Connect's own session could not be ended: it is down, or has no such address.
    psc_is_open: bool = False
    #: Names of the other applications that are told of the sign-out.
    told: tuple[str, ...] = ()
    frames: tuple[LogoutFrame, ...] = ()
    #: Where the browser goes once every frame has loaded, or None.
    onward_url: str | None = None
    #: What that is: "return" (the relying party), "psc" (Pro Santé Connect's own sign-out) or "sign_in" (the doors).
    onward: str = "return"
    #: The relying party asked for an address that it has not registered.
    return_refused: bool = False
