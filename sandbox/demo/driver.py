"""A browser without JavaScript that a script drives by what a person sees: words, fields, buttons.

Contains requests, cookies, redirects, the card. It knows only OpenID Connect and HTML forms.
Not here: what a page of the provider means (see `accounts`).

    browser = Browser(card=Card("…/martin.crt", "…/martin.key"), ca_bundle="…/ca.pem")
    browser.get("http://localhost:8406/")
    browser.click("Se connecter")
    browser.submit("Se connecter", username="99700000021", current_password="…")
    browser.submit("Valider", one_time_code="12345678")
    print(browser.page.url, browser.page.title)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import requests
from requests.cookies import RequestsCookieJar

from sandbox.demo.forms import Document, Field, NotOnThePage, read_document
from sandbox.demo.html_tree import plain

_TIMEOUT_SECONDS = 30
_LONGEST_CHAIN = 20  # browsers give up there too
_KEPT_METHODS = frozenset({307, 308})  # RFC 9110 §15.4: every other redirect becomes a GET
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "fr"}


class TooManyRedirects(Exception):
    """The pages redirect the browser in circles. The message lists the last addresses."""


@dataclass(frozen=True, slots=True)
class Card:
    """The certificate and key of a card, as PEM files."""

    certificate: str | Path
    key: str | Path

    @property
    def files(self) -> tuple[str, str]:
        return str(self.certificate), str(self.key)


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows. `status` 0: a redirect that the browser was told not to follow (`stop_at`)."""

    url: str
    status: int
    html: str
    headers: Mapping[str, str]
    document: Document
    hops: tuple[str, ...]
    """Every address gone through, this one last."""

    @property
    def title(self) -> str:
        return self.document.title

    @property
    def text(self) -> str:
        """The visible words, spaces and apostrophes made plain."""
        return self.document.text

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def says(self, words: str) -> bool:
        return plain(words) in self.text

    def field(self, wanted: str) -> Field | None:
        """Returns a field by name or autocomplete token (`one_time_code`), None when the page has none."""
        return self.document.field(wanted)


_BLANK = Page("about:blank", 0, "", {}, read_document(""), ())


@dataclass
class Browser:
    """One window with one cookie jar. `card` may be inserted, changed or removed at any time.

    A redirect to an address that begins with one of `stop_at` is not followed: the page then has that `url` and
    status 0. With it a script can be the relying party itself.
    """

    card: Card | None = None
    ca_bundle: str | Path | None = None
    stop_at: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    page: Page = _BLANK

    def __post_init__(self) -> None:
        self._http = requests.Session()
        self._http.trust_env = False  # neither proxy nor .netrc of the machine
        self._http.headers.update(_ACCEPT)
        self._http.headers.update(self.headers)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def cookies(self) -> RequestsCookieJar:
        """Shared by every port of a host, as in any browser (RFC 6265 §8.5)."""
        return self._http.cookies

    def get(self, url: str) -> Page:
        """Type an address, absolute or relative to the page."""
        return self._go("GET", urljoin(self.page.url, url), None)

    def click(self, words: str) -> Page:
        """Follow the link with these words or, when no link has them, press the button that has them."""
        address = self.page.document.link(words)
        return self.submit(words) if address is None else self.get(address)

    def submit(self, button: str = "Valider", **typed: str | bool) -> Page:
        """Fill the form that has this button and these fields, by name or autocomplete token, and press it.

        `True` ticks a box, `False` clears it; other fields keep the value shown. Raises NotOnThePage.
        """
        form = self.page.document.form(button, typed)
        pressed = form.button(button)
        assert pressed is not None
        sent = form.filled(pressed, typed)
        target = urljoin(self.page.url, form.action)
        if form.method == "get":
            return self._go(
                "GET", requests.Request("GET", target.split("?")[0], params=sent).prepare().url or "", None
            )
        return self._go("POST", target, sent)

    def post(self, url: str, sent: Mapping[str, str] | Sequence[tuple[str, str]]) -> Page:
        """Send a form that no page shows, for tests of what must be refused."""
        return self._go(
            "POST",
            urljoin(self.page.url, url),
            list(dict(sent).items() if isinstance(sent, Mapping) else sent),
        )

    def reload(self) -> Page:
        return self._go("GET", self.page.url, None)

    def _go(self, method: str, url: str, sent: list[tuple[str, str]] | None) -> Page:
        hops: list[str] = []
        for _ in range(_LONGEST_CHAIN):
            url = urldefrag(url).url
            hops.append(url)
            if hops[1:] and url.startswith(tuple(self.stop_at)):
                return self._show(url, 0, "", {}, hops)
            answer = self._ask(method, url, sent)
            if answer.status_code in _REDIRECTS and "Location" in answer.headers:
                url = urljoin(url, answer.headers["Location"])
                if answer.status_code not in _KEPT_METHODS:
                    method, sent = "GET", None
                continue
            page = self._show(url, answer.status_code, _text(answer), answer.headers, hops)
            self._load_frames(page)
            if page.document.refresh is None:
                return page
            url, method, sent = urljoin(url, page.document.refresh), "GET", None
        raise TooManyRedirects(" -> ".join(urlsplit(hop)._replace(query="").geturl() for hop in hops[-4:]))

    def _load_frames(self, page: Page) -> None:
        """Load each frame before the page goes on. A frame without answer stays empty."""
        for source in page.document.frames:
            url = urljoin(page.url, source)
            for _ in range(_LONGEST_CHAIN):
                try:
                    answer = self._ask("GET", url, None)
                except requests.RequestException:
                    break
                if answer.status_code not in _REDIRECTS or "Location" not in answer.headers:
                    break
                url = urljoin(url, answer.headers["Location"])

    def _ask(self, method: str, url: str, sent: list[tuple[str, str]] | None) -> requests.Response:
        is_tls = url.startswith("https:")
        return self._http.request(
            method,
            url,
            data=sent,
            headers=self._origin_header() if method == "POST" else None,
            allow_redirects=False,
            timeout=_TIMEOUT_SECONDS,
            verify=str(self.ca_bundle) if self.ca_bundle else True,
            cert=self.card.files if self.card and is_tls else None,
        )

    def _origin_header(self) -> dict[str, str]:
        """Returns the Origin of Fetch §3.1: `null` from a page that sends no referrer, else the page's own origin."""
        policy = self.page.headers.get("Referrer-Policy", "")
        is_known = self.page.url.startswith("http") and policy != "no-referrer"
        return {"Origin": self.page.origin if is_known else "null"}

    def _show(self, url: str, status: int, html: str, headers: Mapping[str, str], hops: list[str]) -> Page:
        self.page = Page(url, status, html, headers, read_document(html), tuple(hops))
        return self.page


def _text(answer: requests.Response) -> str:
    # Without a charset parameter requests would guess Latin-1 for text/html.
    answer.encoding = "utf-8"
    return answer.text


__all__ = ["Browser", "Card", "NotOnThePage", "Page", "TooManyRedirects"]
