"""`python -m sandbox.demo`: options, signals, exit status.

Contains status 0: stopped when asked; 1: a program died while the demo ran; 2: it could not start, and nothing is left.
Not here: the work (`running`).
"""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import requests

from sandbox.demo.accounts import UnexpectedPage
from sandbox.demo.conformance import DEFAULT_SUITE, PROFILE, Certification
from sandbox.demo.driver import NotOnThePage, TooManyRedirects
from sandbox.demo.mailbox import NoMail
from sandbox.demo.places import DEFAULT_STATE, StateUnusable, open_places
from sandbox.demo.ports import DEFAULT_BASE, Ports, PortTaken
from sandbox.demo.processes import ChildDied, Start, end_with_parent, start_python
from sandbox.demo.programs import READY_WITHIN_SECONDS, NotReady
from sandbox.demo.running import Demo
from sandbox.demo.settings import PROFILES

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CANNOT_START = (
    PortTaken,
    StateUnusable,
    ChildDied,
    NotReady,
    UnexpectedPage,
    NotOnThePage,
    TooManyRedirects,
    NoMail,
    requests.RequestException,
    OSError,
)


class _StopRequested(BaseException):
    """SIGTERM, SIGINT or SIGHUP came."""


def _ask(number: int, frame: FrameType | None) -> NoReturn:
    for each in _STOPPING:  # further signals are ignored: the stop must not be interrupted
        signal.signal(each, signal.SIG_IGN)
    raise _StopRequested


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description="Everything, on loopback.")
    parser.add_argument("--ready-file", type=Path, metavar="F", help="write F (JSON) when everything answers")
    parser.add_argument(
        "--port-base",
        type=int,
        default=DEFAULT_BASE,
        metavar="N",
        help="ten ports from N; the two after them are for an nginx in front of a suite (default %(default)s)",
    )
    parser.add_argument(
        "--state-dir", type=Path, default=DEFAULT_STATE, metavar="DIR", help="what is kept between two runs"
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
    parser.add_argument(
        "--ready-within",
        type=float,
        default=READY_WITHIN_SECONDS,
        metavar="SECONDS",
        help="give up when a program does not answer by then (default %(default)s)",
    )
    parser.add_argument("--end-with-parent", action="store_true", help="stop when the calling process ends")
    return parser.parse_args()


def _setting(text: str) -> tuple[str, str]:
    """Returns the provider's variable and value of `NAME=VALUE`. The provider itself refuses an unknown name."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    return f"CADUCEE_{name.removeprefix('CADUCEE_')}", value


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
    except (PortTaken, StateUnusable, ValueError, OSError) as refusal:
        return _complain(refusal, 2)
    try:
        return _serve(demo, options.ready_file)
    except _StopRequested:
        print("\nStopping.", flush=True)
        return 0
    finally:
        demo.children.stop()


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
    except _CANNOT_START as refusal:
        status = _complain(refusal, 2)
        print(
            f"demo: to start afresh: rm -r {shlex.quote(str(demo.places.state))}", file=sys.stderr, flush=True
        )
        return status
    print(text.replace("{python}", sys.executable), flush=True)
    print(f"Ready in {demo.timeline.elapsed:.1f} s.", flush=True)
    try:
        demo.watch()
    except ChildDied as refusal:
        return _complain(refusal, 1)
    return 0


def _complain(refusal: Exception, status: int) -> int:
    print(f"demo: {refusal}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
