"""Contains the cookies of a browser (facts/security SE1). Not here: what a value means (`interaction`), forms."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

#: Set when a session is ended in this browser, cleared at the next identification by Pro Santé Connect.
SIGNED_OUT_COOKIE = "left"
#: Marks a browser that signed in before with an RPPS (`known_device`).
DEVICE_COOKIE = "device"
YEAR_SECONDS = 365 * 24 * 3600
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookies:
    """`__Host-` and Secure over https; plain names on the http loopback issuer of a demo, where neither works."""

    is_secure: bool

    def name(self, short: str) -> str:
        return f"{'__Host-' if self.is_secure else ''}caducee_{short}"

    def get(self, request: Request, short: str) -> str | None:
        value = request.cookies.get(self.name(short))
        return value if value is not None and 0 < len(value) <= 200 and value.isascii() else None

    def browser(self, request: Request) -> str | None:
        """Returns what this browser is known by, also before any sign-in."""
        return self.get(request, "browser")

    def know_browser(self, request: Request, response: Response, browser: str) -> None:
        """Set the cookie `browser` if this browser has none."""
        if self.browser(request) is None:
            self.set(response, "browser", browser)

    def set(self, response: Response, short: str, value: str, max_age: int | None = None) -> None:
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
