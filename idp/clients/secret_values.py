"""The members `client_secret` and `client_secrets` of clients.yaml: by reference, each with its days.

Contains reading them. Not here: what every secret must be (`clients/client_secrets`).
"""

import re

from idp.clients.client_secrets import MAKE_ONE, ClientSecret, digest_of, secret_fault
from idp.clients.credential_days import MEMBERS, days_between, read_days
from idp.clients.located_yaml import At
from idp.clients.reader import Shape, list_of, shaped
from idp.clients.values import text_file
from idp.core.texts import is_encodable
from idp.settings import secret_variable

_MOST = 2


_DAYS: Shape = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_SECRET: Shape = {
    "type": "object",
    "additionalProperties": False,
    "oneOf": [{"required": ["file"]}, {"required": ["env"]}, {"required": ["sha256"]}],
    "properties": {
        "file": {"type": "string", "description": "A file with the secret, relative to this one."},
        "env": {"type": "string", "description": "A variable of the environment with the secret."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The digest of the secret."},
        **dict.fromkeys(MEMBERS, _DAYS),
    },
}


@shaped(_SECRET)
def one_secret(at: At) -> ClientSecret:
    """Returns the secret of `{file: …}`, `{env: …}` or `{sha256: …}`: it is never itself in the file."""
    members = at.members()
    days = {name: members.pop(name) for name in MEMBERS if name in members}
    if len(members) != 1 or not members.keys() <= {"file", "env", "sha256"}:
        raise at.fail("expected one of `file`, `env` or `sha256`: a secret is given by reference")
    ((kind, value),) = members.items()
    return ClientSecret(_digest(kind, value), read_days(days))


@shaped({"type": "array", "minItems": 1, "maxItems": _MOST, "items": _SECRET})
def two_secrets(at: At) -> tuple[ClientSecret, ...]:
    """Returns one or two secrets: while one takes the place of another, both are there."""
    items = at.items()
    if not 1 <= len(items) <= _MOST:
        raise at.fail("expected one or two secrets: the present one, and the next")
    found = _each_secret(at)
    if len(found) == _MOST:
        _verify_pair(items[1], *found)
    return found


_each_secret = list_of(one_secret)


def _verify_pair(place: At, one: ClientSecret, other: ClientSecret) -> None:
    """Raises BadYaml."""
    if one.sha256 == other.sha256:
        raise place.fail("expected another secret than the first: this is the same one")
    gap = days_between(one.days, other.days)
    if gap is not None and gap[0] <= gap[1]:
        raise place.fail(
            f"expected days that meet those of the first: from {gap[0]} to {gap[1]} neither holds"
        )


def _digest(kind: str, value: At) -> bytes:
    if kind == "sha256":
        if not re.fullmatch(r"[0-9a-f]{64}", value.text()):
            raise value.fail("expected 64 hexadecimal digits")
        return bytes.fromhex(value.text())
    secret = text_file(value) if kind == "file" else _variable(value)
    if (expected := secret_fault(secret)) is not None:
        raise value.fail_outside(f"expected {expected} there; {MAKE_ONE}")
    return digest_of(secret)


def _variable(at: At) -> str:
    secret = secret_variable(at.text()) or ""
    # Octets that are not UTF-8 stand in the environment as halves of surrogate pairs.
    if not is_encodable(secret):
        raise at.fail_outside("expected a secret of UTF-8 text there")
    return secret
