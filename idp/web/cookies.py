"""Contains the cookies of a browser (facts/security SE1). Not here: what a value means (`interaction`), forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.sansio.http import parse_cookie
from werkzeug.wrappers import Request, Response

from idp.interaction.store import random_token

#: Set when a session is ended in this browser, cleared at the next identification by Pro Santé Connect.
SIGNED_OUT_COOKIE = "left"
#: Names the sign-out that this browser was sent to Pro Santé Connect for, or whose page it shows. Not `browser`, which
#: is renewed at that very moment.
LEAVING_COOKIE = "leaving"
#: The name of what the next page says was done (`Rendering.told`).
SAID_COOKIE = "said"
#: Names the answer to the form just posted (`kept_answers`).
ANSWER_COOKIE = "answer"
#: The name of the section of « Mon compte » that keeps what was typed there (`flows/shared/typed_in_sections`).
TYPED_COOKIE = "typed"
#: Marks a browser that signed in before with an RPPS (`known_device`).
DEVICE_COOKIE = "device"
#: The door of the last sign-in (`last_door`).
DOOR_COOKIE = "door"
YEAR_SECONDS = 365 * 24 * 3600
#: What needs no quotes (RFC 6265 §4.1.1).
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
#: Where a request keeps them. No header field of a caller gets a name like that (PEP 3333).
_SENT = "caducee.cookies"
_DAY_SECONDS = 24 * 3600
#: What the name of a binding begins with; the interaction's id follows.
_BINDING = "tab_"
#: A browser that comes back with a hundred tabs must still get its header through every proxy.
_MOST_BINDINGS = 24
#: What is longer is none of ours.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Cookies:
    """`__Host-` and Secure over https; plain names on the http loopback issuer of a demo, where neither works."""

    is_secure: bool

    def name(self, short: str) -> str:
        return f"{'__Host-' if self.is_secure else ''}caducee_{short}"

    def get(self, request: Request, short: str) -> str | None:
        return self._sent(request).get(short)

    def sends_any(self, request: Request) -> bool:
        """Whether this browser keeps cookies of ours at all."""
        return bool(self._sent(request))

    def browser(self, request: Request) -> str | None:
        """Returns what this browser is known by, also before any sign-in."""
        return self.get(request, "browser")

    def know_browser(self, request: Request, response: Response, browser: str) -> None:
        """Set the cookie `browser` if this browser has none."""
        if self.browser(request) is None:
            self.set(response, "browser", browser)

    def enter_session(self, response: Response, session: str) -> None:
        """Set the cookie of the session. What the browser was known by before the sign-in makes no form of it any more
        (docs/adr/0029)."""
        self.set(response, "session", session)
        self.renew_browser(response)

    def renew_browser(self, response: Response) -> None:
        self.set(response, "browser", random_token())

    def bindings(self, request: Request) -> Mapping[str, str]:
        """Returns the secret of each open interaction of this browser, by interaction id."""
        sent = self._sent(request).items()
        return {name[len(_BINDING) :]: secret for name, secret in sent if name.startswith(_BINDING)}

    def begin(self, request: Request, response: Response, browser: str, binding: tuple[str, str]) -> None:
        """Bind a new interaction, by its id, to the browser: one of its cookies if it has none yet, and room for it."""
        self.know_browser(request, response, browser)
        self.make_room(request, response)
        self.bind(response, *binding)

    def bind(self, response: Response, interaction_id: str, secret: str) -> None:
        self.set(response, f"{_BINDING}{interaction_id}", secret)

    def unbind(self, response: Response, interaction_id: str) -> None:
        self.clear(response, f"{_BINDING}{interaction_id}")

    def make_room(self, request: Request, response: Response) -> None:
        """Forget the oldest interactions when there are too many; RFC 6265 §5.4: browsers send the oldest first."""
        held = list(self.bindings(request))
        for interaction_id in held[: max(len(held) - _MOST_BINDINGS + 1, 0)]:
            self.unbind(response, interaction_id)

    def set(self, response: Response, short: str, value: str, max_age: int | None = None) -> None:
        if max_age is None and _TOKEN.fullmatch(value):
            # As below, for what nearly all of them are.
            secure = "Secure; " if self.is_secure else ""
            written = f"{self.name(short)}={value}; {secure}HttpOnly; Path=/; SameSite=Lax"
            response.headers.add("Set-Cookie", written)
            return
        response.set_cookie(
            self.name(short),
            value,
            max_age=max_age,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response, short: str) -> None:
        response.delete_cookie(
            self.name(short), path="/", secure=self.is_secure, httponly=True, samesite="Lax"
        )

    def mark_signed_out(self, response: Response) -> None:
        """Mark the browser: Pro Santé Connect is asked to identify the next person anew (facts/security PS10)."""
        self.set(response, SIGNED_OUT_COOKIE, "1", _DAY_SECONDS)

    def _sent(self, request: Request) -> Mapping[str, str]:
        """Returns what the browser sent of ours, by short name. Read once: a page asks ten times."""
        environ = request.environ
        sent: Mapping[str, str] | None = environ.get(_SENT)
        if sent is None:
            sent = environ[_SENT] = self._read(environ.get("HTTP_COOKIE", ""))
        return sent

    def _read(self, header: str) -> Mapping[str, str]:
        if not header:
            return {}
        prefix = self.name("")
        # Of a name sent twice the first (RFC 6265 §5.4).
        given = parse_cookie(header).to_dict()
        return {
            name.removeprefix(prefix): value
            for name, value in given.items()
            if name.startswith(prefix) and 0 < len(value) <= _LONGEST and value.isascii()
        }
