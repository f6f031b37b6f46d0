"""Contains what a sign-in changes in the browser. Not here: what it begins (`interaction/sign_in`), leaving."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.web.cookies import Cookies
from idp.web.known_device import KnownDevices
from idp.web.last_door import LastDoors


@dataclass(frozen=True, slots=True)
class Arriving:
    cookies: Cookies
    devices: KnownDevices
    last_doors: LastDoors

    def sign_in(
        self, request: Request, response: Response, session: str | None, *, rpps: str, door: str
    ) -> None:
        """Set the cookie of the session, and remember that this person used the browser, and that somebody used this
        door. `session`: None when the present cookie stays."""
        if session is not None:
            self.cookies.enter_session(response, session)
            self.devices.entered(request, response, rpps)
            self.last_doors.used(request, response, door)
