"""A relying party and a person without JavaScript, who know only OpenID Connect and what the pages say."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag
from joserfc import jws
from joserfc.jwk import KeySet

from tests.limits import within
from tests.sandbox.processes import free_port, start

CLIENT_ID, SECRET = "tiers", "s+e:c%r é"
CALLBACK = "http://localhost:1/callback?from=psc"
SIGNED_OUT = "http://localhost:1/signed-out"
TIMEOUT = within(5)
CLIENTS: list[dict[str, Any]] = [
    {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
    },
    {"client_id": "autre", "client_secret": "other", "redirect_uris": ["http://localhost:1/autre"]},
]


@dataclass
class Psc:
    """The running simulator, known by its issuer."""

    process: Any
    issuer: str
    control: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def discover(self) -> None:
        address = f"{self.issuer}/.well-known/wallet-openid-configuration"
        self.metadata = requests.get(address, timeout=TIMEOUT).json()

    def switch(self, **switches: object) -> None:
        requests.put(f"{self.control}/api/switches", json=switches, timeout=TIMEOUT).raise_for_status()

    def reset(self) -> None:
        requests.post(f"{self.control}/api/reset", timeout=TIMEOUT).raise_for_status()

    def post(self, endpoint: str, form: Mapping[str, str], **sent: Any) -> requests.Response:
        """With HTTP Basic, unless `auth` says otherwise."""
        auth = sent.pop("auth", basic(CLIENT_ID, SECRET))
        return requests.post(self.metadata[endpoint], form, headers=auth, timeout=TIMEOUT, **sent)

    def redeem(self, answer: Mapping[str, str], verifier: str = "", **other: Any) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK}
        if verifier:
            form["code_verifier"] = verifier
        return self.post("token_endpoint", form, **other)

    def refresh(self, token: str) -> requests.Response:
        return self.post("token_endpoint", {"grant_type": "refresh_token", "refresh_token": token})

    def userinfo(self, access: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"}
        return requests.get(self.metadata["userinfo_endpoint"], headers=headers, timeout=TIMEOUT)

    def keys(self) -> KeySet:
        return KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=TIMEOUT).json())

    def verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims, the signature checked by a third-party library. Raises its BadSignatureError."""
        checked = jws.deserialize_compact(token, self.keys(), algorithms=["RS256"])
        return dict(checked.headers()), json.loads(checked.payload)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """RFC 6749 §2.3.1: form-encoded, then base64."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def start_psc(directory: Path, *arguments: str) -> Psc:
    clients = directory / "clients.json"
    clients.write_text(json.dumps(CLIENTS))
    auth, wallet = free_port(), free_port()
    ports = ("--auth-port", str(auth), "--wallet-port", str(wallet))
    process = start("sandbox.psc", *ports, "--clients", str(clients), *arguments)
    origin = f"http://localhost:{auth}"
    psc = Psc(process, f"{origin}/auth/realms/esante-wallet", f"{origin}/simulateur")
    psc.discover()
    return psc


class Browser:
    """A person at a browser that stops at the door of the relying party."""

    def __init__(self, psc: Psc) -> None:
        self.psc = psc
        self.http = requests.Session()
        self.page: requests.Response = requests.Response()

    def ask(self, **changes: str | None) -> None:
        """Arrive with an ordinary authorization request; a change to None leaves the parameter out."""
        ordinary = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "state": secrets.token_hex(8),
            "nonce": secrets.token_hex(32),
        }
        sent = {name: value for name, value in {**ordinary, **changes}.items() if value is not None}
        self._go("GET", self.psc.metadata["authorization_endpoint"], params=sent)

    def answer(self) -> dict[str, str]:
        """What the relying party was sent back with."""
        location = self.page.headers["Location"]
        assert location.startswith(CALLBACK + "&"), location
        return dict(parse_qsl(urlsplit(location).query))

    def by_card(self, identity: str = "kit", pin: str = "1234") -> dict[str, str]:
        self.follow("Carte CPS")
        self.submit("Se connecter avec la carte", identity=identity, pin=pin)
        return self.answer()

    def by_phone(self, identifier: str, decision: str = "Confirmer") -> None:
        self.submit("Se connecter avec e-CPS", identifier=identifier)
        self.submit(decision)

    def follow(self, link: str) -> None:
        found = self.soup.find("a", string=link)
        assert isinstance(found, Tag), f"no link {link}: {self.text}"
        self._go("GET", urljoin(self.page.url, str(found["href"])))

    def submit(self, button: str, **typed: str) -> None:
        """Press the button of that name, after filling fields its form must have."""
        found = self.soup.find("button", string=button)
        assert isinstance(found, Tag), f"no button {button}: {self.text}"
        form = found.find_parent("form")
        assert isinstance(form, Tag)
        for name in typed:
            assert form.find(["input", "select"], {"name": name}), f"no field {name}"
        for hidden in form.select("input[type=hidden]"):
            typed.setdefault(str(hidden["name"]), str(hidden["value"]))
        if found.get("name"):
            typed[str(found["name"])] = str(found["value"])
        self._go("POST", urljoin(self.page.url, str(form["action"])), data=typed)

    def visit(self, url: str, **sent: Any) -> None:
        self._go("GET", url, **sent)

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.page.text, "html.parser")

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.soup.get_text(" "))

    @property
    def is_at_sign_in(self) -> bool:
        return self.page.ok and "Connectez-vous" in self.text

    def _go(self, method: str, url: str, **sent: Any) -> None:
        self.page = self.http.request(method, url, allow_redirects=False, timeout=TIMEOUT, **sent)
        location = self.page.headers.get("Location")
        if location and not location.startswith("http://localhost:1/"):
            self._go("GET", urljoin(self.page.url, location))


def tokens(psc: Psc, browser: Browser, identity: str = "kit") -> dict[str, Any]:
    """The token response of an ordinary card login."""
    browser.ask()
    response = psc.redeem(browser.by_card(identity))
    assert response.status_code == 200, response.text
    received: dict[str, Any] = response.json()
    return received


def assert_refused(response: requests.Response, status: int, error: str, description: str) -> None:
    assert (response.status_code, response.json()) == (
        status,
        {"error": error, "error_description": description},
    )


def published(sample: str) -> dict[str, Any]:
    """A userinfo published by ANS (facts/psc §4.5)."""
    payload: dict[str, Any] = json.loads((Path(__file__).parent / "published" / f"{sample}.json").read_text())
    return payload
