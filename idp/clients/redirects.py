"""The addresses to which an application is answered: which may be registered, and which a request may name.

Contains exact addresses, and what native applications need beside them (RFC 8252 §7): private-use schemes, and the port
that the system gives to a listener on loopback. Not here: which client may have which (`rules`).
"""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass

from idp.clients.located_yaml import At
from idp.clients.reader import list_of, shaped
from idp.clients.values import exact_uri

#: RFC 8252 §7.1: a domain name in reverse. Without a period it could be anybody's.
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[!-~]*")
#: RFC 8252 §7.3: IP literals alone; §8.3: what `localhost` leads to is not ours to know.
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)")
_LAST_PORT = 65535


def is_private_use(uri: str) -> bool:
    """Whether this registered address has a scheme of an application."""
    return not uri.startswith(("https:", "http:"))


@shaped({"anyOf": [exact_uri.shape, {"type": "string", "pattern": f"^{_PRIVATE_USE.pattern}$"}]})
def answer_uri(at: At) -> str:
    """Returns an exact URI, of a private-use scheme too. A rule checks that the client is a native one."""
    text = at.text()
    if not _PRIVATE_USE.fullmatch(text):
        return exact_uri(at)
    if "#" in text or "*" in text:
        raise at.fail("expected an exact URI: no fragment, no wildcard, no space")
    return text


answer_uris = list_of(answer_uri)


@dataclass(frozen=True, slots=True)
class Addresses(Container[str]):
    """Those that a client registered, compared as strings (RFC 9700 §2.1).

    `at_any_port`: but for the port of one on loopback (RFC 8252 §7.3).
    """

    registered: Collection[str]
    at_any_port: bool

    def __contains__(self, wished: object) -> bool:
        if wished in self.registered:
            return True
        loopback = _without_port(str(wished)) if self.at_any_port else None
        return loopback is not None and any(_without_port(known) == loopback for known in self.registered)


def _without_port(uri: str) -> tuple[str, str] | None:
    """Returns host and path of an http address on loopback, None for any other."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or int(found[2] or 1) > _LAST_PORT:
        return None
    return found[1], found[3]
