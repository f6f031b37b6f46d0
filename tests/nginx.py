"""nginx as docs/operate.md asks for it, with the very files it names."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.demonstration import ROOT
from tests.limits import within

DOCS = ROOT / "docs"
DEPLOY = ROOT / "deploy" / "nginx"


@contextmanager
def nginx(place: Path, http: str, port: int) -> Iterator[Path]:
    """Run nginx with this content of `http { … }`, once it listens on the port. Returns the path of its error log."""
    binary = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert binary is not None, "nginx is needed: install the Debian package nginx"
    log = place / "error.log"
    (place / "nginx.conf").write_text(f"""
        user root; pid {place}/nginx.pid; daemon off; worker_processes 1; error_log {log};
        events {{ worker_connections 256; }}
        http {{
            access_log {place}/access.log; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
            fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
            {http}
        }}""")
    command = [binary, "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(log)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(port, process, log)
        yield log
    finally:
        process.terminate()
        process.wait(timeout=within(10))


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + within(30)
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nginx did not start: {log.read_text()}")


def card_http(port: int, igc: Path, card_socket: Path) -> str:
    """The card host of docs/: what its two files ask the operator to write around them."""
    return f"""
        include {DOCS}/nginx-client-cert.conf;
        include {DOCS}/nginx-card-http.conf;
        upstream caducee_card {{ server unix:{card_socket}; }}
        server {{
            listen 127.0.0.1:{port} ssl; listen [::1]:{port} ssl; server_name localhost;
            ssl_certificate {igc}/tls/server.crt; ssl_certificate_key {igc}/tls/server.key;
            ssl_client_certificate {igc}/ca/issuing.pem;
            include {DOCS}/nginx-card.conf;
        }}"""


def issuer_http(port: int, nodes: Sequence[str]) -> str:
    """The issuer of docs/ on this port, with these nodes (`host:port`), and what is shown when none answers."""
    servers = " ".join(f"server {node} max_fails=0;" for node in nodes)
    return f"""
        include {DEPLOY}/unavailable-http.conf;
        upstream caducee {{ {servers} }}
        server {{
            listen 127.0.0.1:{port};
            include {DOCS}/nginx-issuer.conf;
            set $caducee_unavailable_pages "{DEPLOY}/unavailable";
            include {DEPLOY}/unavailable.conf;
        }}"""
