"""Which programs make the demo, how they are called, and how each shows that it answers.

Contains command lines, probes, what a first start prepares. Not here: how processes live.
"""

import json
import smtplib
import time
from collections.abc import Callable, Iterator
from functools import partial

import requests

from sandbox.demo.places import ROOT, Places, read_json, write_atomically
from sandbox.demo.ports import Ports
from sandbox.demo.processes import Children, Program

REVISION = "2026-1"
_CHARTERS = ROOT / "charters"
_REVISION_EXISTS = 3  # exit status of `idp charter publish`
READY_WITHIN_SECONDS = 60.0
_PROBE_TIMEOUT_SECONDS = 2
_PAUSE_SECONDS = 0.03


class NotReady(Exception):
    """A program runs and does not answer; the message says which."""


def outside(ports: Ports, places: Places) -> Iterator[Program]:
    """Everything around the provider; needs only files."""
    yield Program(
        "psc",
        (
            *("sandbox.psc", "--auth-port", str(ports.psc_auth), "--wallet-port", str(ports.psc_wallet)),
            *("--clients", str(places.psc_clients), "--state-dir", str(places.psc_state)),
        ),
    )
    yield Program("mail", ("sandbox.mail", "--smtp-port", str(ports.smtp), "--web-port", str(ports.mail_web)))
    yield Program("relying-parties", ("sandbox.rp", "--config", str(places.relying_parties)))


def igc(ports: Ports, places: Places) -> Program:
    """Its directory must be made."""
    return Program("igc", ("sandbox.igc.responder", str(places.igc), "--port", str(ports.igc)))


def provider(ports: Ports) -> Iterator[Program]:
    """The provider's three processes; need its database, keys and certificates."""
    yield Program(
        "provider",
        (*("idp.cli", "serve", "--workers", "1"), *("--host", "127.0.0.1", "--port", str(ports.base))),
    )
    yield Program("card-host", ("idp.cli", "card-host"))
    yield Program("outbox", ("idp.cli", "worker"))


def prepare(children: Children, places: Places) -> None:
    """Database at head, signing keys, charter: nothing to do after the first start. Raises ChildDied."""
    versions = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    has_keys = any(places.keys.glob("sign-*.pem"))
    mark = {"migrations": versions, "charter": REVISION}
    if has_keys and places.database.exists() and read_json(places.prepared, None) == mark:
        return
    verb = "migrate" if places.database.exists() else "init"
    children.run(Program("database", ("idp.cli", verb)))
    if not has_keys:
        children.run(Program("keys", ("idp.cli", "keys", "generate")))
    children.run(Program("charter", ("idp.cli", *publish_charter())), accepted=(0, _REVISION_EXISTS))
    write_atomically(places.prepared, json.dumps(mark))


def publish_charter(revision: str = REVISION) -> tuple[str, ...]:
    texts = [_CHARTERS / f"{REVISION}.{language}.md" for language in ("fr", "en")]
    return ("charter", "publish", "--revision", revision, "--fr", str(texts[0]), "--en", str(texts[1]))


def wait_until_all_answer(
    ports: Ports,
    places: Places,
    card_host: str,
    check: Callable[[], None],
    note: Callable[[str], None],
    seconds: float,
) -> None:
    """`check` raises when a program died, `note` hears of each that answers. Raises NotReady."""
    with requests.Session() as http:
        http.trust_env = False
        waiting = dict(_probes(ports, places, card_host, http))
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


def _probes(
    ports: Ports, places: Places, card_host: str, http: requests.Session
) -> Iterator[tuple[str, Callable[[], bool]]]:
    pages = {
        "psc": f"{ports.psc_issuer}/.well-known/wallet-openid-configuration",
        "psc wallet": f"http://localhost:{ports.psc_wallet}/",
        "mail": ports.mailbox,
        "ViaTrajectoire": f"http://localhost:{ports.relying_party(0)}/",
        "Trajectoire Grand Âge": f"http://localhost:{ports.relying_party(1)}/",
        "test IGC": f"http://localhost:{ports.igc}/health",
        "provider": f"{ports.issuer}/health/ready",
        "card host": f"{card_host}/health",
    }
    for name, url in pages.items():
        yield name, partial(_answers, http, url, str(places.ca_bundle))
    yield "revocation lists", partial(_is_whole, http, f"{ports.issuer}/health/ready", str(places.ca_bundle))
    yield "smtp", partial(_takes_mail, ports.smtp)


def _answers(http: requests.Session, url: str, ca_bundle: str) -> bool:
    try:
        return http.get(url, timeout=_PROBE_TIMEOUT_SECONDS, verify=ca_bundle).status_code == 200
    except requests.RequestException:
        return False


def _is_whole(http: requests.Session, url: str, ca_bundle: str) -> bool:
    """« ready » and not « degraded »: the worker has fetched the lists, cards can sign in."""
    try:
        return bool(
            http.get(url, timeout=_PROBE_TIMEOUT_SECONDS, verify=ca_bundle).json() == {"status": "ready"}
        )
    except requests.RequestException:
        return False


def _takes_mail(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=_PROBE_TIMEOUT_SECONDS):
            return True
    except (OSError, smtplib.SMTPException):
        return False
