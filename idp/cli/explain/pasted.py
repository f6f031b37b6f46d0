"""Contains what an operator may paste after `idp explain`, read: an address, a curl line, JSON, a reference.

Nothing of it is ever repeated: it may hold secrets. Not here: what is said of it (`command`).
"""

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from werkzeug.datastructures import MultiDict

from idp.core.texts import is_encodable, read_json
from idp.web.parameters import parameters_of

_LONGEST = 64 * 1024
_ADDRESS = re.compile(r"(?i)https?://\S+$")
_REFERENCE = re.compile(r"[0-9a-fA-F]{8}")
_JWT = re.compile(r"(Bearer +)?[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*){2,4}")
_OPAQUE = re.compile(r"(Bearer +)?[A-Za-z0-9_~-]{40,}")
_OF_CURL = {
    **dict.fromkeys(
        ("-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--data-urlencode"), "data"
    ),
    **dict.fromkeys(("-H", "--header"), "header"),
    **dict.fromkeys(("-u", "--user"), "user"),
    **dict.fromkeys(("-X", "--request", "-o", "--output", "-A", "--user-agent", "--cacert"), "ignored"),
    "--url": "url",
}


class NotUnderstood(Exception):
    """In words for the operator, who learns what could be pasted instead."""


@dataclass(frozen=True, slots=True)
class Reference:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A request. `url`: "" where none was given. `headers`: names in small letters."""

    url: str
    values: "MultiDict[str, str]"
    headers: Mapping[str, str] = field(default_factory=dict)


def read_pasted(text: str) -> Reference | Pasted:
    """Raises NotUnderstood."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not is_encodable(text):
        raise NotUnderstood("expected an address, a curl line, JSON or a reference, of 64 KiB at most")
    if _REFERENCE.fullmatch(text):
        return Reference(text.lower())
    if text.startswith("{"):
        return _of_json(text)
    if re.match(r"curl\s", text):
        return _of_curl(text)
    if _ADDRESS.match(text):
        return Pasted(url=text, values=parameters_of(split(text).query))
    if _JWT.fullmatch(text) or _OPAQUE.fullmatch(text):
        raise NotUnderstood(
            "this looks like a token, a code or a secret: nothing is said of those here, and who saw it may use it. "
            "Paste the request that it was sent with, without it"
        )
    raise NotUnderstood(
        "expected an address of /authorize, a token request (a curl line, or JSON of its parameters) or a reference"
    )


def split(url: str) -> SplitResult:
    """Raises NotUnderstood."""
    try:
        found = urlsplit(url)
        _ = found.port
    except ValueError:
        raise NotUnderstood("expected an address that can be read") from None
    return found


def _of_json(text: str) -> Pasted:
    """Of the parameters alone, or of them under `form`, beside `url` and `headers`."""
    try:
        found = read_json(text)
    except (ValueError, RecursionError):
        raise NotUnderstood("expected JSON: an object of parameters, or of url, headers and form") from None
    form = found.get("form", found)
    headers = found.get("headers", {}) if form is not found else {}
    url = found.get("url", "") if form is not found else ""
    if not isinstance(form, dict) or not isinstance(headers, dict) or not isinstance(url, str):
        raise NotUnderstood("expected JSON: `form` and `headers` are objects, `url` is a text")
    values = MultiDict([(str(name), _text(value)) for name, value in form.items()])
    told = {str(name).lower(): _text(value) for name, value in headers.items()}
    return Pasted(url=url, values=values, headers=told)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _of_curl(text: str) -> Pasted:
    try:
        words = shlex.split(text.replace("\\\r\n", " ").replace("\\\n", " "))[1:]
    except ValueError:
        raise NotUnderstood("expected a curl line whose quotes are closed") from None
    found: dict[str, list[str]] = {"data": [], "header": [], "user": [], "url": [], "ignored": []}
    for kind, word in _options(iter(words)):
        found[kind].append(word)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in found["header"])
    }
    if found["user"]:
        # The password is never looked at.
        headers["authorization"] = _basic(found["user"][-1])
    url = found["url"][-1] if found["url"] else ""
    query, form = parameters_of(split(url).query), parameters_of("&".join(found["data"]))
    return Pasted(
        url=url, values=MultiDict([*query.items(multi=True), *form.items(multi=True)]), headers=headers
    )


def _options(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if word in _OF_CURL:
            yield _OF_CURL[word], next(words, "")
        elif equals and name.startswith("--") and name in _OF_CURL:
            yield _OF_CURL[name], value
        elif word[:2] in _OF_CURL and not word.startswith("--"):
            yield _OF_CURL[word[:2]], word[2:]
        elif _ADDRESS.match(word):
            yield "url", word


def _basic(user: str) -> str:
    return f"Basic {base64.b64encode(user.encode()).decode()}"
