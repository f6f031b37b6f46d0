"""`python -m sandbox.demo`: options, signals, exit status.

Contains status 0: stopped when asked; 1: a program died while the demo ran; 2: it could not start, and nothing is left.
Not here: the work (`running`).
"""

import argparse
import os
import sys
from pathlib import Path

from sandbox.demo.commands import CANNOT_START, REFUSED, Command, ending
from sandbox.demo.conformance import DEFAULT_SUITE, PROFILE, Certification
from sandbox.demo.places import DEFAULT_STATE, open_places
from sandbox.demo.ports import DEFAULT_BASE, Ports
from sandbox.demo.processes import ChildDied, Start, start_python
from sandbox.demo.running import Demo
from sandbox.demo.settings import PROFILES

_DEMO = Command("demo")


def _options() -> argparse.Namespace:
    parser = _DEMO.parser(
        "Everything, on loopback.",
        base=DEFAULT_BASE,
        ports="ten ports from N, and N+12; the two between them are for an nginx in front of a suite",
        state=DEFAULT_STATE,
    )
    parser.add_argument(
        "--redis", default="", metavar="URL", help="a redis-server instead of the embedded store"
    )
    parser.add_argument(
        "--https", action="store_true", help="the provider on https, by an authority of this machine's own"
    )
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        default="default",
        help="strict: limits as in production; conformance: https and the clients of a certification suite",
    )
    parser.add_argument(
        "--suite",
        metavar="URL",
        help=f"with --profile conformance: where the suite waits for answers (default {DEFAULT_SUITE})",
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a setting of the provider, over the demo's own: --set MAIL_CODE_LIFE=60 (may be repeated)",
    )
    return parser.parse_args()


def _setting(text: str) -> tuple[str, str]:
    """Returns the provider's variable and value of `NAME=VALUE`. The provider itself refuses an unknown name."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    return f"CADUCEE_{name.removeprefix('CADUCEE_')}", value


def main(start: Start = start_python) -> int:
    options = _options()
    return _DEMO.run(options, lambda: _run(options, start))


def _run(options: argparse.Namespace, start: Start) -> int:
    try:
        certification = _certification(options)
        ports = Ports(options.port_base, "https" if certification or options.https else "http")
        places, _lock = open_places(options.state_dir)
        ports.refuse_taken()
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)  # an old ready file must not be read
        demo = Demo.on(
            ports,
            places,
            redis=options.redis,
            profile=options.profile,
            added=dict(options.settings),
            certification=certification,
            ready_within=options.ready_within,
            start=start,
        )
    except REFUSED as refusal:
        return _DEMO.complain(refusal)
    with ending(demo.children):
        return _serve(demo, options.ready_file)


def _certification(options: argparse.Namespace) -> Certification | None:
    """Returns the certification profile asked for.

    Raises ValueError for a malformed address, or one without the profile.
    """
    if options.profile == PROFILE:
        return Certification(DEFAULT_SUITE if options.suite is None else options.suite)
    if options.suite is not None:
        raise ValueError(f"--suite: only with --profile {PROFILE}")
    return None


def _serve(demo: Demo, ready_path: Path | None) -> int:
    if not demo.places.accounts.exists():
        print("First start: test cards, keys, database, charter and two accounts are made…", flush=True)
    try:
        text = demo.start(ready_path, os.getpid())
    except CANNOT_START as refusal:
        return _DEMO.cannot_start(refusal, demo.places)
    print(text.replace("{python}", sys.executable), flush=True)
    print(f"Ready in {demo.timeline.elapsed:.1f} s.", flush=True)
    try:
        demo.watch()
    except ChildDied as refusal:
        return _DEMO.complain(refusal, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
