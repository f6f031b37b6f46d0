"""Apache with mod_auth_openidc, as Debian has it, over TLS on a free port: an application that knows its web server."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.limits import within
from tests.servers import ServerUnavailable

_MODULES = Path("/usr/lib/apache2/modules")
_WANTED = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "dir",
    "mime",
    "ssl",
    "socache_shmcb",
    "auth_openidc",
)


def _configuration(directory: Path, port: int, tls: Path, settings: Mapping[str, Sequence[str]]) -> str:
    loaded = "\n".join(
        f"LoadModule {name}_module {_MODULES}/mod_{name}.so"
        for name in _WANTED
        if (_MODULES / f"mod_{name}.so").exists()
    )
    told = "\n".join(f"{name} {' '.join(map(json.dumps, values))}" for name, values in settings.items())
    return f"""
{loaded}
ServerRoot {directory}
PidFile {directory}/apache.pid
ErrorLog {directory}/error.log
DefaultRuntimeDir {directory}
ServerName localhost
Listen 127.0.0.1:{port}
User www-data
Group www-data
SSLEngine on
SSLCertificateFile {tls}/server.crt
SSLCertificateKeyFile {tls}/server.key
DocumentRoot {directory}/site
TypesConfig /dev/null
AddType text/html .html
OIDCCABundlePath {directory}/ca.pem
{told}
<Location /protected>
    AuthType openid-connect
    Require valid-user
</Location>
"""


@contextmanager
def apache(port: int, tls: Path, settings: Mapping[str, Sequence[str]]) -> Iterator[Path]:
    """Serve `/protected/` to the persons that the provider names. Returns the directory of its log.

    `tls`: the demo's; its authority is the only one that the module trusts. `settings`: directives and their arguments.
    """
    binary = shutil.which("apache2", path="/usr/sbin:/usr/bin")
    if binary is None or not (_MODULES / "mod_auth_openidc.so").exists():
        raise ServerUnavailable("apt-get install apache2 libapache2-mod-auth-openidc")
    directory = Path(tempfile.mkdtemp(prefix="apache-"))
    directory.chmod(0o755)
    site = directory / "site" / "protected"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html><title>Inside</title><h1>Inside</h1>")
    (directory / "site" / "bye.html").write_text("<!doctype html><title>Bye</title><h1>Bye</h1>")
    # Its children are not who runs the tests.
    shutil.copyfile(tls / "ca.pem", directory / "ca.pem")
    file = directory / "apache.conf"
    file.write_text(_configuration(directory, port, tls, settings))
    process = subprocess.Popen(
        [binary, "-D", "FOREGROUND", "-f", str(file)], env={"PATH": os.environ["PATH"], "LANG": "C"}
    )
    try:
        _wait_until_it_answers(process, port, directory)
        yield directory
    finally:
        process.terminate()
        process.wait(timeout=within(20))
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, directory: Path) -> None:
    deadline = time.monotonic() + within(20)
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    log = directory / "error.log"
    raise AssertionError(f"apache did not start:\n{log.read_text() if log.exists() else ''}")
