"""`idp psc …`: what an operator asks about Pro Santé Connect."""

import argparse
import sys
from collections.abc import Iterable, Mapping

from idp.adapters.psc.check import look
from idp.adapters.psc.finding import Finding, Level
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.psc import psc_http, redirect_uri


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Print each finding on a line. Returns 1 when the operator must repair something, 2 without Pro Santé Connect."""
    psc = settings.psc
    if not psc.is_configured:
        print("idp: set PSC_ENVIRONMENT or PSC_ISSUER first", file=sys.stderr)
        return 2
    print(f"issuer {psc.issuer}, preset {psc.environment or 'none'}")
    print("to register with Pro Santé Connect:")
    for name, address in _to_register(settings).items():
        print(f"    {name:20} {address}")
    return _printed(look(psc, redirect_uri(settings), psc_http(psc), SystemClock().now()))


def _to_register(settings: Settings) -> Mapping[str, str]:
    issuer, takes = settings.where.issuer, settings.psc.backchannel_logout
    return {
        "redirect URI": redirect_uri(settings),
        "after logout": f"{issuer}/end_session/psc",
        "back-channel logout": f"{issuer}/psc/backchannel_logout"
        + ("" if takes else " (closed: PSC_BACKCHANNEL_LOGOUT)"),
    }


def _printed(findings: Iterable[Finding]) -> int:
    is_faulty = False
    for finding in findings:
        print(f"{finding.level:5} {finding.text}", flush=True)
        is_faulty = is_faulty or finding.level is Level.FAULT
    return int(is_faulty)
