"""HTTP towards machines that we do not run: bounded in time and size, nothing kept between calls.

Contains the limits of one exchange (connect, total, bytes), and reading a JSON answer. Not here: OpenID, cookies,
redirects, proxies from the environment, retries.

`requests.HTTPAdapter` is called without `requests.Session`: `Session.send` reads the whole body of a
redirect, without limit, even under `allow_redirects=False`, keeps cookies, and reads the environment.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from typing import Protocol

import requests
import urllib3

from idp.adapters.http.deadline import DeadlineAdapter, ExchangeDeadline, at_most
from idp.core.texts import read_json

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
BODY_BYTES = 1024 * 1024

_READ_BYTES = 64 * 1024
#: An error of TLS is wrapped three times.
_MOST_CAUSES = 8
#: OpenSSL, x509_vfy.h: no issuer, self-signed at depth zero or in the chain, no local issuer, no signature of the leaf.
_NO_AUTHORITY = frozenset({2, 18, 19, 20, 21})


class NoUsableAnswer(Exception):
    """There was no answer within the limits, or it is not JSON. The message holds nothing that was sent.

    `status`: of an answer that has another one than expected.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class UnknownAuthority(NoUsableAnswer):
    """The TLS certificate of the server leads to no authority that we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One answer within bounds, complete unless it is a refusal. `media_type`: lower case, without parameters."""

    status: int
    media_type: str
    body: bytes
    #: Where a redirect leads; it is not followed.
    location: str = ""
    set_cookies: tuple[str, ...] = ()

    @property
    def is_page(self) -> bool:
        """Whether it is for a person's eyes: most often a proxy's. Some servers call nothing at all HTML."""
        return self.media_type == "text/html" and bool(self.body)

    def json(self) -> object:
        """Returns the JSON value of the body; of duplicate members, the last. Raises NoUsableAnswer."""
        # RFC 6839 §3.1: the +json suffix. Anything else is most often a proxy's HTML page.
        if self.media_type != "application/json" and not self.media_type.endswith("+json"):
            raise NoUsableAnswer("not a JSON answer")
        return parse_json(self.body)


class BoundedHttp(Protocol):
    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Returns the answer, whatever its status: a redirect is only a status. Raises NoUsableAnswer."""

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        """POST a form that is already url-encoded. Returns and raises as `get`."""


class ProbingHttp(BoundedHttp, Protocol):
    def options(self, url: str) -> HttpAnswer:
        """Ask what may be done there, which does nothing (RFC 9110 §9.3.7). Returns and raises as `get`."""


def parse_json(text: bytes) -> object:
    """Returns any JSON value but NaN and infinities. Raises NoUsableAnswer, also for excessive nesting and numbers."""
    try:
        value: object = read_json(text.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # `from None`: JSONDecodeError carries the whole document, tokens included.
        raise NoUsableAnswer("unreadable JSON") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError("RFC 8259 §6: no such number")


class SafeHttp:
    """TLS is verified, no redirect followed, nothing kept: every call has its own connection."""

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        body_bytes: int = BODY_BYTES,
        certificate: tuple[str, str] | None = None,
        ca_file: str = "",
    ) -> None:
        """`certificate`: PEM files of a client certificate and its key, presented on every call."""
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._body_bytes = body_bytes
        self._certificate = certificate
        self._verify: bool | str = ca_file or True

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        return self._exchange(requests.Request("GET", url, headers=dict(headers)))

    def options(self, url: str) -> HttpAnswer:
        return self._exchange(requests.Request("OPTIONS", url))

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self._exchange(requests.Request("POST", url, data=form.encode("ascii"), headers=sent))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """POST any other body. `headers` name its media type and what is accepted."""
        return self._exchange(requests.Request("POST", url, data=body, headers=dict(headers)))

    def download(self, url: str, headers: Mapping[str, str], sink: Callable[[bytes], object]) -> HttpAnswer:
        """Write the body to `sink` piece by piece. Returns the answer without body. Raises NoUsableAnswer."""
        return self._exchange(requests.Request("GET", url, headers=dict(headers)), sink)

    def _exchange(
        self, request: requests.Request, sink: Callable[[bytes], object] | None = None
    ) -> HttpAnswer:
        kept = bytearray()
        # Accept-Encoding identity: a compressed body could exceed its bound after it is unpacked.
        request.headers = {
            "Accept": "application/json",
            **request.headers,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "caducee",
        }
        try:
            total = at_most(self._total_seconds)
            limits = (min(self._connect_seconds, total), total)
            with (
                closing(self._adapter_for(request, ExchangeDeadline(total))) as adapter,
                adapter.send(
                    request.prepare(),
                    stream=True,
                    timeout=limits,
                    verify=self._verify,
                    cert=self._certificate,
                ) as answer,
            ):
                media_type = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
                self._read(answer, sink or kept.extend)
                location, raw = answer.headers.get("Location", ""), answer.raw
                return HttpAnswer(
                    status=answer.status_code,
                    media_type=media_type,
                    body=bytes(kept),
                    location=location,
                    set_cookies=tuple(raw.headers.getlist("Set-Cookie")),
                )
        except (OSError, ValueError, urllib3.exceptions.HTTPError, HTTPException) as error:
            raise _told(error) from error

    def _adapter_for(self, request: requests.Request, deadline: ExchangeDeadline) -> DeadlineAdapter:
        """Returns the adapter for this request. `adapters/http/outbound` overrides it with a stricter one."""
        return DeadlineAdapter(deadline)

    def _read(self, answer: requests.Response, sink: Callable[[bytes], object]) -> None:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise NoUsableAnswer("compressed although not asked for")
        size = 0
        while piece := answer.raw.read(_READ_BYTES, decode_content=False):
            size += len(piece)
            if size > self._body_bytes:
                # What is refused is said by the status: a long text below it, cut off here, hides nothing of that.
                if answer.status_code >= 400:
                    return
                raise NoUsableAnswer("too large")
            sink(piece)


def _told(error: BaseException) -> NoUsableAnswer:
    """Returns the kind of this failure; of TLS, also what is wrong with the certificate, or which alert came."""
    name = type(error).__name__
    cause = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        kind = UnknownAuthority if cause.verify_code in _NO_AUTHORITY else NoUsableAnswer
        return kind(f"{name}: {cause.verify_message}")
    return NoUsableAnswer(f"{name}: {cause.reason}" if cause and cause.reason else name)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Returns the error, and those that it wraps: `requests` and `urllib3` keep them in different places."""
    found: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if found is None:
            return
        yield found
        inner = getattr(found, "reason", None) or next(iter(found.args), None)
        found = inner if isinstance(inner, BaseException) else found.__cause__ or found.__context__
