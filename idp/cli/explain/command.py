"""`idp explain`: which rules a request keeps to, which one refuses it, and what to change. Needs and shows no secret.

Not here: the rules (`protocol/rules`), reading what was pasted (`pasted`), a refused request by its reference
(`refusals`), what a person's claims are let through by (`claims`).
"""

import argparse
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from idp.cli.explain import refusals
from idp.cli.explain.pasted import NotUnderstood, Pasted, Reference, read_pasted, split
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import Entry, files_of, read_files
from idp.clients.registry import registry_of
from idp.protocol.rules.walking import BEYOND, Find, Walk, walk_authorization, walk_token
from idp.settings import Settings

_REFUSED, _WRONG_USE = 1, 2


def explain(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 0 when no rule refuses it, 1 when one does, 2 for what is no request of ours."""
    text = sys.stdin.read() if options.what == "-" else options.what
    try:
        pasted = read_pasted(text)
        if isinstance(pasted, Reference):
            return refusals.show(settings, argparse.Namespace(reference=pasted.text, json=False))
        endpoint = _endpoint(settings, pasted)
    except NotUnderstood as no:
        print(f"idp: {no}", file=sys.stderr)
        return _WRONG_USE
    where = settings.where
    reading = read_files(files_of(where.clients_file, where.clients_directory), operator_rules(settings))
    walk = _walk(settings, endpoint, pasted, registry_of(reading).get)
    entries = {entry.name: entry for entry in reading.entries}
    print("\n".join(_lines(walk, entries.get(walk.client.client_id) if walk.client else None)))
    return _REFUSED if walk.refusing else 0


def _walk(settings: Settings, endpoint: str, pasted: Pasted, find: Find) -> Walk:
    limit = settings.bounds.parameter_bytes
    if endpoint == "/token":
        return walk_token(pasted.values, pasted.headers, find, limit)
    return walk_authorization(pasted.values, find, limit)


def _endpoint(settings: Settings, pasted: Pasted) -> str:
    """Raises NotUnderstood: a request of another provider, or to an address that has no table of rules."""
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


def _lines(walk: Walk, entry: Entry | None) -> Iterator[str]:
    named = walk.client.client_id if walk.client else "none that is registered"
    yield f"{walk.endpoint}, client {named}"
    yield from (f"  keeps to  {rule.id}" for rule in walk.kept)
    for rank, rule in enumerate(walk.refusing):
        yield f"  {'REFUSED' if rank == 0 else 'then'}   {rule.id}: {rule.wrong}"
        if rank == 0:
            yield from (f"            {name}: {value}" for name, value in walk.facts.items())
        yield f"            change: {rule.cure}"
        if rule.member and entry is not None:
            yield f"            in clients.yaml: {entry.says(rule.member)}"
        yield f"            source: {rule.clause}"
    if not walk.refusing:
        yield f"  no rule refuses it; not looked at: {BEYOND[walk.endpoint]}"
