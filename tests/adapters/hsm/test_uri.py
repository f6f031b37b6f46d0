"""RFC 7512, read strictly: what we do not use is refused, and no refusal repeats what may be a PIN."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.adapters.hsm.uri import BadPkcs11Uri, Pkcs11Uri, parse_pkcs11_uri


def refusal(text: str) -> str:
    with pytest.raises(BadPkcs11Uri) as caught:
        parse_pkcs11_uri(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkcs11:token=caducee", Pkcs11Uri(token="caducee")),
        ("pkcs11:serial=0123", Pkcs11Uri(serial="0123")),
        ("pkcs11:token=A%20B%C3%A9;model=X", Pkcs11Uri(token="A Bé", model="X")),
        ("pkcs11:token=t;object=k;type=private", Pkcs11Uri(token="t", object="k")),
        ("pkcs11:token=t;id=%01%FFa", Pkcs11Uri(token="t", id=b"\x01\xffa")),
        ("pkcs11:token=t?pin-source=file:/etc/pin", Pkcs11Uri(token="t", pin_file=Path("/etc/pin"))),
        ("pkcs11:token=t?pin-source=file:///etc/a%20pin", Pkcs11Uri(token="t", pin_file=Path("/etc/a pin"))),
        ("pkcs11:token=t?pin-source=/etc/pin", Pkcs11Uri(token="t", pin_file=Path("/etc/pin"))),
        ("pkcs11:manufacturer=M;token=a:b[c]@d!e$f'g(h)*i+j,k=l&m/n", None),
    ],
)
def test_what_the_standard_allows_is_read(text: str, expected: Pkcs11Uri | None) -> None:
    found = parse_pkcs11_uri(text)
    assert found == (expected or Pkcs11Uri(token="a:b[c]@d!e$f'g(h)*i+j,k=l&m/n", manufacturer="M"))
    assert parse_pkcs11_uri(str(found)) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "begins with `pkcs11:`"),
        ("PKCS11:token=t", "begins with `pkcs11:`"),
        ("pkcs11:", "which token is meant"),
        ("pkcs11:object=k", "which token is meant"),
        ("pkcs11:token=", "no value"),
        ("pkcs11:token", "expected only"),
        ("pkcs11:token=t;token=u", "`token` is given twice"),
        ("pkcs11:token=a b", "percent-encoded"),
        ("pkcs11:token=%zz", "percent-encoded"),
        ("pkcs11:token=t#x", "percent-encoded"),
        ("pkcs11:token=%FF", "not UTF-8"),
        ("pkcs11:token=%0A", "control character"),
        ("pkcs11:token=t;type=cert", "must be `private`"),
        ("pkcs11:token=t;slot-id=3", "numbers of slots change"),
        ("pkcs11:token=t;x-vendor=1", "expected only"),
        ("pkcs11:token=t?module-path=/lib/x.so", "p11-kit says which modules"),
        ("pkcs11:token=t?pin-source=|/bin/pin", "percent-encoded"),
        ("pkcs11:token=t?pin-source=%7C/bin/pin", "absolute path"),
        ("pkcs11:token=t?pin-source=file:pin", "absolute path"),
    ],
)
def test_what_we_do_not_use_is_refused_with_what_to_do(text: str, told: str) -> None:
    assert told in refusal(text)


@pytest.mark.parametrize(
    "text",
    ["pkcs11:token=t?pin-value=987654", "pkcs11:token=t;pin-value=987654", "pkcs11:token=t;pin=987654",
     "pkcs11:token=t?pin-source=987654", "pkcs11:token=987654#"],
)  # fmt: skip
def test_a_pin_in_the_uri_is_refused_and_never_repeated(text: str) -> None:
    assert "987654" not in refusal(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, f"pkcs11:{text}", f"pkcs11:token=t;{text}", f"pkcs11:token=t?{text}"):
        try:
            found = parse_pkcs11_uri(candidate)
        except BadPkcs11Uri:
            continue
        assert parse_pkcs11_uri(str(found)) == found


@given(st.builds(
    Pkcs11Uri,
    token=st.text(st.characters(categories=("L", "N", "P"), include_characters=" "), min_size=1),
    object=st.none() | st.just("clé 1"),
    id=st.none() | st.binary(min_size=1, max_size=40),
    pin_file=st.none() | st.just(Path("/etc/caducée/pin;?&#%")),
))  # fmt: skip
def test_what_is_written_is_read_again(uri: Pkcs11Uri) -> None:
    assert parse_pkcs11_uri(str(uri)) == uri
