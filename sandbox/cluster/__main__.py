"""`python -m sandbox.cluster`: options, signals, exit status, the words on the screen.

Contains status 0: stopped when asked; 2: it could not start, and nothing is left. Not here: the work (`running`).
"""

import argparse
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import requests

from sandbox.cluster.binaries import Missing
from sandbox.cluster.files import Cluster
from sandbox.cluster.ports import ClusterPorts
from sandbox.cluster.running import Running, write
from sandbox.demo.accounts import UnexpectedPage
from sandbox.demo.driver import NotOnThePage, TooManyRedirects
from sandbox.demo.mailbox import NoMail
from sandbox.demo.places import ROOT, StateUnusable, open_places
from sandbox.demo.ports import DEFAULT_BASE, PortTaken
from sandbox.demo.processes import ChildDied, Start, end_with_parent, start_python
from sandbox.demo.programs import READY_WITHIN_SECONDS, NotReady

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_REFUSALS = (
    *(PortTaken, StateUnusable, Missing, ChildDied, NotReady, UnexpectedPage, NotOnThePage),
    *(TooManyRedirects, NoMail, requests.RequestException, ValueError, OSError),
)


class _StopRequested(BaseException):
    """SIGTERM, SIGINT or SIGHUP came."""


def _ask(number: int, frame: FrameType | None) -> NoReturn:
    for each in _STOPPING:  # further signals are ignored: the stop must not be interrupted
        signal.signal(each, signal.SIG_IGN)
    raise _StopRequested


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.cluster", description="Two providers and all that they need, on loopback."
    )
    parser.add_argument("--ready-file", type=Path, metavar="F", help="write F (JSON) when everything answers")
    parser.add_argument(
        "--port-base",
        type=int,
        default=DEFAULT_BASE + 100,
        metavar="N",
        help="twenty ports from N; nginx has the first two (default %(default)s)",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=ROOT / "var" / "cluster",
        metavar="DIR",
        help="what is kept between two runs",
    )
    parser.add_argument("--ready-within", type=float, default=READY_WITHIN_SECONDS, metavar="SECONDS")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when the calling process ends")
    return parser.parse_args()


def main(start: Start = start_python) -> int:
    options = _options()
    if options.end_with_parent:
        end_with_parent()
    for number in _STOPPING:
        signal.signal(number, _ask)
    try:
        return _run(options, start)
    except _StopRequested:
        return 0


def _run(options: argparse.Namespace, start: Start) -> int:
    try:
        ports = ClusterPorts.on(options.port_base)
        places, _lock = open_places(options.state_dir)
        ports.refuse_taken()
    except _REFUSALS as refusal:
        return _complain(refusal)
    running = Running.on(Cluster(ports, places), start=start, ready_within=options.ready_within)
    try:
        content = running.start()
        write(options.ready_file, content)
        print(_banner(running.cluster, content), flush=True)
        running.watch(content, options.ready_file)
    except _StopRequested:
        print("\nStopping.", flush=True)
    except _REFUSALS as refusal:
        _complain(refusal)
        print(f"cluster: to start afresh: rm -r {shlex.quote(str(places.state))}", file=sys.stderr)
        return 2
    finally:
        running.children.stop()
    return 0


def _complain(refusal: Exception) -> int:
    print(f"cluster: {refusal}", file=sys.stderr, flush=True)
    return 2


def _banner(cluster: Cluster, content: Mapping[str, Any]) -> str:
    around, processes = cluster.ports.around, content["processes"]
    lines = "\n".join(f"  {name:<16} {pid}" for name, pid in sorted(processes.items()))
    account = content["accounts"][0]
    return f"""
The cluster is ready.

  {content["clients"][0]["home"]:<40} ViaTrajectoire: start here
  {content["clients"][1]["home"]:<40} Trajectoire Grand Âge: gets in by SSO
  {around.issuer:<40} nginx, for {" and ".join(content["nodes"])}
  {around.card_host:<40} nginx, for the card host
  {around.operations_url + "/readyz?verbose":<40} what is wrong, for the operator
  {around.mail_pages:<40} every mail sent, with its code
  {f"http://localhost:{around.psc_auth}/simulateur":<40} Pro Santé Connect

Sign in as {account["rpps"]}, {account["password"]}; or by a card of {cluster.places.igc}/cards.
The certificates are of a test authority: {cluster.places.ca_bundle}

Processes. Kill one, or send it SIGTERM: it is started again.

{lines}

  {cluster.places.command} --help    the provider's commands, with the settings of this cluster
Logs: {cluster.places.log("*")}     Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(main())
