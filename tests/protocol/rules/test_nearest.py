"""Which registered address an unregistered one comes nearest to, and what is never told of it."""

import pytest

from idp.protocol.rules.nearest import how_it_differs

REGISTERED = (
    "https://app.example/callback",
    "https://app.example/cb?tenant=a",
    "http://127.0.0.1:9999/callback",
)


@pytest.mark.parametrize(
    ("given", "told", "nearest", "differs"),
    [
        ("https://app.example/callback/", "https://app.example/callback/", 0, "path"),
        ("http://app.example/callback", "http://app.example/callback", 0, "scheme"),
        ("https://app.example:8443/callback", "https://app.example:8443/callback", 0, "port"),
        ("https://other.example/callback", "https://other.example/callback", 0, "host"),
        ("https://app.example/callback?code=secret", "https://app.example/callback", 0, "query"),
        ("https://app.example/cb?tenant=b", "https://app.example/cb", 1, "query"),
        ("https://APP.example/callback", "https://APP.example/callback", 0, "spelling"),
        ("https://me:secret@app.example/callback", "https://app.example/callback", 0, "spelling"),
        ("javascript:alert(1)", "javascript:alert(1)", None, None),
        ("/callback", "/callback", None, "scheme host"),
        ("https://app.example/\r\nX: \u202e" + "y" * 500, None, None, None),
    ],
)
def test_the_nearest_address_is_told_with_what_differs(
    given: str, told: str | None, nearest: int | None, differs: str | None
) -> None:
    found = how_it_differs([given], REGISTERED)
    assert "secret" not in str(found)
    assert found["given"].isprintable()
    assert len(found["given"]) <= 200
    if told is not None:
        assert found["given"] == told
    if nearest is not None:
        assert found["nearest"] == REGISTERED[nearest]
    if differs is not None:
        assert found["differs"].startswith(differs)


def test_nothing_is_told_of_what_is_not_one_address() -> None:
    for given in ([], ["http://["], ["https://app.example:x/"], ["https://a.example/", "https://b.example/"]):
        assert how_it_differs(given, REGISTERED) == {}
    assert how_it_differs(["https://a.example/"], ()) == {"given": "https://a.example/"}


def test_one_of_thousands_of_long_addresses_is_found_in_no_time() -> None:
    many = tuple(f"https://app.example/{'x' * 2000}/{number}" for number in range(5000))
    assert how_it_differs([f"https://app.example/{'x' * 100_000}"], many)["nearest"] in many[:50]
