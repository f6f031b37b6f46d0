"""Passkeys of the tests: as they are kept, and of the software authenticator."""

import json
from typing import Any

from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.passkeys import Passkey, kept
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.core.clock import SystemClock
from idp.signing.key_ring import b64u
from idp.wiring.passkeys import build_ceremonies
from tests.authenticator import Authenticator
from tests.fakes import NOON
from tests.people import ALICE
from tests.provider import Provider

CHALLENGE = b64u(b"c" * 32)


def a_passkey(**changes: Any) -> Passkey:
    told: dict[str, Any] = {
        "id": "passkey-1",
        "account_id": ALICE,
        "credential_id": b64u(b"credential 1"),
        "public_key": b64u(b"no key of anybody"),
        "sign_count": 0,
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "is_synced": False,
        "is_backed_up": False,
        "transports": ("internal",),
        "name": "Téléphone",
        "created_at": NOON,
    }
    return Passkey(**(told | changes))


def give(house: Provider, authenticator: Authenticator, **changes: Any) -> Passkey:
    """Add its passkey to the account of this house, as if the person had done so earlier."""
    ceremonies = build_ceremonies(house.settings)
    account = house.account
    options = ceremonies.creation(account, (), CHALLENGE, elsewhere=False)
    new = ceremonies.made(authenticator.make(options), CHALLENGE)
    told = {"passkey_id": "passkey-1", "account_id": account.id, "name": "", "now": SystemClock().now()}
    passkey = kept(new, **(told | changes))
    SqlPasskeys(house.database).add(passkey, most=100)
    return passkey


def link_of(page: TestResponse) -> str:
    """Where the page leads for a passkey."""
    soup = BeautifulSoup(page.text, "html.parser")
    return next(str(a["href"]) for a in soup.find_all("a") if str(a["href"]).endswith("/passkey"))


def options_of(page: TestResponse) -> dict[str, Any]:
    """What the script of the page would call the browser with."""
    form = BeautifulSoup(page.text, "html.parser").select_one("form[data-options]")
    assert form is not None, page.text
    return dict(json.loads(str(form["data-options"])))
