"""`python -m sandbox.cluster`: options, signals, exit status, the words on the screen.

Contains status 0: stopped when asked; 2: it could not start, and nothing is left. Not here: the work (`running`).
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from sandbox.cluster.binaries import Missing
from sandbox.cluster.files import Cluster
from sandbox.cluster.ports import ClusterPorts
from sandbox.cluster.running import Running, write
from sandbox.demo.commands import CANNOT_START, REFUSED, Command, ending
from sandbox.demo.places import ROOT, open_places
from sandbox.demo.ports import DEFAULT_BASE
from sandbox.demo.processes import Start, start_python

_CLUSTER = Command("cluster")


def main(start: Start = start_python) -> int:
    options = _CLUSTER.parser(
        "Two providers and all that they need, on loopback.",
        base=DEFAULT_BASE + 100,
        ports="twenty ports from N; nginx has the first two",
        state=ROOT / "var" / "cluster",
    ).parse_args()
    return _CLUSTER.run(options, lambda: _run(options, start))


def _run(options: argparse.Namespace, start: Start) -> int:
    try:
        ports = ClusterPorts.on(options.port_base)
        places, _lock = open_places(options.state_dir)
        ports.refuse_taken()
    except REFUSED as refusal:
        return _CLUSTER.complain(refusal)
    running = Running.on(Cluster(ports, places), start=start, ready_within=options.ready_within)
    with ending(running.children):
        try:
            content = running.start()
            write(options.ready_file, content)
            print(_banner(running.cluster, content), flush=True)
            running.watch(content, options.ready_file)
        except (*CANNOT_START, Missing) as refusal:
            return _CLUSTER.cannot_start(refusal, places)


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
