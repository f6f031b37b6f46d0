"""`LogoutPost` over bounded HTTP (Back-Channel Logout 1.0 §2.5).

Contains what of an answer is kept: the status, and a few of its words. Not here: what a status means.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlencode

from idp.accounts.logouts import LogoutAnswer
from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer

_LONGEST = 200
#: Read of a body: enough for a page whose message comes after its head.
_READ = 20_000
_UNSEEN = re.compile(r"(?is)<(script|style|head)\b.*?</\1>|<!--.*?-->|<[^>]*>")
#: What could be a token or a `sid`, an address, an RPPS or a number of a person: not for the audit trail.
_PRIVATE = re.compile(r"[\w.~+/=%-]{30,}|[^\s@]+@[^\s@]+|[0-9]{6,}")


@dataclass(frozen=True, slots=True)
class HttpLogoutPost:
    http: BoundedHttp

    def post(self, url: str, logout_token: str) -> LogoutAnswer:
        try:
            answer = self.http.post_form(url, urlencode({"logout_token": logout_token}), {})
        except NoUsableAnswer as error:
            return LogoutAnswer(str(error))
        return LogoutAnswer(answer.status, _words_of(answer))


def _words_of(answer: HttpAnswer) -> str:
    """Returns what it says, as written in JSON (§2.8), or else in its text."""
    text = _told_in_json(answer) or _UNSEEN.sub(" ", answer.body[:_READ].decode("utf-8", "replace"))
    # Line ends, bidi marks, NUL: a trail is read by people, and no column holds every character.
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join(_PRIVATE.sub("…", plain).split())[:_LONGEST]


def _told_in_json(answer: HttpAnswer) -> str:
    try:
        value = answer.json()
    except NoUsableAnswer:
        return ""
    if not isinstance(value, dict):
        return ""
    told = (value.get(name) for name in ("error", "error_description"))
    return ": ".join(one for one in told if isinstance(one, str))
