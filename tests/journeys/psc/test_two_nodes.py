"""Two `idp serve` on one database: their pages agree within two seconds on whether Pro Santé Connect is out."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.adapters.granian.test_server import answers
from tests.adapters.psc.hostile_psc import CLIENT_ID, CLIENT_SECRET, HostilePsc, Lie, say_status
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import ROOT, ForkedServer, set_environment
from tests.limits import eventually, within
from tests.protocol.psc import listening, person
from tests.servers import RunningServer, free_port

OUT = "Pro Santé Connect est en panne en ce moment"
AGREED = 2.0


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def nodes(
    tmp_path: Path, psc: HostilePsc, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """The first looks at Pro Santé Connect whenever a page is shown, the second at its start and then for an hour no
    more: what it says later it was told, or found out because it was told."""
    furnish(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    told = settings_of(tmp_path) | {
        # Without TLS here, so that its cookies come back.
        "ISSUER": "http://localhost:8400",
        "CARD_HOST": "https://localhost:8443",
        "CARD_OCSP_URL": "",
        "PSC_ISSUER": psc.issuer,
        "PSC_CLIENT_ID": CLIENT_ID,
        "PSC_CLIENT_SECRET": CLIENT_SECRET,
        "PSC_CIRCUIT_FAILURES": "2",
        "PSC_CIRCUIT_PAUSE": "3600",
        "PSC_WATCH_WALLET": "false",
    }
    with ExitStack() as closing:
        started = []
        for name, own in (
            ("a", {"PSC_WATCH_EVERY": "1", "PSC_CIRCUIT_PAUSE": "1"}),
            ("b", {"PSC_WATCH_EVERY": "3600"}),
        ):
            set_environment(monkeypatch, **(told | own))
            url = f"http://127.0.0.1:{(port := free_port())}"
            command = ["serve", "--workers", "1", "--port", str(port)]
            node = ForkedServer(url, command, lambda url=url: answers(f"{url}/health/live"), tmp_path / name)
            node.start()
            closing.callback(node.stop)
            started.append(node)
        yield started[0], started[1]


def says_out(node: RunningServer) -> bool:
    page = requests.get(f"{node.url}/account/sign-in?to=identity", timeout=within(20))
    assert page.status_code == 200, page.text
    return OUT in page.text


def seconds_until(node: RunningServer, *, out: bool) -> float:
    begun = time.monotonic()
    assert eventually(lambda: says_out(node) is out, 20)
    return time.monotonic() - begun


def test_what_one_sees_the_other_says(nodes: tuple[RunningServer, RunningServer], psc: HostilePsc) -> None:
    a, b = nodes
    # The first look of each.
    assert not says_out(a)
    assert not says_out(b)
    psc.lie = Lie(instead={"discovery": say_status(503)})
    seconds_until(a, out=True)
    assert seconds_until(b, out=True) < within(AGREED)
    psc.lie = person()
    seconds_until(a, out=False)
    assert seconds_until(b, out=False) < within(AGREED)
