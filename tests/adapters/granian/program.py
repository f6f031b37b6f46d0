"""A server of its own process with a small application: what `idp serve` is, without the provider.

    python -m tests.adapters.granian.program PORT WORKERS THREADS DIRECTORY

`/slow` waits until DIRECTORY/go is there. A worker that finds DIRECTORY/broken cannot start.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from idp.adapters.granian.asgi import WsgiOverAsgi
from idp.adapters.granian.server import WebServer


def application(
    directory: Path, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/slow":
        (directory / f"began-{environ['QUERY_STRING']}").touch()
        while not (directory / "go").exists():
            time.sleep(0.01)
    told = {"/pid": str(os.getpid()), "/cookie": environ.get("HTTP_COOKIE", "")}.get(path, path)
    body = told.encode("latin-1") + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def load(directory: Path) -> WsgiOverAsgi:
    if (directory / "broken").exists():
        raise ValueError("broken")
    return WsgiOverAsgi(partial(application, directory), 64 * 1024)


def main(port: str, workers: str, threads: str, directory: str) -> None:
    WebServer(
        partial(load, Path(directory)),
        threads=int(threads),
        port=int(port),
        workers=int(workers),
        workers_kill_timeout=60,
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
