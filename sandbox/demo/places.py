"""The state directory: which file is where, secrets made once, one demo at a time.

Contains paths, modes, the lock. Not here: what the files mean to the provider (see `settings`).
"""

import fcntl
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = ROOT / "var" / "demo"


class StateUnusable(Exception):
    """The state directory cannot be used. The message says why."""


@dataclass(frozen=True, slots=True)
class Places:
    """Every path under the state directory, absolute."""

    state: Path

    @property
    def igc(self) -> Path:
        return self.state / "igc"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def database(self) -> Path:
        return self.state / "caducee.sqlite"

    @property
    def clients(self) -> Path:
        return self.state / "clients.yaml"

    @property
    def more_clients(self) -> Path:
        """Returns where clients are added by hand, a file for each: the demo never writes there."""
        return self.state / "clients.d"

    @property
    def psc_state(self) -> Path:
        return self.state / "psc"

    @property
    def psc_clients(self) -> Path:
        return self.state / "psc-clients.json"

    @property
    def relying_parties(self) -> Path:
        return self.state / "relying-parties.json"

    @property
    def accounts(self) -> Path:
        return self.state / "accounts.json"

    @property
    def prepared(self) -> Path:
        return self.state / "prepared.json"

    def plan(self, name: str) -> Path:
        """Returns the configuration that a certification suite takes for one of its plans."""
        return self.state / "suite" / f"{name}.json"

    @property
    def nginx(self) -> Path:
        """Returns the configuration of the nginx in front of the mTLS clients of a certification suite."""
        return self.state / "suite" / "nginx" / "nginx.conf"

    @property
    def client_authority(self) -> Path:
        """Returns the authority of the TLS certificates of these clients."""
        return self.state / "suite" / "client-authority.pem"

    @property
    def command(self) -> Path:
        return self.state / "idp"

    @property
    def ca_bundle(self) -> Path:
        return self.igc / "tls" / "ca.pem"

    def secret_file(self, name: str) -> Path:
        return self.state / "secrets" / name

    def log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def secret(self, name: str) -> str:
        """Returns 32 random bytes in base64url, made at the first call and kept in a file of mode 0600."""
        path = self.secret_file(name)
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32) + "\n", mode=0o600)
        return path.read_text().strip()


def open_places(state: Path) -> tuple[Places, int]:
    """Make the directory and lock it for this process. The lock lives as long as the descriptor returned.

    Raises StateUnusable.
    """
    state = state.resolve()
    if ":" in str(state):
        raise StateUnusable(f"{state}: a colon cannot stand in the path (lists of files are separated by it)")
    try:
        for name in ("", "secrets", "logs", "keys", "psc", "clients.d"):
            directory = state / name
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refusal:
        raise StateUnusable(f"{state}: {refusal.strerror}") from refusal
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as refusal:
        os.close(lock)
        raise StateUnusable(
            f"{state}: another demo uses it; stop it, or choose another --state-dir"
        ) from refusal
    return Places(state), lock


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write completely or not at all: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Returns the object kept there, empty when the file is missing or damaged: the caller then makes it again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
