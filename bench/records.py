"""What the records of a login cost to write and to read: the converter alone, and with `json`.

    python -m bench.records

Prints µs of CPU time, the least of many rounds; asserts nothing.
"""

import json
import time
import timeit
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from idp.accounts.account import AccountId
from idp.core.records import from_plain, to_plain
from idp.interaction.authenticator import Acr
from idp.interaction.record import AuthenticationEvent, Interaction
from idp.interaction.session import Session

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_EVENTS = (
    AuthenticationEvent(
        authenticator="psc",
        amr=("sc", "pin"),
        at=_NOON,
        upstream_acr="eidas1",
        upstream_auth_mode="CARD",
        upstream_sid="0b6f1c2e-7d2b-4a2a-9df3-0d0b8f3c2a11",
    ),
    AuthenticationEvent(authenticator="cps", amr=("sc", "pin", "hwk", "mfa"), at=_NOON),
)
#: As a relying party asks: nine parameters, PKCE among them.
_REQUEST = {
    "response_type": "code",
    "client_id": "viatrajectoire",
    "redirect_uri": "https://rp.test/cb",
    "scope": "openid profile professional",
    "state": "s" * 22,
    "nonce": "n" * 22,
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
    "acr_values": "urn:caducee:acr:cps",
}
INTERACTION = Interaction(
    id="i" * 43,
    client_id="viatrajectoire",
    request=_REQUEST,
    needed=Acr.PWD_OTP,
    silent=False,
    browser="f" * 64,
    locale="fr",
    started_at=_NOON,
    expires_at=_NOON + timedelta(minutes=15),
    events=_EVENTS[:1],
    account_id=AccountId("a" * 32),
    sid="s" * 43,
    upstream_id_token="t" * 900,
)
SESSION = Session(
    sid="s" * 43,
    account_id=AccountId("a" * 32),
    events=_EVENTS,
    started_at=_NOON,
    last_seen_at=_NOON + timedelta(minutes=3),
    upstream_id_token="t" * 900,
)


def microseconds(work: Callable[[], object], *, times: int = 2000, rounds: int = 25) -> float:
    """CPU time of one call, of the quickest round: what runs beside it is not counted."""
    return min(timeit.repeat(work, number=times, repeat=rounds, timer=time.process_time)) / times * 1e6


def main() -> None:
    for record in (INTERACTION, SESSION):
        costs = _costs(type(record), record)
        for name, work in costs.items():
            print(f"{type(record).__name__:12} {name:16} {microseconds(work):6.1f} µs")


def _costs(kind: type, record: object) -> Mapping[str, Callable[[], object]]:
    text = json.dumps(to_plain(record))
    plain = json.loads(text)
    return {
        "write": lambda: to_plain(record),
        "read": lambda: from_plain(kind, {**plain, "version": 3}),
        "write with json": lambda: json.dumps(to_plain(record)),
        "read with json": lambda: from_plain(kind, json.loads(text)),
    }


if __name__ == "__main__":
    main()
