"""One code, fifty redemptions at one instant over two processes: one success on each store, and then none."""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import pytest

from tests.commands import start
from tests.limits import eventually, within
from tests.provider import REDIRECT, RP, SECRETS, VERIFIER, Provider, basic
from tests.servers import free_port, redis_server

PER_PROCESS = 25


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=within(5))
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def served(provider: Provider, **more: str) -> Iterator[int]:
    """Run an `idp serve` of one worker on the same database, keys and clients. Returns its port."""
    settings, port = provider.settings, free_port()
    named = {
        "PATH": os.environ["PATH"],
        "CADUCEE_ISSUER": settings.where.issuer,
        "CADUCEE_CARD_HOST": settings.card_host.origin,
        "CADUCEE_DATABASE": settings.where.database,
        "CADUCEE_REDIS": settings.where.redis,
        "CADUCEE_CLIENTS_FILE": str(settings.where.clients_file),
        "CADUCEE_KEYS_DIRECTORY": str(settings.keys.directory),
        "CADUCEE_APPLICATION_KEY": settings.keys.application,
        "CADUCEE_PASSWORD_PEPPER": settings.password.pepper,
        **more,
    }
    server = start("serve", "--port", str(port), "--workers", "1", environment=named)
    try:
        assert eventually(lambda: server.poll() is not None or _is_ready(port), 20)
        assert server.poll() is None, server.stderr
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(within(10))


def redeem_at_once(ports: list[int], code: str) -> list[tuple[int, bytes]]:
    """Every caller is connected before any of them sends."""
    body = urlencode(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
    )
    headers = {**basic(RP, SECRETS[RP]), "Content-Type": "application/x-www-form-urlencoded"}
    together = threading.Barrier(PER_PROCESS * len(ports))
    answers: list[tuple[int, bytes]] = []

    def call(port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=within(30))
        connection.connect()
        together.wait(timeout=within(30))
        connection.request("POST", "/token", body, headers)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
        connection.close()

    callers = [threading.Thread(target=call, args=(port,)) for port in ports for _ in range(PER_PROCESS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return answers


@pytest.mark.parametrize("ephemeral", ["sqlite", "redis"])
def test_of_fifty_redemptions_over_two_processes_one_succeeds_and_its_tokens_are_revoked(
    app_factory: Callable[..., Provider], ephemeral: str
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server()).url if ephemeral == "redis" else ""
        provider = app_factory(redis=redis)
        ports = [stack.enter_context(served(provider)) for _ in range(2)]
        browser = provider.browser()
        for prompt in (None, "none", "none"):
            answers = redeem_at_once(ports, browser.sign_in(prompt=prompt))
            statuses = Counter(status for status, _body in answers)
            assert statuses == {200: 1, 400: 2 * PER_PROCESS - 1}, answers
            assert all(b'"invalid_grant"' in body for status, body in answers if status == 400)
            (won,) = [body for status, body in answers if status == 200]
            token = str(json.loads(won)["access_token"])
            # RFC 9700 §4.5: the second use revoked what the first one gave.
            assert provider.userinfo(token).status_code == 401
