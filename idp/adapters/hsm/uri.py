"""`pkcs11:` URIs (RFC 7512): which token, which key in it, and which file holds its PIN.

Contains reading and writing such a URI, strictly. Not here: PKCS#11, the PIN itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

# RFC 7512 §2.3: pk11-res-avail, what RFC 3986 leaves unreserved, and what is percent-encoded.
_VALUE = re.compile(r"(?:[A-Za-z0-9._~:\[\]@!$'()*+,=&/?-]|%[0-9A-Fa-f]{2})*")
_SAFE = "-._~:[]@!$'()*+,="

_TOKEN = {"token": "token", "manufacturer": "manufacturer", "serial": "serial", "model": "model"}
_TEXTS = {**_TOKEN, "object": "object"}
#: Attributes of RFC 7512 that we refuse, each with what to do instead.
_REFUSED = {
    "pin-value": "the PIN never stands in the URI: `pin-source=file:/…`, or the setting HSM_PIN_FILE",
    "module-path": "p11-kit says which modules there are: a file in /etc/pkcs11/modules",
    "module-name": "p11-kit says which modules there are: a file in /etc/pkcs11/modules",
    "slot-id": "numbers of slots change: `token` or `serial` names what is in the slot",
}


class BadPkcs11Uri(ValueError):
    """A message for the operator. It names attributes, never their values: one may be a PIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Uri:
    """A token, or one private key in it when `object` or `id` is given. None: not in the URI."""

    token: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    model: str | None = None
    object: str | None = None
    id: bytes | None = None
    pin_file: Path | None = None

    @property
    def names_key(self) -> bool:
        return self.object is not None or self.id is not None

    @property
    def of_token(self) -> "Pkcs11Uri":
        """The same URI without the key."""
        return replace(self, object=None, id=None)

    def __str__(self) -> str:
        texts = {name: getattr(self, field) for name, field in _TEXTS.items()}
        path = [f"{name}={quote(text, safe=_SAFE)}" for name, text in texts.items() if text is not None]
        if self.id is not None:
            # RFC 7512 §2.3: binary; every octet is percent-encoded.
            path.append("id=" + "".join(f"%{octet:02X}" for octet in self.id))
        query = (
            "" if self.pin_file is None else f"?pin-source=file:{quote(str(self.pin_file), safe='/' + _SAFE)}"
        )
        return f"pkcs11:{';'.join(path)}{query}"


def parse_pkcs11_uri(text: str) -> Pkcs11Uri:
    """Returns the URI. Raises BadPkcs11Uri: not RFC 7512, an attribute that we do not use, or no token named."""
    if not text.startswith("pkcs11:"):
        raise BadPkcs11Uri("expected a URI that begins with `pkcs11:`")
    path_text, _, query_text = text.removeprefix("pkcs11:").partition("?")
    path = _attributes(path_text.split(";"), {*_TEXTS, "id", "type"})
    query = _attributes(query_text.split("&"), {"pin-source"})
    if path.pop("type", b"private") != b"private":
        raise BadPkcs11Uri("`type` must be `private`: the key that signs")
    identifier = path.pop("id", None)
    texts = {name: _utf8(name, value) for name, value in path.items()}
    if not texts.get("token") and not texts.get("serial"):
        raise BadPkcs11Uri("`token` or `serial` must say which token is meant")
    return Pkcs11Uri(
        id=identifier,
        pin_file=_pin_file(_utf8("pin-source", query["pin-source"])) if query else None,
        **{_TEXTS[name]: value for name, value in texts.items()},
    )


def _attributes(parts: Sequence[str], known: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, parts):
        name, is_given, value = part.partition("=")
        # RFC 7512 §2.3: a consumer that does not know an attribute rejects the URI.
        if name in _REFUSED:
            raise BadPkcs11Uri(f"`{name}` is not taken: {_REFUSED[name]}")
        if name not in known or not is_given:
            raise BadPkcs11Uri(f"expected only {', '.join(sorted(known))} here")
        if name in found:
            raise BadPkcs11Uri(f"`{name}` is given twice")
        if not value or not _VALUE.fullmatch(value):
            raise BadPkcs11Uri(f"`{name}` has no value, or a character that must be percent-encoded")
        found[name] = unquote_to_bytes(value)
    return found


def _utf8(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise BadPkcs11Uri(f"`{name}` is not UTF-8") from error
    if not text.isprintable():
        raise BadPkcs11Uri(f"`{name}` has a control character")
    return text


def _pin_file(text: str) -> Path:
    path = text.removeprefix("file://").removeprefix("file:")
    # RFC 7512 §2.4: `|command` would be run; we run nothing.
    if not path.startswith("/"):
        raise BadPkcs11Uri("`pin-source` must be `file:` and an absolute path")
    return Path(path)
