"""Single values of clients.yaml. Each reader returns the typed value, or raises BadYaml with place and expectation."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from idp.accounts.charter import HOUSE, is_charter_name
from idp.clients.located_yaml import At
from idp.clients.public_keys import PublicJwk, registered_keys
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


def one_of(choices: Any) -> Callable[[At], str]:
    def read(at: At) -> str:
        if at.text() not in choices:
            raise at.fail(f"expected one of: {', '.join(choices)}")
        return at.text()

    return read


def some_of(choices: Any) -> Callable[[At], tuple[str, ...]]:
    def read(at: At) -> tuple[str, ...]:
        chosen = many_of(choices)(at)
        if not chosen:
            raise at.fail(f"expected at least one of: {', '.join(choices)}")
        return chosen

    return read


def many_of(choices: Any) -> Callable[[At], tuple[str, ...]]:
    def read(at: At) -> tuple[str, ...]:
        return tuple(one_of(choices)(item) for item in at.items())

    return read


def exact_uri(at: At) -> str:
    """Returns an https URI, or http on loopback (RFC 9700 §2.6), without fragment (RFC 6749 §3.1.2), wildcard, user."""
    try:
        parts = urlsplit(at.text())
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError as error:
        raise at.fail("expected an https URI (http only on loopback)") from error
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    if not is_allowed or not parts.hostname or parts.username is not None:
        raise at.fail("expected an https URI (http only on loopback)")
    if "#" in at.text() or "*" in at.text() or re.search(r"[^!-~]", at.text()):
        raise at.fail("expected an exact URI: no fragment, no wildcard, no space")
    return at.text()


def client_id(at: At) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{3,80}", at.text()):
        raise at.fail("expected 3 to 80 letters, digits, dots, dashes or underscores")
    return at.text()


def idp_hint(at: At) -> str:
    if not IS_IDP_HINT.fullmatch(at.text()):
        raise at.fail(
            "expected 1 to 80 letters, digits, dots, dashes or underscores, as Pro Santé Connect gave it"
        )
    return at.text()


def client_ids(at: At) -> tuple[str, ...]:
    """Returns client_ids. That they are registered, only the whole file can tell."""
    return tuple(client_id(item) for item in at.items())


def short_text(at: At) -> str:
    if not 1 <= len(at.text().strip()) <= 80:
        raise at.fail("expected 1 to 80 characters")
    return at.text().strip()


def sector_host(at: At) -> str:
    """Returns a host name. Redirect URIs of several hosts may share a sector, so it is never guessed (Core §8.1)."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,252}", at.text()):
        raise at.fail("expected a host name in lower case")
    return at.text()


def scope_names(at: At) -> tuple[str, ...]:
    scopes = many_of(CLAIMS_OF_SCOPE)(at)
    if "openid" not in scopes:
        raise at.fail("expected `openid` among the scopes")
    return scopes


def claim_names(at: At) -> tuple[str, ...]:
    """Returns claims that some scope releases. A rule checks that it is a scope of the client."""
    return many_of(claims_of(CLAIMS_OF_SCOPE))(at)


def charter_names(at: At) -> tuple[str, ...]:
    names = tuple(item.text() for item in at.items())
    if not all(is_charter_name(name) for name in names):
        raise at.fail("expected names of charters: small letters, digits, dashes")
    if HOUSE in names or len(set(names)) < len(names):
        raise at.fail(f"expected other charters, each once: `{HOUSE}` is asked of everybody")
    return names


def seconds(least: int, most: int) -> Callable[[At], timedelta]:
    def read(at: At) -> timedelta:
        if not least <= at.number() <= most:
            raise at.fail(f"expected {least} to {most} seconds")
        return timedelta(seconds=at.number())

    return read


def text_file(at: At) -> str:
    """Returns the words of the file of this path, relative to clients.yaml, without space around them."""
    try:
        return read_words(at.path.parent / at.text()).strip()
    except ValueError as error:  # a path with NUL in it
        raise at.fail("expected the path of a file") from error
    except OSError as error:
        raise at.fail(f"expected a readable text file; {str(error.strerror).lower()}") from error


def logo(at: At) -> Picture:
    """Returns the picture in `{file: …}`."""
    members = at.members()
    if members.keys() != {"file"}:
        raise at.fail("expected `{file: …}`, with a PNG or SVG picture")
    try:
        picture = picture_of(read_octets(at.path.parent / members["file"].text(), _LARGEST_LOGO))
    except ValueError as error:  # a path with NUL in it
        raise at.fail("expected the path of a file") from error
    except OSError as error:
        raise at.fail(f"expected a readable picture; {str(error.strerror).lower()}") from error
    if picture is None:
        raise at.fail("expected a PNG or SVG picture there")
    return picture


def key_set(at: At) -> tuple[PublicJwk, ...]:
    """Returns the key set from `{keys: [...]}`, or from the JWK Set in `{file: …}`."""
    members = at.members()
    try:
        if members.keys() == {"file"}:
            return registered_keys(read_json(text_file(members["file"])))
        return registered_keys(at.plain())
    except (ValueError, RecursionError) as error:
        raise at.fail(f"expected {error}") from error


def distinguished_name(at: At) -> str:
    """Returns a distinguished name in the form of RFC 4514, as RFC 8705 §2.1.2 requires."""
    try:
        return x509.Name.from_rfc4514_string(at.text()).rfc4514_string()
    except ValueError as error:
        raise at.fail("expected a distinguished name as in RFC 4514: CN=…,O=…,C=FR") from error


def host_name(at: At) -> str:
    if not re.fullmatch(r"(?=.{1,253}\Z)[a-z0-9-]+(\.[a-z0-9-]+)*", at.text()):
        raise at.fail("expected a host name in lower case")
    return at.text()


def ip_address_text(at: At) -> str:
    try:
        return str(ipaddress.ip_address(at.text()))
    except ValueError as error:
        raise at.fail("expected an IP address") from error


def mail_address(at: At) -> str:
    if not re.fullmatch(r"[!-?A-~]{1,64}@[a-z0-9.-]{1,253}", at.text()):
        raise at.fail("expected an e-mail address")
    return at.text()


def acr_by_name(at: At) -> Acr:
    return ACR_BY_NAME[one_of(tuple(ACR_BY_NAME))(at)]
