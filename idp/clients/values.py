"""Single values of clients.yaml. Each reader returns the typed value, or raises BadYaml with place and expectation."""

import re
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from idp.accounts.charter import CHARTER_NAME, HOUSE, is_charter_name
from idp.cards.person_name import BIDI_CONTROLS
from idp.clients.located_yaml import At
from idp.clients.public_keys import PublicJwk, registered_keys
from idp.clients.reader import Reader, Shape, list_of, shaped
from idp.clients.scopes import CLAIMS_OF_SCOPE, claims_of
from idp.core.pictures import Picture, picture_of
from idp.core.texts import read_json
from idp.interaction.authenticator import AUTHENTICATORS, Acr
from idp.settings import LOOPBACK_HOSTS
from idp.settings.files import read_octets, read_words
from idp.settings.psc import IS_IDP_HINT

#: What a client may demand: not what only an emergency of the operator's lets in.
_DEMANDED = {row.acr for row in AUTHENTICATORS.values() if not row.is_bypass}
ACR_BY_NAME = {acr.rpartition(":")[2]: acr for acr in Acr if acr in _DEMANDED}

#: Shown at 40 pixels; every process keeps it in memory.
_LARGEST_LOGO = 64 * 1024
#: An address beyond it is not said again with another scheme.
_LONG = 200


def one_of(choices: Iterable[str]) -> Reader[str]:
    known = tuple(choices)

    def read(at: At) -> str:
        if at.text() not in known:
            raise at.fail(f"expected one of: {', '.join(known)}", among=known)
        return at.text()

    return Reader(read, {"enum": list(known)})


def many_of(choices: Iterable[str]) -> Reader[tuple[str, ...]]:
    return list_of(one_of(choices))


def some_of(choices: Iterable[str]) -> Reader[tuple[str, ...]]:
    known = tuple(choices)
    many = list_of(one_of(known), 1)

    def read(at: At) -> tuple[str, ...]:
        chosen = many(at)
        if not chosen:
            raise at.fail(f"expected at least one of: {', '.join(known)}")
        return chosen

    return Reader(read, many.shape)


#: https, or http on loopback; no user before the host, no fragment, no wildcard, printable ASCII.
_URI = r"^(https://[^/?#@*]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)([/?][!\"$-)+-~]*)?$"


@shaped({"type": "string", "pattern": _URI})
def exact_uri(at: At) -> str:
    """Returns an https URI, or http on loopback (RFC 9700 §2.6), without fragment (RFC 6749 §3.1.2), wildcard, user."""
    try:
        parts = urlsplit(at.text())
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError as error:
        raise at.fail("expected an https URI (http only on loopback)") from error
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    if not is_allowed or not parts.hostname or parts.username is not None:
        is_plain = parts.scheme == "http" and parts.username is None
        meant = f"https{at.text()[len('http') :]}" if is_plain and len(at.text()) <= _LONG else None
        raise at.fail("expected an https URI (http only on loopback)", meant=meant)
    if "#" in at.text() or "*" in at.text() or re.search(r"[^!-~]", at.text()):
        raise at.fail("expected an exact URI: no fragment, no wildcard, no space")
    return at.text()


@shaped({"type": "string", "pattern": "^[A-Za-z0-9._-]{3,80}$"})
def client_id(at: At) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,80}", at.text()):
        raise at.fail("expected 3 to 80 letters, digits, dots, dashes or underscores")
    return at.text()


@shaped({"type": "string", "pattern": f"^{IS_IDP_HINT.pattern}$"})
def idp_hint(at: At) -> str:
    if not IS_IDP_HINT.fullmatch(at.text()):
        raise at.fail(
            "expected 1 to 80 letters, digits, dots, dashes or underscores, as Pro Santé Connect gave it"
        )
    return at.text()


_TURNING = "".join(f"\\u{ord(sign):04x}" for sign in sorted(BIDI_CONTROLS))


