"""Octets out of text: base64 and base64url, in the one spelling that each has.

Contains the only decoders of this service (`tests/house/test_imports.py`). Python's skip letters, ignore the bits that
are left over, or raise another error for each fault; of one value there would be several spellings, and a spelling that
no reader foresaw would be a failure of ours (RFC 4648 §3.3, §3.5, §12). Not here: encoding, size limits.
"""

import base64


class NotOctets(ValueError):
    """Nothing of the text is in it."""


def b64u_octets(text: str) -> bytes:
    """Returns what canonical base64url without padding says (RFC 7515 §2). Raises NotOctets."""
    octets = _decoded(text + "=" * (-len(text) % 4), b"-_")
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != text.encode():
        raise NotOctets("not canonical base64url")
    return octets


def b64_octets(text: str) -> bytes:
    """Returns what canonical base64 with its padding says (RFC 4648 §4). Raises NotOctets."""
    octets = _decoded(text, b"+/")
    if base64.b64encode(octets) != text.encode():
        raise NotOctets("not canonical base64")
    return octets


def is_b64u(text: object, octets: int) -> bool:
    """Whether this is canonical base64url of so many octets."""
    try:
        return isinstance(text, str) and len(b64u_octets(text)) == octets
    except NotOctets:
        return False


def _decoded(text: str, letters: bytes) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), letters, validate=True)
    except ValueError:  # binascii.Error is one, and so is what letters outside ASCII raise.
        # `from None`: the error of an encoding carries the whole text.
        raise NotOctets("not base64") from None
