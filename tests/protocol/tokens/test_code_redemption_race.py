"""One code, fifty redemptions at one instant over two processes: one success on each store, and then none."""

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.limits import within
from tests.provider import REDIRECT, RP, SECRETS, VERIFIER, Provider, basic
from tests.servers import RunningServer, free_port, redis_server

ROOT = Path(__file__).parents[3]
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
    """Run a real `idp serve` of one worker on the same database, keys and clients. Returns its port."""
    settings, port = provider.settings, free_port()
    named = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
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
    command = ["env", "-i", *(f"{name}={value}" for name, value in named.items())]
    command += [sys.executable, "-m", "idp.cli", "serve", "--port", str(port), "--workers", "1"]
    log = settings.where.clients_file.parent / f"serve-{port}.log"
    server = RunningServer(f"http://127.0.0.1:{port}", command, lambda: _is_ready(port), log)
    server.start()
    try:
        yield port
    finally:
        server.stop()


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
    start = threading.Barrier(PER_PROCESS * len(ports))
    answers: list[tuple[int, bytes]] = []

    def call(port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=within(30))
        connection.connect()
        start.wait(timeout=within(30))
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
