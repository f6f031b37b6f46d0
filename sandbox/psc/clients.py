"""The relying parties registered with the simulator, read once from a JSON file. No HTTP here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    #: Where logout tokens are posted; "" for a client that wants none.
    backchannel_logout_uri: str = ""


def load_clients(path: Path) -> Mapping[str, Client]:
    """Clients by `client_id`. Raises ValueError naming the wrong entry, OSError for an unreadable file."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list):
        raise ValueError("clients: expected a list of objects")
    clients = [_client(number, entry) for number, entry in enumerate(entries)]
    by_id = {client.client_id: client for client in clients}
    if len(by_id) != len(clients):
        raise ValueError("clients: the same client_id appears twice")
    return by_id


def _client(number: int, entry: Any) -> Client:
    if not isinstance(entry, dict):
        raise ValueError(f"clients[{number}]: expected an object")
    unknown = entry.keys() - {member.name for member in fields(Client)}
    if unknown:
        raise ValueError(f"clients[{number}]: unknown member {min(unknown)!r}")
    return Client(
        client_id=_text(number, entry, "client_id"),
        client_secret=_text(number, entry, "client_secret"),
        redirect_uris=_texts(number, entry, "redirect_uris"),
        post_logout_redirect_uris=_texts(number, entry, "post_logout_redirect_uris"),
        backchannel_logout_uri=(
            _text(number, entry, "backchannel_logout_uri") if "backchannel_logout_uri" in entry else ""
        ),
    )


def _text(number: int, entry: Mapping[str, Any], member: str) -> str:
    value = entry.get(member)
    if not isinstance(value, str) or not value:
        raise ValueError(f"clients[{number}].{member}: expected a non-empty string")
    return value


def _texts(number: int, entry: Mapping[str, Any], member: str) -> tuple[str, ...]:
    values = entry.get(member, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"clients[{number}].{member}: expected a list of non-empty strings")
    return tuple(values)
