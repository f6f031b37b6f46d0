"""Real PKCS#11 tokens for the tests: SoftHSM2, and SoftHSM2 in a process of its own, reached as one reaches an HSM.

Contains tokens and processes. Not here: a skip; what is missing is a failure that names the package to install.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.library import close_libraries
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.hsm.uri import Pkcs11Uri
from sandbox.igc.softhsm import find_module
from tests.limits import within
from tests.servers import ServerUnavailable

PIN = "4321-caducee"
_SECURITY_OFFICER_PIN = "12345678"
_START_SECONDS = 20.0


@dataclass(frozen=True)
class SoftToken:
    """A token of SoftHSM2 in a directory of its own."""

    place: Path
    label: str

    @property
    def configuration(self) -> Path:
        return self.place / "softhsm2.conf"

    @property
    def pin_file(self) -> Path:
        return self.place / "pin"

    @property
    def uri(self) -> Pkcs11Uri:
        return Pkcs11Uri(token=self.label, pin_file=self.pin_file)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"SOFTHSM2_CONF": str(self.configuration)}

    def pull_out(self) -> Callable[[], None]:
        """What is returned puts it back."""
        tokens, aside = self.place / "tokens", self.place / "aside"
        tokens.rename(aside)
        tokens.mkdir()

        def put_back() -> None:
            tokens.rmdir()
            aside.rename(tokens)

        return put_back

    @contextmanager
    def away(self) -> Iterator[None]:
        """Pulled out, and put back."""
        put_back = self.pull_out()
        try:
            yield
        finally:
            put_back()


def make_token(place: Path, label: str = "caducee") -> SoftToken:
    """Initialised, empty, its PIN in a file for its owner alone."""
    token = SoftToken(place, label)
    (place / "tokens").mkdir(parents=True, mode=0o700)
    token.configuration.write_text(
        f"directories.tokendir = {place / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    token.pin_file.touch(mode=0o600)
    token.pin_file.write_text(f"{PIN}\n")
    _initialise(token, label)
    return token


def _initialise(token: SoftToken, label: str) -> None:
    find_module()
    subprocess.run(
        (
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--so-pin", _SECURITY_OFFICER_PIN, "--pin", PIN),
        ),
        env={**os.environ, **token.environment},
        check=True,
        capture_output=True,
    )


def change_pin(token: SoftToken, new_pin: str) -> None:
    """As the security officer of an HSM does, behind our back."""
    probe = (
        "import sys, pkcs11\n"
        "session = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2]).open(rw=True, so_pin=sys.argv[3])\n"
        "session.init_pin(sys.argv[4])\n"
    )
    apart(token, probe, str(find_module()), token.label, _SECURITY_OFFICER_PIN, new_pin)


def delete_keys(token: SoftToken) -> None:
    """Every object of the token, as another program does."""
    probe = (
        "import sys, pkcs11\n"
        "session = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2]).open(rw=True, user_pin=sys.argv[3])\n"
        "for found in list(session.get_objects()): found.destroy()\n"
    )
    apart(token, probe, str(find_module()), token.label, PIN)


def apart(token: SoftToken, program: str, *arguments: str) -> str:
    """A program in a process of its own: a PKCS#11 module has one state per process."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **token.environment},
        capture_output=True,
        text=True,
        timeout=within(60),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def in_this_process(token: SoftToken) -> Iterator[HsmKeys]:
    """Keys in this token by p11-kit's proxy, for as long as the block lasts."""
    close_libraries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(token.configuration))
        yield HsmKeys(Hsm(timeout=timedelta(seconds=within(3))))
        close_libraries()


@dataclass
class HsmServer:
    """SoftHSM2 behind `p11-kit server`: it can stop, come back, and hang, like an HSM on the network."""

    token: SoftToken
    socket: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def environment(self) -> Mapping[str, str]:
        """Of a program that reaches it by `client_library()`."""
        return {"P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}"}

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = shutil.which("p11-kit")
        if command is None:
            raise ServerUnavailable("p11-kit is not installed: apt-get install p11-kit p11-kit-modules")
        self.process = subprocess.Popen(
            (
                *(command, "server", "--foreground", "--provider", str(find_module())),
                *("--name", str(self.socket), "pkcs11:"),
            ),
            env={**os.environ, **self.token.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # It forks for each connection: all of them stop together.
            start_new_session=True,
        )
        deadline = time.monotonic() + within(_START_SECONDS)
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailable("p11-kit server did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    @contextmanager
    def gone(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)


@contextmanager
def hsm_server(token: SoftToken, socket: Path) -> Iterator[HsmServer]:
    server = HsmServer(token, socket)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def client_library() -> str:
    """p11-kit's way to such a server."""
    found = sorted(Path("/usr").glob("lib*/**/pkcs11/p11-kit-client.so"))
    if not found:
        raise ServerUnavailable("p11-kit-client.so is not installed: apt-get install p11-kit-modules")
    return str(found[0])
