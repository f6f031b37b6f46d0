"""A relying party whose clients.yaml the test rewrites while the provider runs: what an operator does to a policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import AuthenticationEvent
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.store import random_token
from tests.provider import ISSUER, RP, SECRETS, VERIFIER, Browser, Provider, basic

POLICED = "policed"
CALLBACK = "https://policed.example/callback"
_AMR: Mapping[AuthenticatorId, tuple[str, ...]] = {
    "psc": (),
    "cps": ("sc", "pin", "hwk", "mfa"),
    "password": ("pwd",),
    "email_otp": ("otp",),
    "passkey": ("hwk", "user", "mfa"),
}


def claims_in(id_token: str) -> dict[str, Any]:
    """Not verified: signatures are other tests' matter."""
    return dict(jwt.decode(id_token, options={"verify_signature": False}))


@dataclass
class PolicedParty:
    house: Provider
    #: clients.yaml without this client.
    others: str = field(init=False)

    def __post_init__(self) -> None:
        self.others = self.house.settings.where.clients_file.read_text()
        self.govern()

    def govern(self, **members: object) -> None:
        """From now on this is all that clients.yaml says of the client."""
        entry = {
            "client_id": POLICED,
            "client_name": "Policed",
            "client_uri": "https://policed.example/",
            "client_secret": {"file": RP},
            "redirect_uris": [CALLBACK],
            "scopes": ["openid", "profile", "email"],
            "grant_types": ["authorization_code", "refresh_token"],
            **members,
        }
        self.house.settings.where.clients_file.write_text(f"{self.others}  - {json.dumps(entry)}\n")

    def ask(self, browser: Browser, **changes: str | None) -> TestResponse:
        wanted = {"scope": "openid profile email", **changes}
        return browser.follow(browser.authorize(client_id=POLICED, redirect_uri=CALLBACK, **wanted))

    def code(self, browser: Browser, **changes: str | None) -> str:
        return browser.sign_in(
            client_id=POLICED, redirect_uri=CALLBACK, **{"scope": "openid profile email", **changes}
        )

    def redeem(self, code: str) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return self.post("/token", **form, code_verifier=VERIFIER)

    def tokens(self, browser: Browser | None = None, **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.code(browser or self.house.browser(), **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def refresh(self, token: str, **more: str) -> TestResponse:
        return self.post("/token", grant_type="refresh_token", refresh_token=token, **more)

    def introspect(self, token: str) -> dict[str, Any]:
        return dict(self.post("/introspect", token=token).get_json())

    def userinfo(self, token: str) -> dict[str, Any]:
        answer = self.house.userinfo(token)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def post(self, path: str, **form: str) -> TestResponse:
        headers = basic(POLICED, SECRETS[RP])
        return Client(self.house.app, TestResponse).post(path, base_url=ISSUER, data=form, headers=headers)


def signed_in_by(house: Provider, *authenticators: AuthenticatorId) -> Browser:
    """A browser whose session holds these proofs, the first the oldest: signed in at another application."""
    count = len(authenticators)
    return signed_in_since(
        house, *((name, timedelta(seconds=count - rank)) for rank, name in enumerate(authenticators))
    )


def signed_in_since(house: Provider, *proofs: tuple[AuthenticatorId, timedelta]) -> Browser:
    """The same, with the age of each proof."""
    now = datetime.now(UTC)
    events = tuple(
        AuthenticationEvent(authenticator=name, amr=_AMR[name], at=now - age) for name, age in proofs
    )
    settings, clock = house.settings, SystemClock()
    sessions = Sessions(
        store=SqlStore(house.database, clock),
        life=settings.lives.session_life,
        idle=settings.lives.session_idle,
        shared_idle=settings.stations.station_idle,
    )
    session = Session(
        sid=random_token(),
        account_id=house.account.id,
        events=events,
        started_at=events[0].at,
        last_seen_at=now,
    )
    browser = house.browser()
    browser.client.set_cookie("caducee_session", sessions.start(session, now), domain="localhost")
    return browser
