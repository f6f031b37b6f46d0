"""What the processes of `idp serve` load, and how much memory they take before any request."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.granian.test_server import answers, pids
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import ROOT, command_line, set_environment
from tests.limits import eventually
from tests.servers import RunningServer, free_port

#: MiB of a worker and the process that watches, summed (docs/operate.md). 124 where this was written, 4 of them for
#: the work of `idp worker`.
AT_REST = 129


def loaded(program: str) -> set[str]:
    """The modules in a process that ran this: by name, but those that only stand in."""
    told = (
        f"{program}\n"
        "import sys\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if module is not None and type(getattr(module, '__loader__', None)).__name__ != '_StandIn':\n"
        "        print(name)\n"
    )
    ended = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


def test_the_process_that_watches_loads_nothing_that_serves() -> None:
    found = loaded("import idp.cli.main, idp.cli.serve.command")
    assert "idp.adapters.granian.server" in found
    heavy = {
        "asyncio",
        "cryptography",
        "flask",
        "granian",
        "hashlib",
        "idp.app",
        "idp.settings",
        "jinja2",
        "logging",
        "redis",
        "sqlalchemy",
        "ssl",
        "structlog",
    }
    assert not heavy & found


def test_a_worker_loads_nothing_that_no_request_needs() -> None:
    found = loaded("from idp.adapters.left_out import leave_out; leave_out(); import idp.cli.serve.served")
    assert {"idp.app", "pyop.provider", "oic.oic"} <= found
    heavy = {
        "Cryptodome",
        "OpenSSL",
        "alembic",
        "argon2",
        "asn1crypto",
        "authlib",
        "cbor2",
        "charset_normalizer",
        "dns",
        "greenlet",
        "h11",
        "idp.adapters.igc.crl_refresh",
        "markdown_it",
        "idp.adapters.operations.listener",
        "idp.adapters.operations.traces",
        "opentelemetry",
        "pkcs11",
        "prometheus_client",
        "pyasn1",
        "psycopg",
        "pydantic",
        "pydantic_settings",
        "pydoc",
        "redis.cluster",
        "redis.commands.core",
        "rich",
        "unittest",
        "webauthn",
        "zxcvbn",
    }
    assert not heavy & found


def resident_mib(pid: int) -> float:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="Linux tells how much memory a process has"
)
def test_a_worker_at_rest_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(tmp_path)
    set_environment(monkeypatch, **(settings_of(tmp_path) | {"CARD_OCSP_URL": ""}))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = command_line("serve", "--workers", "1", "--port", str(port))
    server = RunningServer(url, command, lambda: answers(f"{url}/health/live"), tmp_path / "log")
    server.start()
    try:
        assert eventually(lambda: len(pids(server)) == 1, 10)
        assert server.process is not None
        processes = {server.process.pid, *pids(server)}
        assert sum(map(resident_mib, processes)) < AT_REST, {one: resident_mib(one) for one in processes}
        assert '"event": "argon2"' in server.log.read_text()
    finally:
        server.stop()
