"""Which programs make the demo, how they are called, and how each shows that it answers.

Contains command lines, probes, what a first start prepares. Not here: how processes live.
"""

import json
import smtplib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import requests

from sandbox.demo.places import ROOT, Places, read_json, write_atomically
from sandbox.demo.ports import Ports
from sandbox.demo.processes import ChildDied, Children, Program

REVISION = "2026-1"
_CHARTERS = ROOT / "charters"
NOTHING_TO_DO = 3  # exit status of `idp`: it is there already
READY_WITHIN_SECONDS = 60.0
_PROBE_TIMEOUT_SECONDS = 2
_PAUSE_SECONDS = 0.03
#: How long the provider is given to fetch the lists when it starts.
_FETCH_SECONDS = 5

#: Whether a program answers, by its name.
Probes = Mapping[str, Callable[[], bool]]


class NotReady(Exception):
    """A program runs but does not answer. The message says which."""


def outside(ports: Ports, places: Places) -> Iterator[Program]:
    """Returns the programs around the provider, which need only files."""
    yield Program(
        "psc",
        (
            *("sandbox.psc", "--auth-port", str(ports.psc_auth), "--wallet-port", str(ports.psc_wallet)),
            *("--clients", str(places.psc_clients), "--state-dir", str(places.psc_state)),
        ),
    )
    yield Program("mail", ("sandbox.mail", "--smtp-port", str(ports.smtp), "--web-port", str(ports.mail_web)))
    yield Program("relying-parties", ("sandbox.rp", "--config", str(places.relying_parties)))
    yield Program("style-guide", ("sandbox.style_guide", "--port", str(ports.style_guide)))


def igc(ports: Ports, places: Places) -> Program:
    """Returns the program of the test IGC. Its directory must exist."""
    return Program("igc", ("sandbox.igc.responder", str(places.igc), "--port", str(ports.igc)))


def provider(ports: Ports) -> Iterator[Program]:
    """Returns the provider, which sends its mails itself, and the card host. They need the database, keys and
    certificates; the provider fetches from the test IGC as soon as it starts."""
    yield Program(
        "provider",
        (*("idp.cli", "serve", "--workers", "1"), *("--host", "127.0.0.1", "--port", str(ports.base))),
    )
    yield Program("card-host", ("idp.cli", "card-host"))


def prepare(children: Children, places: Places) -> None:
    """Prepare database, signing keys and charter; does nothing after the first start. Raises ChildDied.

    A first start may have been stopped anywhere: each step does what is left of it.
    """
    versions = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    mark, known = {"migrations": versions, "charter": REVISION}, read_json(places.prepared)
    has_keys = bool(known) and any(places.keys.glob("sign-*.pem"))
    if has_keys and places.database.exists() and known == mark:
        return
    children.run(Program("database", ("idp.cli", "init")))
    if not has_keys:
        children.run(Program("keys", ("idp.cli", "keys", "generate")), accepted=(0, NOTHING_TO_DO))
    children.run(Program("charter", ("idp.cli", *publish_charter())), accepted=(0, NOTHING_TO_DO))
    write_atomically(places.prepared, json.dumps(mark))


def fetch_lists(children: Children, are_there: Callable[[], bool]) -> None:
    """Fetch the lists if the provider did not: after a failure it waits a quarter of an hour. Raises ChildDied."""
    deadline = time.monotonic() + _FETCH_SECONDS
    while not are_there():
        children.check()
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_SECONDS)
    else:
        return
    try:
        children.run(Program("lists", ("idp.cli", "trust", "refresh")), accepted=(0, NOTHING_TO_DO))
    except ChildDied:
        if not are_there():  # the provider may have been quicker after all
            raise


def publish_charter(revision: str = REVISION) -> tuple[str, ...]:
    texts = [_CHARTERS / f"{REVISION}.{language}.md" for language in ("fr", "en")]
    given = ("--fr", str(texts[0]), "--en", str(texts[1]), "--yes")
    return ("charter", "publish", "--revision", revision, *given)


@contextmanager
def loopback_http() -> Iterator[requests.Session]:
    with requests.Session() as http:
        http.trust_env = False
        yield http


def wait_until_all_answer(
    probes: Probes,
    places: Places,
    check: Callable[[], None],
    note: Callable[[str], None],
    seconds: float,
) -> None:
    """`check` raises when a program died; `note` is called for each that answers. Raises NotReady."""
    waiting = dict(probes)
    deadline = time.monotonic() + seconds
    while waiting:
        check()
        if time.monotonic() > deadline:
            logs = places.log("*").parent
            raise NotReady(f"no answer from {', '.join(waiting)} within {seconds:g} s; see {logs}")
        for name in [name for name, answers in waiting.items() if answers()]:
            del waiting[name]
            note(name)
        time.sleep(_PAUSE_SECONDS)


def igc_probe(ports: Ports, places: Places, http: requests.Session) -> Probes:
    url = f"http://localhost:{ports.igc}/health"
    return {"test IGC": partial(_answers, http, url, str(places.ca_bundle))}


def probes(ports: Ports, places: Places, card_host: str, http: requests.Session) -> Probes:
    """Returns those of all other programs."""
    pages = {
        "psc": f"{ports.psc_issuer}/.well-known/wallet-openid-configuration",
        "psc wallet": f"http://localhost:{ports.psc_wallet}/",
        "mail": ports.mailbox,
        "ViaTrajectoire": f"http://localhost:{ports.relying_party(0)}/",
        "Trajectoire Grand Âge": f"http://localhost:{ports.relying_party(1)}/",
        "style guide": f"{ports.style_guide_pages}static/caducee.css",
        "provider": _ready(ports),
        "card host": f"{card_host}/health",
    }
    ca_bundle = str(places.ca_bundle)
    answering = {name: partial(_answers, http, url, ca_bundle) for name, url in pages.items()}
    return {**answering, "smtp": partial(_takes_mail, ports.smtp)}


def has_lists(ports: Ports, places: Places, http: requests.Session) -> bool:
    """Whether the revocation lists are there, so cards can sign in."""
    try:
        answer = http.get(f"{ports.operations_url}/readyz", timeout=_PROBE_TIMEOUT_SECONDS)
        return all(fault["what"] != "revocation lists" for fault in answer.json()["wrong"])
    except requests.RequestException:
        return False


def _ready(ports: Ports) -> str:
    return f"{ports.issuer}/health/ready"


def _answers(http: requests.Session, url: str, ca_bundle: str) -> bool:
    try:
        return http.get(url, timeout=_PROBE_TIMEOUT_SECONDS, verify=ca_bundle).status_code == 200
    except requests.RequestException:
        return False


def _takes_mail(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=_PROBE_TIMEOUT_SECONDS):
            return True
    except (OSError, smtplib.SMTPException):
        return False
