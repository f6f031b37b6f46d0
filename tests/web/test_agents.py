"""The names of browsers and systems, of what they send; which of them are phones."""

import pytest
from werkzeug.datastructures import Headers

from idp.web.agents import browser_and_system, is_phone

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = f"{_MOZILLA} (Windows NT 10.0; Win64; x64)"
_IPHONE = f"{_MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = f"{_MOZILLA} (Linux; Android 14; Pixel 8) {_WEBKIT}"
_MAC = f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (f"{_WINDOWS[:-1]}; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox Windows"),
        (f"{_MOZILLA} (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox Linux"),
        (f"{_WINDOWS} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome Windows"),
        (f"{_WINDOWS} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge Windows"),
        (f"{_MOZILLA} (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/126.0 Safari/537.36", "Chrome ChromeOS"),
        (f"{_MAC} Version/17.5 Safari/605.1.15", "Safari macOS"),
        (f"{_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari iPhone"),
        (f"{_IPHONE} CriOS/126.0 Mobile/15E148 Safari/604.1", "Chrome iPhone"),
        (f"{_IPHONE} FxiOS/128.0 Mobile/15E148 Safari/605.1.15", "Firefox iPhone"),
        (f"{_IPHONE} EdgiOS/126.0 Version/16.0 Mobile/15E148 Safari/604.1", "Edge iPhone"),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome Android"),
        (f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36", "Samsung Internet Android"),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0", "Edge Android"),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36 OPR/83.0", "Opera Android"),
        (f"{_WINDOWS[:-1]}; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer Windows"),
    ],
)
def test_a_browser_is_called_by_its_usual_name(sent: str, names: str) -> None:
    assert " ".join(browser_and_system(sent)) == names


@pytest.mark.parametrize(
    "sent", ["", "curl/8.5.0", "Firefoxy", "é" * 4000, "<script>", "x" * 2000 + " Firefox/1"]
)
def test_what_is_not_known_is_not_guessed(sent: str) -> None:
    assert browser_and_system(sent) == ("", "")


@pytest.mark.parametrize(
    ("named", "hint", "expected"),
    [
        (f"{_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", None, True),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", None, True),
        (f"{_MOZILLA} (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", None, True),
        (f"{_WINDOWS} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", None, False),
        (f"{_MAC} Version/17.5 Safari/605.1.15", None, False),
        # The hint goes first: « desktop site » was asked for, or a name says nothing.
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "?0", False),
        (f"{_WINDOWS} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "?1", True),
        (f"{_WINDOWS} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "yes", False),
        ("", None, False),
        ("x" * 2000 + " Mobile", None, False),
    ],
)
def test_a_phone_is_known_by_its_hint_or_its_name(named: str, hint: str | None, expected: bool) -> None:
    sent = Headers({"User-Agent": named})
    if hint is not None:
        sent["Sec-CH-UA-Mobile"] = hint
    assert is_phone(sent) is expected


def test_a_browser_that_says_nothing_is_no_phone() -> None:
    assert not is_phone(Headers())
