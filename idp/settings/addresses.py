"""Contains how addresses in settings are checked: URLs, origins, hosts, networks, mailboxes. Not here: a setting."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from idp.settings.faults import Rule

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
ENCODED = "a URL whose user name and password have @ / ? # % percent-encoded (%40 %2F %3F %23 %25)"
_USUAL_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*")
#: One address, possibly after a display name: `Caducée <ne-pas-repondre@id.example>`.
_MAILBOX = re.compile(
    r'(?:(?:"[^\x00-\x1f\x7f"\\]*"|[^\x00-\x1f\x7f<>@,;:"]*) ?<)?'
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]*@([\w-]+(?:\.[\w-]+)*)(>?)"
)


@lru_cache(64)  # each rule about an address splits it
def split(url: str) -> SplitResult | None:
    """Returns its parts, or None for what is no URL: a bad port, an open bracket, characters that no URL has."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    is_plain = "\\" not in url and not any(sign.isspace() or not sign.isprintable() for sign in url)
    return parts if is_plain and port != 0 else None


def is_web(url: str) -> bool:
    """Whether it is http or https, has a host, and is visible ASCII."""
    parts = split(url)
    return bool(parts and parts.scheme in _USUAL_PORTS and parts.hostname and url.isascii())


def is_web_without_user(url: str) -> bool:
    return is_web(url) and "@" not in urlsplit(url).netloc


def is_same_origin(one: str, other: str) -> bool:
    """Whether scheme, host and port are the same, however they are written."""
    return _origin(one) == _origin(other) is not None


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    parts = split(url)
    return parts and (parts.scheme, parts.hostname, parts.port or _USUAL_PORTS.get(parts.scheme))


def is_on_loopback(url: str) -> bool:
    parts = split(url)
    return parts is not None and parts.hostname in LOOPBACK_HOSTS


def is_https_or_loopback(url: str) -> bool:
    parts = split(url)
    return parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and is_on_loopback(url)))


def are_networks(texts: Iterable[str]) -> bool:
    try:
        return all(ip_network(text) for text in texts)
    except ValueError:
        return False


def is_host(text: str) -> bool:
    """Whether it is a name or address alone, without port, scheme or path."""
    return bool(_HOST.fullmatch(text)) or is_ip(text.strip("[]"))


def is_resolved_host(text: str) -> bool:
    """Whether it is one that we look up: a final dot keeps search domains out of it (`redis.caducee.svc.`)."""
    return is_host(text.removesuffix("."))


def is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _is_shortest(address: str) -> bool:
    return is_ip(address) and str(ip_address(address)) == address


def is_mailbox(text: str) -> bool:
    found = _MAILBOX.fullmatch(text)
    return found is not None and (found[2] == ">") == ("<" in text)


def is_listening_place(text: str) -> bool:
    """Whether it is `host:port` or `[::1]:port`."""
    host, _, port = text.strip().rpartition(":")
    return is_host(host) and bool(re.fullmatch(r"[0-9]{1,5}", port)) and int(port) < 65536


_LONG_IPV6 = "one whose IPv6 address is not in its shortest form"
_NO_HOST = "one whose host no name or address has"
# Every relying party compares the issuer octet by octet (RFC 8414 §3.3, OpenID Connect Discovery 1.0 §4.3): two ways to
# write one origin are two issuers.
_NOT_CANONICAL: Mapping[str, Callable[[str, SplitResult], object]] = {
    # The first: what is told of another form leaves the host right, for rules that look at it.
    _LONG_IPV6: lambda _text, url: "[" in url.netloc and not _is_shortest(url.hostname or ""),
    "one with a user name or password": lambda _text, url: "@" in url.netloc,
    "one with a final slash": lambda _text, url: url.path == "/",
    "one with a path": lambda _text, url: url.path,
    "one with a query": lambda text, _url: "?" in text,
    "one with a fragment": lambda text, _url: "#" in text,
    "one with letters beyond ASCII, which are written xn--…": lambda text, _url: not text.isascii(),
    "one with capitals": lambda text, _url: text != text.lower(),
    "one with the port that its scheme has anyway": lambda _text, url: (
        url.port == _USUAL_PORTS.get(url.scheme)
    ),
    "one with a port that is not written plainly": lambda _text, url: not _has_plain_port(url),
    _NO_HOST: lambda _text, url: not is_host(url.hostname or ""),
}


def _has_plain_port(url: SplitResult) -> bool:
    written = url.netloc.rpartition("]")[2].partition(":")
    return written[1] == "" or written[2] == str(url.port)


def _is(found: str, value: Callable[[Any], str], group: Any) -> bool:
    """Whether `found` is the first reason why this URL is not an origin in its canonical form."""
    text = value(group)
    url = split(text)
    if url is None or not url.hostname:
        return False
    return next((told for told, wrong in _NOT_CANONICAL.items() if wrong(text, url)), "") == found


def origin_rules(names: str, expected: str, value: Callable[[Any], str]) -> tuple[Rule[Any], ...]:
    """Returns one rule for each way not to be canonical, so that the operator is told which one it is."""
    return tuple(
        Rule(
            names=names,
            expected=expected,
            is_broken=partial(_is, found, value),
            it_is=found,
            leaves="scheme" if found in (_LONG_IPV6, _NO_HOST) else "scheme host",
        )
        for found in _NOT_CANONICAL
    )


#: Characters of a password that cut the URL of a database or store; user name and password must be percent-encoded.
_CUTTING = re.compile(r"[/?#]")


#: A `%` that encodes nothing (RFC 3986 §2.1).
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def is_cut_by_password(url: str) -> bool:
    """Whether a `@`, `/`, `?`, `#` or `%` of the password was read as one of the URL's own (RFC 3986 §3.2.1)."""
    rest = url.partition("://")[2]
    authority = _CUTTING.split(rest, maxsplit=1)[0]
    user, at, _place = authority.rpartition("@")
    if "@" in user or "#" in rest or _BARE_PERCENT.search(user):
        return True
    return not at and authority != "" and _is_rest_of_user(authority, rest[len(authority) :])


def _is_rest_of_user(authority: str, rest: str) -> bool:
    """Whether the host is behind what cut the password: in the path, or in what is no query."""
    path, _, query = rest.partition("?")
    before, at, _place = query.partition("@")
    if "@" in path or not at:
        return "@" in path
    # `user:p?ss@host`, `user:12?34@host`: no port, or the query follows it at once, or it has no `name=`.
    port = authority.rpartition("]")[2].rpartition(",")[2].partition(":")[2]
    return "=" not in before or (port != "" and not (port.isascii() and port.isdecimal() and path))


def has_bad_place(url: str) -> bool:
    """Whether a host or port in its list is impossible."""
    return not all(map(_is_place, places(url)))


def places(url: str) -> list[str]:
    """Returns the `host:port` of its list."""
    authority = _CUTTING.split(url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    return [place for place in authority.split(",") if place]


def _is_place(text: str) -> bool:
    parts = split(f"//{text}")
    return parts is not None and is_resolved_host(parts.hostname or "")
