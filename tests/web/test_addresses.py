"""How an address of ours is written."""

from urllib.parse import urlencode

import pytest

from idp.web.addresses import path_of_ours, with_query

VALUES = [
    "",
    "Ab-_.~9",
    "https://idp.example:8443/a?b=c#d",
    "a b+c%20&d=e",
    "é€😀",
    "".join(map(chr, range(256))),
    "a\r\nSet-Cookie: b=c",
]


@pytest.mark.parametrize("value", VALUES)
def test_parameters_are_written_as_the_library_writes_them(value: str) -> None:
    """RFC 6749 §4.1.2: application/x-www-form-urlencoded."""
    asked = {"code": "x", "state": value, value: "y"}
    assert with_query("https://rp.example/back", asked) == f"https://rp.example/back?{urlencode(asked)}"


def test_the_query_of_a_registered_address_stays() -> None:
    """RFC 6749 §3.1.2."""
    assert with_query("https://rp.example/back?a=b", {"code": "x"}) == "https://rp.example/back?a=b&code=x"
    assert with_query("https://rp.example/back", {}) == "https://rp.example/back"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/interaction/Ab-_9/choice", "/interaction/Ab-_9/choice"),
        ("/", "/"),
        ("//elsewhere.example/x", "/elsewhere.example/x"),
        ("/\\elsewhere.example", "/elsewhere.example"),
        ("/\\/elsewhere.example", "/elsewhere.example"),
        ("/é b", "/%C3%A9%20b"),
        ("/a\n", "/a%0A"),
        ("/a?b", "/a%3Fb"),
    ],
)
def test_a_path_of_ours_leads_to_no_other_host(path: str, written: str) -> None:
    assert path_of_ours(path) == written