@shaped({"type": "string", "pattern": rf"^(?![\s\S]*[{_TURNING}])\s*\S([\s\S]{{0,78}}\S)?\s*$"})
def short_text(at: At) -> str:
    if not 1 <= len(at.text().strip()) <= 80:
        raise at.fail("expected 1 to 80 characters")
    if not BIDI_CONTROLS.isdisjoint(at.text()):
        raise at.fail(
            "expected characters that are seen: one such as U+202E turns around what stands beside it"
        )
    return at.text().strip()


_scopes = many_of(CLAIMS_OF_SCOPE)


@shaped({**_scopes.shape, "contains": {"const": "openid"}})
def scope_names(at: At) -> tuple[str, ...]:
    scopes = _scopes(at)
    if "openid" not in scopes:
        raise at.fail("expected `openid` among the scopes")
    return scopes


#: Claims that some scope releases. A rule checks that it is a scope of the client.
claim_names = many_of(claims_of(CLAIMS_OF_SCOPE))


_CHARTER: Shape = {"type": "string", "pattern": f"^{CHARTER_NAME}$", "not": {"const": HOUSE}}


@shaped({"type": "array", "uniqueItems": True, "items": _CHARTER})
def charter_names(at: At) -> tuple[str, ...]:
    names = tuple(item.text() for item in at.items())
    if not all(is_charter_name(name) for name in names):
        raise at.fail("expected names of charters: small letters, digits, dashes")
    if HOUSE in names or len(set(names)) < len(names):
        raise at.fail(f"expected other charters, each once: `{HOUSE}` is asked of everybody")
    return names


def seconds(least: int, most: int) -> Reader[timedelta]:
    def read(at: At) -> timedelta:
        if not least <= at.number() <= most:
            raise at.fail(f"expected {least} to {most} seconds")
        return timedelta(seconds=at.number())

    return Reader(read, {"type": "integer", "minimum": least, "maximum": most})


FILE: Shape = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {"file": {"type": "string", "description": "relative to this file"}},
}


def text_file(at: At) -> str:
    """Returns the words of the file of this path, relative to clients.yaml, without space around them."""
    try:
        return read_words(at.path.parent / at.text()).strip()
    except ValueError as error:  # a path with NUL in it
        raise at.fail_outside("expected the path of a file") from error
    except OSError as error:
        raise at.fail_outside(f"expected a readable text file; {str(error.strerror).lower()}") from error


@shaped(FILE)
def logo(at: At) -> Picture:
    """Returns the picture in `{file: …}`."""
    members = at.members()
    if members.keys() != {"file"}:
        raise at.fail("expected `{file: …}`, with a PNG or SVG picture")
    try:
        picture = picture_of(read_octets(at.path.parent / members["file"].text(), _LARGEST_LOGO))
    except ValueError as error:  # a path with NUL in it
        raise members["file"].fail_outside("expected the path of a file") from error
    except OSError as error:
        expected = f"expected a readable picture; {str(error.strerror).lower()}"
        raise members["file"].fail_outside(expected) from error
    if picture is None:
        raise members["file"].fail_outside("expected a PNG or SVG picture there")
    return picture


_KEYS: Shape = {
    "type": "object",
    "required": ["keys"],
    "properties": {
        "keys": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {"type": "object", "required": ["kty"], "properties": {"d": False, "k": False}},
        }
    },
}


@shaped({"oneOf": [_KEYS, FILE]})
def key_set(at: At) -> tuple[PublicJwk, ...]:
    """Returns the key set from `{keys: [...]}`, or from the JWK Set in `{file: …}`."""
    members = at.members()
    try:
        if members.keys() == {"file"}:
            return registered_keys(read_json(text_file(members["file"])))
        return registered_keys(at.plain())
    except (ValueError, RecursionError) as error:
        raise at.fail(f"expected {error}") from error


_acr_name = one_of(ACR_BY_NAME)


@shaped(_acr_name.shape)
def acr_by_name(at: At) -> Acr:
    return ACR_BY_NAME[_acr_name(at)]
