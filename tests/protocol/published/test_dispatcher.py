"""What machines hear when an endpoint fails: JSON that names no cause, and a log that does; and readiness."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, ImATeapot, RequestEntityTooLarge
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import StoreUnavailable
from idp.protocol.published.dispatcher import PlainEndpoints, Route
from idp.signing.signer import SignerUnavailable
from tests.logged import logged_here
from tests.protocol.assembled import with_keys
from tests.provider import ISSUER, Provider
from tests.servers import redis_server

SECRET = "10000000017 violon tambour"


def failing(provider: Provider, error: Exception) -> TestResponse:
    """The answer of an endpoint that raises this."""

    def endpoint(request: Request) -> Response:
        raise error

    def no_page(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise AssertionError("the pages are not asked")

    plain = PlainEndpoints(
        routes={"/token": Route(("POST",), endpoint)}, where=provider.settings.where, body_bytes=1000
    )
    return Client(plain.in_front_of(no_page), TestResponse).post("/token", base_url=ISSUER)


@pytest.mark.parametrize(
    "error", [StoreUnavailable(SECRET), SignerUnavailable(SECRET)], ids=["store", "signer"]
)
def test_an_endpoint_whose_store_or_key_is_silent_asks_to_try_again(
    provider: Provider, error: Exception
) -> None:
    with logged_here() as logs:
        answer = failing(provider, error)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert answer.get_json()["error"] == "temporarily_unavailable"
    assert SECRET not in answer.text
    # A store that is down is told once a minute (`adapters/outage_log`).
    signer = [("endpoint_unavailable", "/token", "SignerUnavailable")]
    told = [(one["event"], one["path"], one["exception_type"]) for one in logs]
    assert told == (signer if isinstance(error, SignerUnavailable) else [])


def test_an_endpoint_that_fails_answers_json_without_the_cause_and_the_log_has_it(provider: Provider) -> None:
    with logged_here() as logs:
        answer = failing(provider, KeyError(SECRET))
    assert (answer.status_code, answer.mimetype) == (500, "application/json")
    assert answer.get_json() == {"error": "server_error"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert [(one["event"], one["path"], one["exc_info"]) for one in logs] == [
        ("endpoint_failed", "/token", True)
    ]


@pytest.mark.parametrize(
    ("error", "status"), [(RequestEntityTooLarge(), 413), (ImATeapot(), 418), (HTTPException(), 400)]
)
def test_what_werkzeug_refuses_is_the_callers_fault(
    provider: Provider, error: Exception, status: int
) -> None:
    answer = failing(provider, error)
    assert (answer.status_code, json.loads(answer.text)) == (status, {"error": "invalid_request"})


def readiness(provider: Provider) -> tuple[int, dict[str, str]]:
    answer = provider.browser().get("/health/ready")
    return answer.status_code, answer.get_json()


def test_a_house_without_its_store_is_not_ready_until_it_is_back(
    app_factory: Callable[..., Provider],
) -> None:
    with redis_server() as server:
        house = app_factory(redis=server.url)
        assert readiness(house) == (200, {"status": "ready"})
        server.stop()
        assert readiness(house) == (503, {"status": "unavailable"})
        server.start()
        assert readiness(house) == (200, {"status": "ready"})


def test_why_a_house_is_not_quite_ready_is_logged_once_for_each_change(fresh: Provider) -> None:
    file = fresh.settings.where.clients_file
    good = file.read_text()
    with logged_here() as logged:
        for text in (good, "clients: [", "clients: [", "nobody: []", good):
            file.write_text(text)
            assert readiness(fresh) == (200, {"status": "ready"})
    # Nobody does the work of `idp worker` here, which is told all the while.
    told = [
        [reason for reason in one["reasons"] if "idp worker" not in reason]
        for one in logged
        if one["event"] == "readiness_changed"
    ]
    yaml = "expected YAML: expected the node content, but found '<stream end>'"
    assert told == [
        [],
        [f"degraded: relying parties: {file}:1:11: {yaml}"],
        [f"degraded: relying parties: {file}:1:1: expected `clients:` and nothing else at the top"],
        [],
    ]


def test_a_house_whose_keys_are_silent_is_not_ready_and_publishes_them_still(fresh: Provider) -> None:
    house, keys = with_keys(fresh)
    keys.is_silent = True
    assert readiness(house) == (503, {"status": "unavailable"})
    assert len(house.browser().get("/jwks").get_json()["keys"]) == 2
    assert house.exchange("x").get_json()["error"] == "temporarily_unavailable"
    keys.is_silent = False
    assert readiness(house) == (200, {"status": "ready"})
