"""The values of the CPx extensions against a library that reads the same (docs/adr/0028)."""

from collections.abc import Callable

import pytest
from cryptography.hazmat import asn1
from hypothesis import example, given
from hypothesis import strategies as st

from idp.cards.der import (
    MalformedDer,
    decode_integer,
    decode_octet_string,
    decode_printable_string,
    decode_utf8_strings,
)


@asn1.sequence
class _Wrapped:
    """The library reads a SEQUENCE OF only inside a SEQUENCE."""

    texts: list[str]


def _texts_by_the_library(der: bytes) -> tuple[str, ...]:
    header = bytes([0x30, len(der)]) if len(der) < 0x80 else bytes([0x30, 0x81, len(der)])
    return tuple(asn1.decode_der(_Wrapped, header + der).texts)


_READERS: tuple[tuple[int, Callable[[bytes], object], Callable[[bytes], object]], ...] = (
    (0x02, decode_integer, lambda der: asn1.decode_der(int, der)),
    (0x04, decode_octet_string, lambda der: asn1.decode_der(bytes, der)),
    (0x30, decode_utf8_strings, _texts_by_the_library),
)
_utf_8 = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(str.encode)
_length = st.sampled_from([b"", b"\x81", b"\x82\x00", b"\x80"])


@st.composite
def _values(draw: st.DrawFn, tag: int) -> bytes:
    """One value, well made or nearly: another tag, another form of its length, something before or after."""
    if tag == 0x30:
        content = b"".join(draw(st.lists(_values(0x0C), max_size=4)))
    elif tag == 0x0C:
        content = draw(_utf_8 | st.binary(max_size=8))
    else:
        content = draw(st.binary(max_size=140))
    size = len(content) + draw(st.sampled_from([0] * 8 + [1]))
    form = draw(_length) if draw(st.integers(0, 4)) == 0 else b"" if size < 0x80 else b"\x81"
    written = draw(st.sampled_from([tag] * 8 + [0x05])).to_bytes() + form + (size % 256).to_bytes() + content
    return written + draw(st.sampled_from([b""] * 8 + [b"\x00"]))


@pytest.mark.parametrize(("tag", "ours", "library"), _READERS, ids=["integer", "octets", "texts"])
def test_what_is_read_is_what_the_library_reads(
    tag: int, ours: Callable[[bytes], object], library: Callable[[bytes], object]
) -> None:
    @given(_values(tag))
    @example(bytes([tag, 1, 1]))
    def reads(der: bytes) -> None:
        try:
            found = ours(der)
        except MalformedDer:
            return
        assert found == library(der)

    reads()


@pytest.mark.parametrize(
    ("decode", "der"),
    [
        (decode_octet_string, b""),
        (decode_octet_string, b"\x04"),  # no length
        (decode_octet_string, b"\x04\x02a"),  # shorter than it says
        (decode_octet_string, b"\x04\x01a\x04\x01b"),  # two values
        (decode_octet_string, b"\x04\x01a\x00"),  # a byte after it
        (decode_octet_string, b"\x0c\x01a"),  # another tag
        (decode_octet_string, b"\x04\x80a\x00\x00"),  # indefinite length
        (decode_octet_string, b"\x04\x81\x7f" + b"a" * 0x7F),  # not the shortest form (X.690 §10.1)
        (decode_octet_string, b"\x04\x82\x00\x80" + b"a" * 0x80),
        (decode_integer, b"\x02\x00"),
        (decode_integer, b"\x02\x01\x80"),  # negative
        (decode_integer, b"\x02\x02\x00\x01"),  # padded
        (decode_integer, b"\x02\x05\x01\x00\x00\x00\x00"),
        (decode_printable_string, b"\x13\x01\xe9"),  # Latin-1
        (decode_utf8_strings, b"\x30\x03\x0c\x01\xff"),  # not UTF-8
        (decode_utf8_strings, b"\x30\x03\x13\x01a"),  # of another kind of text
    ],
)
def test_what_is_not_the_one_value_expected_is_malformed(
    decode: Callable[[bytes], object], der: bytes
) -> None:
    with pytest.raises(MalformedDer):
        decode(der)


def test_a_value_of_up_to_255_bytes_is_read_in_the_long_form() -> None:
    assert decode_octet_string(b"\x04\x81\x80" + b"a" * 0x80) == b"a" * 0x80
    assert decode_octet_string(b"\x04\x81\xff" + b"a" * 0xFF) == b"a" * 0xFF
    assert decode_utf8_strings(b"\x30\x06\x0c\x01a\x0c\x01b") == ("a", "b")


@given(_values(0x13))
@example(b"\x13\x158025000001/2800636234")
def test_a_printable_string_is_read_as_the_library_does_where_it_knows_the_alphabet(der: bytes) -> None:
    try:
        read = asn1.decode_der(asn1.PrintableString, der).as_str()
    except ValueError:
        return
    assert decode_printable_string(der) == read
