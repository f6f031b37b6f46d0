"""`idp psc …`: what an operator asks about Pro Santé Connect."""

import argparse
import sys
from collections.abc import Iterable

from idp.adapters.psc.check import Finding, Level, look
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
    print(f"to register with Pro Santé Connect: redirect URI {redirect_uri(settings)}")
    print(f"                                    after logout {settings.where.issuer}/end_session/psc")
    return _printed(look(psc, redirect_uri(settings), psc_http(psc), SystemClock().now()))


def _printed(findings: Iterable[Finding]) -> int:
    is_faulty = False
    for finding in findings:
        print(f"{finding.level:5} {finding.text}", flush=True)
        is_faulty = is_faulty or finding.level is Level.FAULT
    return int(is_faulty)
