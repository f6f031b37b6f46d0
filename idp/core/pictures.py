"""Contains pictures that an operator gives: which kinds, known by their first octets. Not here: their files, pages."""

from collections.abc import Mapping
from dataclasses import dataclass

#: What each kind begins with, once what editors put before a text is taken off.
_KINDS: Mapping[str, bytes] = {"image/png": b"\x89PNG\r\n\x1a\n", "image/svg+xml": b"<"}
_BEFORE_A_TEXT = b"\xef\xbb\xbf \r\n\t"


@dataclass(frozen=True, slots=True)
class Picture:
    """A browser shows it as a picture and runs nothing of it: in a page it is an image, and opened by itself the policy
    of every answer holds (`web/headers`)."""

    media_type: str
    content: bytes


def picture_of(content: bytes) -> Picture | None:
    """Returns the picture; None for what is no PNG and no SVG."""
    begun = content.lstrip(_BEFORE_A_TEXT)
    kinds = (kind for kind, beginning in _KINDS.items() if begun.startswith(beginning))
    found = next(kinds, None)
    return None if found is None else Picture(found, content)
