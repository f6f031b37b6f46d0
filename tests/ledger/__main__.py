"""`make faults`: a cluster, people at work, every kind of damage, a thousand kill -9; writes docs/faults.md.

Contains options. Not here: the run, the page (`report`).
"""

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime

from tests.cluster import running_cluster
from tests.demonstration import ROOT
from tests.ledger.region import Region
from tests.ledger.report import Report
from tests.ledger.run import Run
from tests.scratch import SHARED


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as shared:
        os.environ.setdefault(SHARED, shared)
        report = _run(options)
    if options.write:
        (ROOT / "docs" / "faults.md").write_text(report.page(), "utf-8")
    print(report.page())
    return 1 if report.findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.ledger", description="Faults under load, and a ledger."
    )
    parser.add_argument("--kills", type=int, default=1000, metavar="N")
    parser.add_argument(
        "--races", type=int, default=10_000, metavar="N", help="redemptions of codes, several at once"
    )
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S", help="how long each damage lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> Report:
    began, (load, *_) = time.monotonic(), os.getloadavg()
    with running_cluster() as cluster:
        os.environ["REQUESTS_CA_BUNDLE"] = str(cluster.ready["ca_bundle"])
        run = Run.on(Region(cluster), seed=options.seed, seconds=options.seconds)
        with run.people():
            suffered = run.suffer_everything()
            name = f"{options.kills:,} kill -9, one after the other, and the rest of the redemptions"
            suffered[name] = run.kill(options.kills)
            run.wait_for_races(options.races)
        return Report(
            run=run,
            suffered=suffered,
            findings=run.findings(),
            seconds=time.monotonic() - began,
            at=datetime.now(UTC),
            load=load,
        )


if __name__ == "__main__":
    sys.exit(main())
