"""`idp conformity`: the file that a homologation asks for, from the settings in force.

Contains how it is printed. Not here: the rules and the report (`conformity`).
"""

import argparse
import sys
from datetime import UTC, datetime, time

from idp.cli.visible import json_text
from idp.conformity.as_json import as_json
from idp.conformity.markdown import markdown
from idp.conformity.rule_book import BadRules
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.conformity import conformity as report_of_this

_BROKEN, _WRONG_USE = 1, 2


def conformity(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 0, 1 when an open means breaks a rule in force, 2 for faults in the operator's rules."""
    at = datetime.combine(options.on, time(12), UTC) if options.on else SystemClock().now()
    try:
        report = report_of_this(settings, at)
    except BadRules as bad:
        for fault in bad.faults:
            print(f"idp: {fault.told()}", file=sys.stderr)
        return _WRONG_USE
    if options.json:
        print(json_text(as_json(report)))
    else:
        print(markdown(report, options.lang), end="")
    for one in report.broken:
        print(f"idp: {one.means} is open and does not keep {one.rule.id}", file=sys.stderr)
    return _BROKEN if report.is_red else 0
