"""A server of its own process with a small application: what `idp serve` is, without the provider.

    python -m tests.adapters.granian.program PORT WORKERS THREADS [DIRECTORY]

`/slow` waits until `/go` was asked. A worker that finds the file DIRECTORY/broken cannot start.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from idp.adapters.granian.asgi import WsgiOverAsgi
from idp.adapters.granian.server import WebServer

GO = threading.Event()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/go":
        GO.set()
    if path == "/slow":
        GO.wait(60)
    told = {"/pid": str(os.getpid()), "/cookie": environ.get("HTTP_COOKIE", "")}.get(path, path)
    body = told.encode("latin-1") + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def load(directory: Path) -> WsgiOverAsgi:
    if (directory / "broken").exists():
        raise ValueError("broken")
    return WsgiOverAsgi(application, 64 * 1024)


def main(port: str, workers: str, threads: str, directory: str) -> None:
    WebServer(
        partial(load, Path(directory)),
        threads=int(threads),
        port=int(port),
        workers=int(workers),
        workers_kill_timeout=25,
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
