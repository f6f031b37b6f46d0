"""clients.yaml as a JSON Schema (2020-12), for editors: `idp clients schema`.

Contains its text, made of the members (`clients/members`), the shapes of their readers (`clients/reader`) and of rules
(`clients/rule_shapes`), and what members are for (`clients/about`). It lets pass what only reading a file can tell. Not
here: checking (`clients/reading`).
"""

import json
from collections.abc import Mapping
from typing import Any

from idp.clients.about import ABOUT
from idp.clients.members import MEMBERS, Member
from idp.clients.rule_shapes import SHAPES
from idp.clients.values import ACR_BY_NAME
from idp.interaction.authenticator import Acr

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAMES = {acr: name for name, acr in ACR_BY_NAME.items()}


def schema_of_clients() -> dict[str, Any]:
    required = [name for name, member in MEMBERS.items() if member.default is ...]
    return {
        "$schema": _DIALECT,
        "title": "Relying parties of Caducée (clients.yaml)",
        "type": "object",
        "required": ["clients"],
        "additionalProperties": False,
        "properties": {
            "clients": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": required,
                    "additionalProperties": False,
                    "properties": {name: _property(name, member) for name, member in MEMBERS.items()},
                    "allOf": list(SHAPES),
                },
            }
        },
    }


def _property(name: str, member: Member) -> Mapping[str, Any]:
    has_default = member.default not in (..., None, ())
    default = {"default": _written(member.default)} if has_default else {}
    return {"description": ABOUT[name].effect, **member.read.shape, **default}


def _written(value: Any) -> Any:
    return _NAMES[value] if isinstance(value, Acr) else list(value) if isinstance(value, tuple) else value


def schema_text() -> str:
    return json.dumps(schema_of_clients(), ensure_ascii=False, indent=1) + "\n"
