"""Contains what a browser says of itself: its usual name, its system, whether it is a phone.

Not here: what is made of it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from werkzeug.datastructures import Headers

#: A header is longer only when somebody plays with it.
_LONGEST = 1000

_Names = Sequence[tuple[re.Pattern[str], str]]


def _table(*rows: tuple[str, str]) -> _Names:
    return tuple((re.compile(pattern), name) for pattern, name in rows)


#: The first that fits: nearly all of them call themselves Chrome or Safari too, and Mozilla all of them.
_BROWSERS = _table(
    (r"\bEdgA?(iOS)?/", "Edge"),
    (r"\b(OPR|Opera|OPiOS)/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\b(Firefox|FxiOS)/", "Firefox"),
    (r"\b(HeadlessChrome|Chrome|Chromium|CriOS)/", "Chrome"),
    (r"\bVersion/[0-9.]+ (Mobile/\w+ )?Safari/", "Safari"),
    (r"\bTrident/|\bMSIE ", "Internet Explorer"),
)
_SYSTEMS = _table(
    (r"\bAndroid\b", "Android"),
    (r"\biPad\b", "iPad"),
    (r"\biPhone\b|\biPod\b", "iPhone"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bWindows\b", "Windows"),
    (r"\bMacintosh\b|\bMac OS X\b", "macOS"),
    (r"\bLinux\b|\bX11\b", "Linux"),
)


@lru_cache(maxsize=1024)
def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Returns both names, "" for what is not known. A browser says what it likes: words for its owner, no proof."""
    told = user_agent[:_LONGEST]
    return _first(_BROWSERS, told), _first(_SYSTEMS, told)


def is_phone(sent: Headers) -> bool:
    """Whether it says that it prefers pages for phones (User-Agent Client Hints §3.3), or is named like one of them."""
    told = sent.get("Sec-CH-UA-Mobile", "")
    return told == "?1" if told in ("?0", "?1") else "Mobi" in sent.get("User-Agent", "")[:_LONGEST]


def is_android(sent: Headers) -> bool:
    return browser_and_system(sent.get("User-Agent", ""))[1] == "Android"


def _first(names: _Names, told: str) -> str:
    return next((name for pattern, name in names if pattern.search(told)), "")
