"""`idp explain --as RPPS --client CLIENT`: the claims that a relying party would receive of a person, and what
withholds each of the others.

Contains the look-up, its audit event and what is printed. Not here: what withholds a claim (`withheld`), a request that
was pasted (`command`).
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from idp.accounts.account import Account
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.standings import SqlStandings
from idp.cards.rpps import parse_rpps
from idp.cli.explain.command import explain as explain_request
from idp.cli.explain.withheld import PRESENT, Claim, Receiving
from idp.cli.house import open_house
from idp.cli.let_in import Entering, Reason
from idp.cli.visible import json_text
from idp.clients.client_file import ClientFile
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import Entry, files_of, read_files
from idp.clients.registry import Client
from idp.clients.shown import nearest
from idp.core.audit import AuditEvent
from idp.interaction.authenticator import DOORS
from idp.protocol.claims.upstream_claims import asks_upstream
from idp.settings import Settings
from idp.settings.closing import months
from idp.wiring.relying_parties import build_clients
from idp.wiring.resources import Resources, open_resources, open_subjects

_NOTHING_PASSES, _NOT_THERE, _WRONG_USE = 1, 1, 2
#: Whether a request, a person and a client are given.
_OF_REQUEST, _OF_CLAIMS = (True, False, False), (False, True, True)
_PLACES = {"userinfo": "userinfo", "id_token": "ID Token"}
_LABELS = {"in_clients_yaml": "in clients.yaml", "setting": "setting", "change": "change"}


def explain(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 0 when the client receives something, 1 when nothing passes, or person or client are not there.

    Of a request: as `idp.cli.explain.command`.
    """
    asked = (options.what is not None, options.rpps is not None, options.client is not None)
    is_detailed = options.door is not None or options.values or options.json
    if asked == _OF_REQUEST and not is_detailed:
        return explain_request(settings, options)
    if asked != _OF_CLAIMS:
        return _say("expected a REQUEST alone, or --as RPPS with --client CLIENT", _WRONG_USE)
    rpps, resources = parse_rpps(options.rpps), open_resources(settings)
    entries = _entries(settings)
    clients = build_clients(settings, resources.clock)
    client = clients.get(options.client)
    if client is None:
        near = nearest(options.client, entries)
        return _say(f"no such client is registered{f'; did you mean `{near}`?' if near else ''}", _NOT_THERE)
    account = SqlAccounts(resources.database).find_by_rpps(rpps)
    if account is None:
        return _say("no account has this RPPS", _NOT_THERE)
    found = _receiving(resources, clients, client, account, options.door)
    # Before a word of it is shown: what cannot be written down is not told.
    resources.audit.record(
        AuditEvent.CLAIMS_EXPLAINED,
        account_id=account.id,
        client_id=client.client_id,
        door=found.entering.door,
        values=options.values,
    )
    told = _told(found, entries[client.client_id], with_values=options.values)
    print(json_text(told) if options.json else "\n".join(_lines(told)))
    return _NOTHING_PASSES if found.entering.reasons() else 0


def _say(text: str, status: int) -> int:
    print(f"idp: {text}", file=sys.stderr)
    return status


def _entries(settings: Settings) -> Mapping[str, Entry]:
    where = settings.where
    reading = read_files(files_of(where.clients_file, where.clients_directory), operator_rules(settings))
    return {entry.name: entry for entry in reading.entries}


def _receiving(
    resources: Resources, clients: ClientFile, client: Client, account: Account, door: str | None
) -> Receiving:
    """Returns it for this door; for None, the strongest of those at which the least keeps the person out."""
    settings, house = resources.settings, open_house(resources, clients)
    told_to = client.client_id if asks_upstream(client.releasable) else None
    standings = SqlStandings(resources.database, house.psc_issuer, resources.clock)
    standing = standings.of(account.id, client.charters, told_to=told_to)
    doors = DOORS if door is None else (door,)
    each = [
        Entering(
            doors=house.doors,
            identity_life=months(settings.closing.identity_proved_every),
            now=resources.clock.now(),
            client=client,
            standing=standing,
            door=one,
        )
        for one in doors
    ]
    return Receiving(
        entering=min(each, key=lambda one: len(one.reasons())),
        subjects=open_subjects(settings),
        has_psc=house.has_psc,
    )


def _told(found: Receiving, entry: Entry, *, with_values: bool) -> dict[str, Any]:
    entering = found.entering

    def reason(one: Reason) -> dict[str, str]:
        told = {
            "by": one.by,
            "wrong": one.wrong,
            "in_clients_yaml": entry.says(one.member) if one.member else "",
            "setting": f"CADUCEE_{one.setting}" if one.setting else "",
            "change": one.change,
        }
        return {name: text for name, text in told.items() if text}

    def claim(one: Claim) -> dict[str, Any]:
        value = {"value": one.value} if with_values and one.state == PRESENT else {}
        return {"state": one.state, **value, "reasons": [reason(each) for each in one.reasons]}

    return {
        "client": found.client.client_id,
        "scopes": list(found.client.scopes),
        "door": entering.door,
        "acr": str(entering.acr),
        "userinfo": {one.name: claim(one) for one in found.userinfo()},
        "id_token": {one.name: claim(one) for one in found.id_token()},
    }


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Each reason once, under a number that stands beside the claims."""
    yield f"{told['client']}, at a request of {' '.join(told['scopes'])}, by {told['door']} ({told['acr']})"
    numbers: dict[str, int] = {}
    reasons: list[Mapping[str, str]] = []
    for place, name in _PLACES.items():
        yield name
        for claim, it in told[place].items():
            for one in it["reasons"]:
                if numbers.setdefault(json.dumps(one), len(numbers) + 1) > len(reasons):
                    reasons.append(one)
            beside = " ".join(
                f"[{number}]" for number in sorted(numbers[json.dumps(one)] for one in it["reasons"])
            )
            value = _printable(it["value"]) if "value" in it else ""
            yield f"  {claim:<21} {' '.join(filter(None, (it['state'], value, beside)))}"
    for number, one in enumerate(reasons, 1):
        yield f"[{number}] {one['by']}: {one['wrong']}"
        yield from (f"    {label}: {one[key]}" for key, label in _LABELS.items() if key in one)


def _printable(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)
