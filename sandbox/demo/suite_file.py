"""The configuration that the OpenID Foundation's suite takes for its plans, as one JSON object to paste there.

Contains the suite's own member names, and how its browser signs the person in. Not here: decisions.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_SHOWN_SECONDS = 10
#: Modules of the suite that have a client of their own.
_CHANNELS = ("frontchannel", "backchannel")


def suite_configuration(issuer: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the suite's configuration. `told`: the member `conformance` of the ready file."""
    clients = {role: _credentials(client) for role, client in told["clients"].items()}
    path = urlsplit(told["suite"]).path
    return {
        "alias": path.rpartition("/")[2],
        "description": "Caducée, on this machine",
        "server": {"discoveryUrl": told["discovery"], "login_hint": told["person"]["login"]},
        **{role: clients[role] for role in clients if role not in _CHANNELS},
        "browser": [_sign_in(issuer, path, told["person"]), _sign_out(issuer, path)],
        "override": {
            f"oidcc-{channel}-rp-initiated-logout": {"client": clients[channel]} for channel in _CHANNELS
        },
    }


def _credentials(client: Mapping[str, Any]) -> dict[str, str]:
    return {name: client[name] for name in ("client_id", "client_secret")}


def _sign_in(issuer: str, path: str, person: Mapping[str, str]) -> dict[str, Any]:
    return {
        "match": f"{issuer}/authorize*",
        "tasks": [
            {
                "task": "Login and password",
                "optional": True,
                "match": f"{issuer}/interaction/*",
                "commands": [
                    ["text", "name", "rpps", person["login"]],
                    ["text", "name", "password", person["password"]],
                    ["click", "css", "form[action$='/password'] button"],
                ],
            },
            {
                "task": "The code of the mail",
                "optional": True,
                "match": f"{issuer}/interaction/*/email_otp",
                "commands": [
                    ["text", "name", "code", person["code"]],
                    ["click", "css", "form[action$='/email_otp'] button"],
                ],
            },
            {
                "task": "Back at the suite",
                "match": f"*{path}/callback*",
                "commands": [["wait", "id", "submission_complete", _SHOWN_SECONDS]],
            },
        ],
    }


def _sign_out(issuer: str, path: str) -> dict[str, Any]:
    return {
        "match": f"{issuer}/end_session*",
        "tasks": [{"task": "Signed out", "match": f"*{path}/post_logout_redirect*"}],
    }
