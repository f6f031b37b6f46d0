"""`idp error REFERENCE`: which rule a refused request broke, and what to change. The output names no person."""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from idp.cli.visible import in_a_line, json_text
from idp.core.ephemeral import Kind
from idp.protocol.rules.rule_book import RULES
from idp.settings import Settings
from idp.wiring.resources import open_resources

_NOTHING = 3
_REFERENCE = re.compile(r"[0-9a-f]{8}")
#: What of a record has a line of its own.
_NAMED = ("at", "endpoint", "client_id", "rule")


def show(settings: Settings, options: argparse.Namespace) -> int:
    """Print what is kept of it, then its rule."""
    reference = options.reference.strip().lower()
    if not _REFERENCE.fullmatch(reference):
        return _say(
            "expected a reference, as a page or an answer shows it: 8 digits and letters from a to f", 2
        )
    found = open_resources(settings).store.get(Kind.REFUSED_REQUEST, reference)
    if found is None:
        life = settings.refusals.life
        days = life.total_seconds() / 86400
        return _say(
            f"nothing is kept under this reference: a refused request is kept for {days:g} days, and of a flood only "
            f"the first ones. The log has them all: look for {reference}",
            _NOTHING,
        )
    told = told_of(found.value, reference)
    if options.json:
        print(json_text(told))
    else:
        print("\n".join(f"{name:<10}  {in_a_line(value)}" for name, value in told.items()))
    return 0


def _say(text: str, status: int) -> int:
    print(f"idp: {text}", file=sys.stderr)
    return status


def told_of(record: Mapping[str, Any], reference: str) -> dict[str, str]:
    """Returns what is told of it, in the order in which it is read."""
    kept = {name: str(value) for name, value in record.items() if name not in _NAMED}
    if "rule" not in record:
        return {
            "reference": reference,
            "when": f"{record['at'][:19]}Z",
            **kept,
            "see": f"idp why {reference}",
        }
    return {
        "reference": reference,
        "when": f"{record['at'][:19]}Z",
        "endpoint": record["endpoint"],
        "client": record.get("client_id", "(none that is registered)"),
        "rule": record["rule"],
        **dict(_of_rule(record["rule"], kept)),
    }


def _of_rule(name: str, kept: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields nothing of the rule of a version that had others."""
    rule = RULES.get(name)
    if rule is not None:
        yield "error", f"{rule.error}{' (on a page)' if rule.is_page else ''}"
        yield "wrong", rule.wrong
    yield from kept.items()
    if rule is not None:
        yield "change", rule.cure
        if rule.member:
            yield "member", f"{rule.member} (clients.yaml)"
        yield "source", rule.clause
