"""A person of the demo signs in to each application, from its page alone.

Contains one demo over TLS, one attempt a page. Not here: the pages' table (`table`).
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.demonstration import Demonstration, running_demo
from tests.relying_parties.application import running
from tests.relying_parties.environment import prepare
from tests.relying_parties.page import Page
from tests.relying_parties.person import sign_in

_TAKEN_SECONDS = 2
"""A changed registration is in force within one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`fault`: None when the application showed who the person is."""

    page: Page
    fault: str | None


@contextmanager
def demo() -> Iterator[Demonstration]:
    with (
        tempfile.TemporaryDirectory() as state,
        running_demo(Path(state), "--profile", "conformance") as started,
    ):
        yield started


def attempts(provider: Demonstration, pages: Sequence[Page]) -> Iterator[Attempt]:
    for page in pages:
        with tempfile.TemporaryDirectory() as place:
            try:
                yield Attempt(page, _sign_in(provider, page, Path(place)))
            except Exception as fault:
                yield Attempt(page, f"{type(fault).__name__}: {fault}")


def _sign_in(provider: Demonstration, page: Page, place: Path) -> str | None:
    rpps, secret = provider.ready["conformance"]["person"]["login"], secrets.token_hex(32)
    _register(provider, page, secret)
    # A web server reads it as another user, whom the state of the demo is closed to.
    ca = shutil.copyfile(provider.ready["ca_bundle"], place / "authority.pem")
    told = {
        "ISSUER": provider.issuer,
        "TLS": str(provider.state / "igc" / "tls"),
        "CLIENT_SECRET": secret,
        "SSL_CERT_FILE": str(ca),
        "REQUESTS_CA_BUNDLE": str(ca),
        "NODE_EXTRA_CA_CERTS": str(ca),
    }
    with running(page, place, prepare(page.name, place) | told) as started:
        shown = sign_in(provider, page, started)
        if shown.url.startswith(page.origin) and rpps in shown.words:
            return None
        return f"at {shown.url}: {shown.words[:600]}\n{started.written[-1500:]}"


def _register(provider: Demonstration, page: Page, secret: str) -> None:
    """What the page has the administrator write, with the file of the secret that it names."""
    clients = Path(provider.ready["clients_directory"])
    (clients / f"{page.client_id}.secret").write_text(secret)
    (clients / f"{page.client_id}.yaml").write_text(page.registration, "utf-8")
    time.sleep(_TAKEN_SECONDS)
