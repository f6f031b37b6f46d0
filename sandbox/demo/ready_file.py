"""The ready file: all that the CI of a relying party needs, as one JSON object.

Contains its members and writing it. Not here: finding anything out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.demo.accounts import ENROLLED, Standing
from sandbox.demo.places import Places, write_atomically
from sandbox.demo.ports import Ports
from sandbox.demo.settings import parties
from sandbox.psc.identities import IDENTITIES

_CARD_MEMBERS = ("name", "rpps", "kind", "certificate", "key", "pkcs12", "pin", "expect")


def contents(
    ports: Ports,
    places: Places,
    cards: Sequence[Mapping[str, Any]],
    standings: Mapping[str, Standing],
    pids: Sequence[int],
) -> dict[str, Any]:
    """Returns the content. `standings`: by card name; a holder without one is not enrolled."""
    rpps = {card["name"]: card["rpps"] for card in cards}
    enrolled = {f"8{rpps[name]}" for name, found in standings.items() if found is not Standing.UNKNOWN}
    return {
        "issuer": ports.issuer,
        "card_host": ports.card_host,
        "ca_bundle": str(places.ca_bundle),
        "mailbox": ports.mailbox,
        "clients_directory": str(places.more_clients),
        "operations": ports.operations_url,
        "style_guide": ports.style_guide_pages,
        "psc": {"issuer": ports.psc_issuer, "identities": _identities(enrolled)},
        "clients": [
            {
                "client_id": party.client_id,
                "client_secret": party.client_secret,
                "redirect_uri": party.redirect_uri,
                "home": party.home,
            }
            for party in parties(ports, places)
        ],
        "cards": [{member: card[member] for member in _CARD_MEMBERS} for card in cards],
        "accounts": [
            {
                "rpps": rpps[person.card],
                "email": person.email,
                "password": person.password,
                "charter": str(standings[person.card]),
            }
            for person in ENROLLED
        ],
        "pids": list(pids),
    }


def _identities(enrolled: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": person.id,
            "name": person.name,
            "SubjectNameID": person.national_id,
            "enrolled": person.national_id in enrolled,
        }
        for person in IDENTITIES
    ]


def holders_to_ask(cards: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns one accepted card for each holder that the Pro Santé Connect simulator knows or the demo enrols.

    No other person can have an account of the ready file: enrolment is by card.
    """
    known = {person.national_id for person in IDENTITIES}
    names: dict[str, str] = {}
    for card in cards:
        is_spoken_of = f"8{card['rpps']}" in known or card["name"] in {person.card for person in ENROLLED}
        if card["expect"] == "accepted" and is_spoken_of:
            names.setdefault(card["rpps"], card["name"])
    return list(names.values())


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file atomically, readable by its owner alone: it holds secrets."""
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", mode=0o600)
