"""The few DER values in the private extensions of a CPx certificate, read strictly.

Contains INTEGER, OCTET STRING, PrintableString, SEQUENCE OF UTF8String, definite lengths only.
Not here: certificates and names (the `cryptography` library reads those).
"""

from collections.abc import Iterator

_INTEGER, _OCTET_STRING, _UTF8_STRING, _PRINTABLE_STRING, _SEQUENCE = 0x02, 0x04, 0x0C, 0x13, 0x30


class MalformedDer(ValueError):
    """The bytes are not the one DER value expected, or more bytes follow it."""


def decode_integer(der: bytes) -> int:
    """Returns a non-negative INTEGER of at most four bytes, minimally encoded. Raises MalformedDer."""
    content = _only(der, _INTEGER)
    # X.690 §8.3.2: nine leading zero bits are one byte too many, and two encodings of one value.
    is_padded = len(content) > 1 and content[0] == 0 and content[1] < 0x80
    if not 1 <= len(content) <= 4 or content[0] >= 0x80 or is_padded:
        raise MalformedDer("not a small non-negative INTEGER")
    return int.from_bytes(content)


def decode_octet_string(der: bytes) -> bytes:
    """Returns the bytes of an OCTET STRING. Raises MalformedDer."""
    return _only(der, _OCTET_STRING)


def decode_printable_string(der: bytes) -> str:
    """Returns the text of a PrintableString (ASCII; the exact alphabet is not checked). Raises MalformedDer."""
    return _text(_only(der, _PRINTABLE_STRING), "ascii")


def decode_utf8_strings(der: bytes) -> tuple[str, ...]:
    """Returns the texts of a SEQUENCE OF UTF8String, in order. Raises MalformedDer."""
    return tuple(_text(content, "utf-8") for content in _elements(_only(der, _SEQUENCE), _UTF8_STRING))


def _text(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise MalformedDer(f"not {encoding}") from fault


def _only(der: bytes, tag: int) -> bytes:
    contents = list(_elements(der, tag))
    if len(contents) != 1:
        raise MalformedDer("exactly one value expected")
    return contents[0]


def _elements(der: bytes, tag: int) -> Iterator[bytes]:
    while der:
        header, length = _header(der)
        if der[0] != tag or len(der) < header + length:
            raise MalformedDer("unexpected tag or length")
        yield der[header : header + length]
        der = der[header + length :]


def _header(der: bytes) -> tuple[int, int]:
    # X.690 §8.1.3: short form below 128, and the one-byte long form; nothing here is longer than 255.
    if len(der) >= 2 and der[1] < 0x80:
        return 2, der[1]
    if len(der) >= 3 and der[1] == 0x81 and der[2] >= 0x80:
        return 3, der[2]
    raise MalformedDer("unsupported length")
