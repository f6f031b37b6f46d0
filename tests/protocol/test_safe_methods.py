"""RFC 9110 §9.2.1: HEAD changes nothing. What a GET would use up is there afterwards."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.provider import ISSUER, Browser, Provider


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    return app_factory(**every_door)


@pytest.mark.parametrize(
    "path",
    ["/", "/authorize", "/psc/callback?state=s&code=c", "/cps/stale", "/end_session/psc?state=s"]
    + [f"/interaction/{'A' * 43}{stop}" for stop in ("", "/choice", "/cps?presentation=p", "/email_otp")],
)
def test_no_page_answers_head(house: Provider, path: str) -> None:
    """An address may carry a code, a presented card or the end of a session."""
    answer = house.browser().client.head(path, base_url=ISSUER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (405, "no-store")
    assert "HEAD" not in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/introspect", "/userinfo"])
def test_no_endpoint_that_uses_something_up_answers_head(browser: Browser, path: str) -> None:
    assert browser.client.head(path, base_url=ISSUER).status_code == 405


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration", "/health/live"])
def test_what_anybody_may_read_answers_head_as_get_without_the_body(provider: Provider, path: str) -> None:
    browser = provider.browser()
    there, head = browser.get(path), browser.client.head(path, base_url=ISSUER)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == there.headers["Content-Length"]
