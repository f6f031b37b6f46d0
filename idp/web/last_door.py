"""Contains the cookie with the door by which this browser signed in last: its name, and nothing of a person.

Not here: the order of the doors on the page (`pages/sign_in`), the browsers of a person (`known_device`).
"""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.interaction.authenticator import DOORS
from idp.web.cookies import DOOR_COOKIE, YEAR_SECONDS, Cookies
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True)
class LastDoors:
    """A shared station keeps none: how the person before signed in is not the next person's (facts/security T12)."""

    cookies: Cookies
    stations: SharedStations

    def of(self, request: Request) -> str:
        """Returns the name of a door, "" for none. A browser says what it likes: it decides an order, no more."""
        told = self.cookies.get(request, DOOR_COOKIE)
        return told if told in DOORS and not self.stations.holds(request) else ""

    def used(self, request: Request, response: Response, door: str) -> None:
        """Remember that somebody signed in here by this door."""
        if not self.stations.holds(request):
            self.cookies.set(response, DOOR_COOKIE, door, YEAR_SECONDS)
        elif self.cookies.get(request, DOOR_COOKIE) is not None:
            # Of the time before it was declared shared.
            self.cookies.clear(response, DOOR_COOKIE)
