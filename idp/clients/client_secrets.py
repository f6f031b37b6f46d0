"""Secrets of relying parties: making one, its digest, which are none, and which of two is meant.

Contains what every secret must be, however it is given. A digest hides what it is of, so a short secret is refused
when it is presented, and the digests of what everybody knows (nothing, a line end, the client_id, the words of
examples) where they stand. Not here: where a secret is read (`clients/secret_values`).
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from idp.clients.credential_days import ALWAYS, Days

#: In characters (RFC 6749 §10.10: 2^-128 at most; 32 of hexadecimal digits).
LEAST = 32
#: « xxxxxxxx… » is no secret. 32 digits drawn by lot never have fewer.
_LEAST_DIFFERENT = 6
MAKE_ONE = "`idp clients secret` makes one"

_SIGNS = string.ascii_letters + string.digits
#: 62^43 > 2^256.
_MADE = 43

_PLACEHOLDERS = (
    "secret client_secret client-secret clientsecret my-secret your-secret mysecret password motdepasse passwd "
    "changeme change-me change_me changeit replaceme replace-me todo tbd none null undefined example exemple test "
    "dummy demo x xx xxx … ... - -n $secret ${secret} $SECRET admin root azerty qwerty 1234 12345678 0 1 true false"
).split()
#: What commands, editors and shells add: `echo`, Windows, `echo -n` where -n is a word, quotes that were kept.
_FRAMES = (
    "{}", "{}\n", "{}\r\n", "{}\r", "{}\n\n", "{} ", "{} \n", " {}", "-n {}\n", '"{}"', '"{}"\n', "'{}'", "'{}'\n",
    "\ufeff{}", "{}\0",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One that is registered: its digest is all that is kept of it."""

    sha256: bytes
    days: Days = ALWAYS

    @property
    def label(self) -> str:
        """Returns the begin of its digest, by which people find it in clients.yaml; no part of the secret."""
        return self.sha256.hex()[:8]


def secret_among(registered: Sequence[ClientSecret], candidate: str) -> ClientSecret | None:
    """Returns the one of this digest. In constant time for all of them; no proof where the candidate is no secret."""
    digest = digest_of(candidate)
    found = [secret for secret in registered if hmac.compare_digest(digest, secret.sha256)]
    return found[0] if found else None


def made_secret() -> str:
    """Returns 256 bits from the system's generator, in letters and digits: no library has a way to misread them."""
    return "".join(secrets.choice(_SIGNS) for _ in range(_MADE))


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).digest()


def secret_fault(secret: str) -> str | None:
    """Returns what was expected of a secret, None when it may be one."""
    if len(secret) < LEAST:
        return f"a secret of {LEAST} characters or more"
    if len({*secret}) < _LEAST_DIFFERENT:
        return "a secret drawn by lot, not one character many times"
    return None


def is_guessed(digest: bytes, *known: str) -> bool:
    """Whether this is the digest of what everybody knows. `known`: client_id and name of the client."""
    return digest in _placeholder_digests() or digest in {*_digests(*known)}


@cache
def _placeholder_digests() -> frozenset[bytes]:
    return frozenset(_digests("", *_PLACEHOLDERS))


def _digests(*words: str) -> Iterator[bytes]:
    for word in words:
        for written in {word, word.lower(), word.upper(), word.capitalize()}:
            yield from (digest_of(frame.format(written)) for frame in _FRAMES)
