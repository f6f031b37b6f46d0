"""One assertion, fifty uses at one instant over two processes: one passes on each store; without the store, none."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client, TestResponse

from tests.limits import within
from tests.protocol.keyed import assertion, form, register_keyed
from tests.protocol.tokens.test_code_redemption_race import PER_PROCESS, served
from tests.provider import ISSUER, Provider
from tests.servers import redis_server


def use_at_once(ports: list[int], token: str) -> Counter[int]:
    """Every caller is connected before any of them sends."""
    body = urlencode(form(token, token="x"))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    start = threading.Barrier(PER_PROCESS * len(ports))
    statuses: list[int] = []

    def call(port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=within(30))
        connection.connect()
        start.wait(timeout=within(30))
        connection.request("POST", "/introspect", body, headers)
        statuses.append(connection.getresponse().status)
        connection.close()

    callers = [threading.Thread(target=call, args=(port,)) for port in ports for _ in range(PER_PROCESS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return Counter(statuses)


@pytest.mark.parametrize("ephemeral", ["sqlite", "redis"])
def test_of_fifty_uses_over_two_processes_one_passes(
    app_factory: Callable[..., Provider], ephemeral: str
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server()).url if ephemeral == "redis" else ""
        provider = app_factory(redis=redis)
        register_keyed(provider.settings.where.clients_file)
        # Fifty at once are no guesses here.
        limits = {"CADUCEE_CLIENT_GUESSES_MOST": "1000000"}
        ports = [stack.enter_context(served(provider, **limits)) for _ in range(2)]
        for alg in ("ES256", "PS256", "RS256"):
            assert use_at_once(ports, assertion("keyed", alg)) == {200: 1, 401: 2 * PER_PROCESS - 1}


def test_without_the_store_no_assertion_passes(app_factory: Callable[..., Provider]) -> None:
    with redis_server() as redis:
        provider = app_factory(redis=redis.url)
        register_keyed(provider.settings.where.clients_file)
        redis.stop()
        response = Client(provider.app, TestResponse).post(
            "/introspect", base_url=ISSUER, data=form(assertion("keyed"), token="x")
        )
        assert response.status_code == 503
        assert response.get_json()["error"] == "temporarily_unavailable"
        redis.start()
        response = Client(provider.app, TestResponse).post(
            "/introspect", base_url=ISSUER, data=form(assertion("keyed"), token="x")
        )
        assert response.status_code == 200
