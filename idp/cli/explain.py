"""`idp explain`: which rules a request keeps to, which one refuses it, and what to change. Needs and shows no secret.

Not here: the rules (`protocol/rules`), reading what was pasted (`pasted`), a refused request by its reference
(`refusals`).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from idp.cli import refusals
from idp.cli.pasted import NotUnderstood, Pasted, Reference, read_pasted, split
from idp.clients.located_yaml import At, compose
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import read_clients
from idp.core.errors import Rule
from idp.protocol.rules.walking import BEYOND, Walk, walk_authorization, walk_token
from idp.settings import Settings

_REFUSED, _WRONG_USE = 1, 2


def explain(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 0 when no rule refuses it, 1 when one does, 2 for what is no request of ours."""
    text = sys.stdin.read() if options.what == "-" else options.what
    try:
        pasted = read_pasted(text)
        if isinstance(pasted, Reference):
            return refusals.show(settings, argparse.Namespace(reference=pasted.text, json=False))
        walk = _walk(settings, pasted)
    except NotUnderstood as no:
        print(f"idp: {no}", file=sys.stderr)
        return _WRONG_USE
    print("\n".join(_lines(settings, walk)))
    return _REFUSED if walk.refusing else 0


def _walk(settings: Settings, pasted: Pasted) -> Walk:
    """Raises NotUnderstood: a request of another provider, or to an address that has no table of rules."""
    endpoint = _endpoint(settings, pasted)
    registry = read_clients(settings.where.clients_file, operator_rules(settings))
    limit = settings.bounds.parameter_bytes
    if endpoint == "/token":
        return walk_token(pasted.values, pasted.headers, registry.get, limit)
    return walk_authorization(pasted.values, registry.get, limit)


def _endpoint(settings: Settings, pasted: Pasted) -> str:
    if not pasted.url:
        return "/token" if "grant_type" in pasted.values else "/authorize"
    ours, theirs = urlsplit(settings.where.issuer), split(pasted.url)
    if (theirs.scheme.lower(), theirs.netloc.lower()) != (ours.scheme, ours.netloc.lower()):
        here = settings.where.issuer
        raise NotUnderstood(
            f"this address is another provider's, or of another environment: the issuer here is {here}"
        )
    if theirs.path not in BEYOND:
        raise NotUnderstood(
            f"expected an address of {' or '.join(BEYOND)}: of others there is nothing to explain"
        )
    return theirs.path


def _lines(settings: Settings, walk: Walk) -> Iterator[str]:
    named = walk.client.client_id if walk.client else "none that is registered"
    yield f"{walk.endpoint}, client {named}"
    yield from (f"  keeps to  {rule.id}" for rule in walk.kept)
    for rank, rule in enumerate(walk.refusing):
        yield f"  {'REFUSED' if rank == 0 else 'then'}   {rule.id}: {rule.wrong}"
        if rank == 0:
            yield from (f"            {name}: {value}" for name, value in walk.facts.items())
        yield f"            change: {rule.cure}"
        yield from (f"            in clients.yaml: {place}" for place in _places(settings, walk, rule))
        yield f"            source: {rule.clause}"
    if not walk.refusing:
        yield f"  no rule refuses it; not looked at: {BEYOND[walk.endpoint]}"


def _places(settings: Settings, walk: Walk, rule: Rule) -> Iterator[str]:
    """Yields where clients.yaml says what the rule goes by; where the client leaves it out, where the client stands."""
    if not rule.member or walk.client is None:
        return
    path = settings.where.clients_file
    for file in sorted(path.glob("*.y*ml")) if path.is_dir() else (path,):
        for item in _items(file):
            members = item.members()
            if "client_id" in members and members["client_id"].text() == walk.client.client_id:
                found = members.get(rule.member)
                default = "" if found else " (left out: the default holds)"
                yield f"{_place(file, found or item)} {rule.member}{default}"


def _items(file: Path) -> list[At]:
    return compose(file).members()["clients"].items()


def _place(file: Path, at: At) -> str:
    mark = at.node.start_mark
    return f"{file}:{mark.line + 1}:{mark.column + 1}"
