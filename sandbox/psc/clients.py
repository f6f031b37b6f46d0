"""The relying parties registered with the simulator.

Contains reading them once from a JSON file. Not here: HTTP.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    #: "" for a client that proves itself by certificate only.
    client_secret: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    #: Where logout tokens are posted; "" for a client without.
    backchannel_logout_uri: str = ""
    #: RFC 8705 §2.1.2, in the form of RFC 4514; "" for a client without a certificate.
    tls_client_auth_subject_dn: str = ""


def load_clients(path: Path) -> Mapping[str, Client]:
    """Returns clients by `client_id`.

    Raises ValueError, which names the wrong entry, OSError for an unreadable file.
    """
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
    if not entry.keys() & {"client_secret", "tls_client_auth_subject_dn"}:
        raise ValueError(f"clients[{number}]: expected client_secret or tls_client_auth_subject_dn")
    return Client(
        client_id=_text(number, entry, "client_id"),
        client_secret=_optional(number, entry, "client_secret"),
        redirect_uris=_texts(number, entry, "redirect_uris"),
        post_logout_redirect_uris=_texts(number, entry, "post_logout_redirect_uris"),
        backchannel_logout_uri=_optional(number, entry, "backchannel_logout_uri"),
        tls_client_auth_subject_dn=_optional(number, entry, "tls_client_auth_subject_dn"),
    )


def _text(number: int, entry: Mapping[str, Any], member: str) -> str:
    value = entry.get(member)
    if not isinstance(value, str) or not value:
        raise ValueError(f"clients[{number}].{member}: expected a non-empty string")
    return value


def _optional(number: int, entry: Mapping[str, Any], member: str) -> str:
    return _text(number, entry, member) if member in entry else ""


def _texts(number: int, entry: Mapping[str, Any], member: str) -> tuple[str, ...]:
    values = entry.get(member, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"clients[{number}].{member}: expected a list of non-empty strings")
    return tuple(values)
