"""A browser: one connection, one jar of cookies, one person and their card.

Contains following redirects, filling the forms of any provider, the way by the card host. Not here: the relying party
(`flows`).
"""

import html
import re
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urljoin, urlsplit

from bench.driver.connection import Answer, Connect
from bench.driver.target import PASSWORD_INPUT, Target

_FORM = re.compile(rb"<form\b([^>]*)>(.*?)</form>", re.DOTALL | re.IGNORECASE)
_INPUT = re.compile(rb"<(input|button)\b([^>]*)>", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_LONGEST_CHAIN = 14
_AGENT = b"User-Agent: Mozilla/5.0 bench\r\n"
_HTML = b"Accept: text/html,*/*\r\n" + _AGENT


class FlowFailed(Exception):
    """Another answer than the one due. The message says which."""


class Jar:
    """Cookies of one host, by name and path."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[bytes, bytes], bytes] = {}

    def take(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name == b"set-cookie":
                self._set(value)

    def _set(self, line: bytes) -> None:
        first, *attributes = [part.strip() for part in line.split(b";")]
        name, _, value = first.partition(b"=")
        path, is_over = b"/", not value
        for attribute in attributes:
            kind, _, said = attribute.partition(b"=")
            if kind.lower() == b"path":
                path = said or b"/"
            elif kind.lower() == b"max-age":
                is_over = is_over or said in (b"0", b"-1")
            elif kind.lower() == b"expires":
                is_over = is_over or b"1970" in said
        if is_over:
            self._cookies.pop((name, path), None)
        else:
            self._cookies[(name, path)] = value

    def line(self, address: str) -> bytes:
        """Returns the Cookie header of a request to this path, empty without cookies."""
        path = address.partition("?")[0].encode()
        sent = [
            name + b"=" + value for (name, below), value in self._cookies.items() if _is_below(path, below)
        ]
        return b"Cookie: " + b"; ".join(sent) + b"\r\n" if sent else b""


def _is_below(path: bytes, parent: bytes) -> bool:
    return parent in (b"/", path) or path.startswith(parent.rstrip(b"/") + b"/")


class Form:
    """A form of a page, and what it would send untouched."""

    def __init__(self, attributes: bytes, content: bytes) -> None:
        self.action = _attributes(attributes).get("action", "")
        self.asks_password = PASSWORD_INPUT.search(content) is not None
        self.fields: dict[str, str] = {}
        self._buttons: list[tuple[str, str]] = []
        for found in _INPUT.finditer(content):
            self._add(found[1].lower(), _attributes(found[2]))

    def _add(self, tag: bytes, given: Mapping[str, str]) -> None:
        if "name" not in given:
            return
        kind = given.get("type", "submit" if tag == b"button" else "text").lower()
        if kind in ("submit", "button", "image"):
            self._buttons.append((given["name"], given.get("value", "")))
        elif kind not in ("checkbox", "radio") or "checked" in given:
            self.fields[given["name"]] = given.get("value", "")

    def pressed(self) -> dict[str, str]:
        """Returns the fields, with the first button that has a value."""
        return {**dict([pair for pair in self._buttons if pair[1]][:1]), **self.fields}


def _attributes(raw: bytes) -> dict[str, str]:
    return {
        found[1].lower().decode(): html.unescape(
            (found[2] or found[3] or found[4] or b"").decode("utf-8", "replace")
        )
        for found in _ATTRIBUTE.finditer(raw)
    }


class Browser:
    """One window. `restart` makes it a new browser: no cookie is left."""

    def __init__(self, connect: Connect, target: Target, person: int) -> None:
        self._target = target
        self._user = target.users[person % len(target.users)]
        self._card = target.cards[person % len(target.cards)] if target.cards else None
        self._connect = connect
        self._tls: ssl.SSLContext | None = None
        self.channel = connect(*target.address)
        self._jar = Jar()

    def restart(self) -> None:
        self._jar = Jar()

    async def _get(self, address: str) -> Answer:
        line = f"GET {address} HTTP/1.1\r\n".encode()
        return await self._send(line + self._target.host_line + _HTML + self._jar.line(address) + b"\r\n")

    async def _post(self, address: str, fields: Mapping[str, str]) -> Answer:
        body = urlencode(fields).encode()
        origin = self._target.origin
        told = (
            f"Origin: {origin}\r\nReferer: {origin}{address}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        line = f"POST {address} HTTP/1.1\r\n".encode() + self._target.host_line + _HTML
        return await self._send(line + self._jar.line(address) + told.encode() + body)

    async def _send(self, octets: bytes) -> Answer:
        answer = await self.channel.request(octets)
        self._jar.take(answer)
        return answer

    async def go(self, address: str, at_page: "AtPage") -> str:
        """Follow redirects, and what `at_page` does on each page. Returns the query that the relying party gets.

        Raises FlowFailed for any other end.
        """
        answer = await self._get(address)
        for _ in range(_LONGEST_CHAIN):
            location = answer.location if 300 <= answer.status < 400 else None
            if location is not None:
                if location.startswith(self._target.redirect_uri):
                    return location[len(self._target.redirect_uri) + 1 :]
                if location.startswith("https:"):
                    answer = await self._present_card(location)
                    continue
                address = self._here(location, address)
                answer = await self._get(address)
            elif answer.status == 200:
                action, fields = at_page(answer)
                address = self._here(action or address, address)
                answer = await self._post(address, fields)
            else:
                raise FlowFailed(f"HTTP {answer.status} {answer.body[:300]!r}")
        raise FlowFailed("too many pages")

    async def page(self, address: str) -> bytes:
        """Returns the first page that is no redirect."""
        for _ in range(_LONGEST_CHAIN):
            answer = await self._get(address)
            if answer.status == 200:
                return answer.body
            if answer.location is None:
                raise FlowFailed(f"HTTP {answer.status} {answer.body[:300]!r}")
            address = self._here(answer.location, address)
        raise FlowFailed("too many redirects")

    def type_password(self, answer: Answer) -> "Way":
        """Returns what a person does on the sign-in page, or on the page after it."""
        forms = [Form(found[1], found[2]) for found in _FORM.finditer(answer.body)]
        form = next((one for one in forms if one.asks_password), forms[0] if forms else None)
        if form is None:
            raise FlowFailed(f"no form on {answer.body[:500]!r}")
        if not form.asks_password:
            return form.action, {**form.pressed(), **self._target.other_fields}
        typed = {self._target.user_field: self._user[0], self._target.password_field: self._user[1]}
        return form.action, {**form.fields, **typed}

    def press_card(self, answer: Answer) -> "Way":
        """Returns what a person does who has the card in the reader."""
        forms = [Form(found[1], found[2]) for found in _FORM.finditer(answer.body)]
        form = next((one for one in forms if one.action.endswith("/cps")), None)
        if form is None:
            raise FlowFailed(f"no door for a card on {answer.body[:500]!r}")
        return form.action, form.pressed()

    def stay(self, answer: Answer) -> "Way":
        raise FlowFailed(f"a page where a redirect was due: {answer.body[:300]!r}")

    async def _present_card(self, location: str) -> Answer:
        """The hand-over: a new connection and a whole handshake, as browsers make."""
        parts = urlsplit(location)
        channel = self._connect(parts.hostname or "", parts.port or 443, self._card_context())
        head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode()
        try:
            return await channel.request(head + _HTML + b"\r\n")
        finally:
            channel.close()

    def _card_context(self) -> ssl.SSLContext:
        if self._tls is None:
            if self._card is None:
                raise FlowFailed("this person has no card")
            self._tls = ssl.create_default_context(cafile=self._target.card_authority)
            self._tls.load_cert_chain(self._card["certificate"], self._card["key"])
        return self._tls

    def _here(self, location: str, base: str) -> str:
        parts = urlsplit(urljoin(self._target.origin + base, location))
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


#: Where a form goes (empty: to its page) and with what.
Way = tuple[str, Mapping[str, str]]
AtPage = Callable[[Answer], Way]
