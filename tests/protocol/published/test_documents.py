"""Discovery and key set are sent from memory, and a caller that knows them is told that they are the same."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from werkzeug.test import Client, TestResponse

from idp.core.ephemeral import StoreUnavailable
from idp.protocol.published.dispatcher import PlainEndpoints
from idp.protocol.published.documents import Document, KeySetDocument, document_of
from idp.web.headers import SECURITY_HEADERS
from tests.provider import ISSUER, Browser, Provider

PATHS = ("/.well-known/openid-configuration", "/jwks")


@pytest.mark.parametrize("path", PATHS)
def test_it_is_public_and_has_the_headers_of_every_answer(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
    assert answer.content_length == len(answer.data)
    assert browser.client.head(path, base_url=ISSUER).data == b""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}', "*"])
def test_one_that_knows_it_hears_that_it_is_the_same(browser: Browser, path: str, written: str) -> None:
    known = browser.get(path)
    again = browser.get(path, headers={"If-None-Match": written.format(known.headers["ETag"])})
    assert (again.status_code, again.data) == (304, b"")
    # RFC 9110 §15.4.5.
    kept = dict(known.headers)
    del kept["Content-Type"], kept["Content-Length"]
    assert dict(again.headers) == kept


@pytest.mark.parametrize("path", PATHS)
def test_one_that_knows_another_gets_it(browser: Browser, path: str) -> None:
    assert browser.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_it_is_only_read(browser: Browser, path: str) -> None:
    answer = browser.post(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@dataclass
class Turning:
    """`Keys` that turn."""

    names: list[str] = field(default_factory=lambda: ["a"])

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [{"kid": name} for name in self.names]}


def test_it_is_written_anew_when_the_keys_are_others_and_only_then(provider: Provider) -> None:
    keys = Turning()
    document = KeySetDocument(keys, provider.settings.where)  # type: ignore[arg-type]
    first = document()
    assert document() is first
    keys.names.append("b")
    second = document()
    assert (second.body, second.etag != first.etag) == (b'{"keys": [{"kid": "a"}, {"kid": "b"}]}', True)


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable("down"), 503), (KeyError("x"), 500)])
def test_one_that_cannot_be_found_is_told_as_json(provider: Provider, error: Exception, status: int) -> None:
    def find() -> Document:
        raise error

    plain = PlainEndpoints(routes={}, documents={"/jwks": find}, where=provider.settings.where, body_bytes=10)
    answer = Client(plain.in_front_of(no_page), TestResponse).get("/jwks", base_url=ISSUER)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")


no_page: Callable[..., list[bytes]] = lambda environ, start_response: []  # noqa: E731


def test_the_same_value_has_the_same_tag(provider: Provider) -> None:
    where = provider.settings.where
    assert (
        document_of({"a": 1}, where).etag == document_of({"a": 1}, where).etag != document_of({}, where).etag
    )
