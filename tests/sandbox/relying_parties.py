"""Driving the relying parties: their process, and what a person reads and follows on their pages."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import requests
from bs4 import BeautifulSoup

from tests.sandbox.processes import free_port, start


@dataclass(frozen=True)
class Parties:
    process: subprocess.Popen[str]
    via: str
    grand_age: str


def start_parties(issuer: str, folder: Path) -> Parties:
    ports = free_port(), free_port()
    entries = [
        {
            "name": name,
            "client_id": client_id,
            "client_secret": f"secret of {client_id}",
            "port": port,
            "scope": "openid profile professional",
            "id_token_signed_response_alg": alg,
        }
        for name, client_id, alg, port in (
            ("ViaTrajectoire", "viatrajectoire", "RS256", ports[0]),
            ("Trajectoire Grand Âge", "grand-age", "ES256", ports[1]),
        )
    ]
    config = folder / "rp.json"
    config.write_text(json.dumps({"issuer": issuer, "parties": entries}))
    return Parties(
        start("sandbox.rp", "--config", str(config)), *(f"http://localhost:{port}" for port in ports)
    )


def read(answer: requests.Response) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def text_of(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(selector)
    assert found is not None, f"{selector} is not on the page"
    return found.text.strip()


def sign_in(browser: requests.Session, home: str) -> requests.Response:
    door = read(browser.get(f"{home}/")).find("a", string="Se connecter")
    assert door is not None
    return browser.get(f"{home}{door['href']}")


def claims_of(page: BeautifulSoup, id_: str) -> dict[str, str]:
    names, values = page.select(f"dl#{id_} dt"), page.select(f"dl#{id_} dd")
    return {name.text: " ".join(value.text.split()) for name, value in zip(names, values, strict=True)}


def assert_refused(answer: requests.Response, reason: str, detail: str = "") -> None:
    page = read(answer)
    assert answer.status_code == 400
    assert (text_of(page, "#reason"), detail) == (reason, text_of(page, "#reason-detail") if detail else "")
    assert page.find("a", string="Recommencer la connexion")


def is_signed_in(browser: requests.Session, home: str) -> bool:
    return browser.get(f"{home}/session.json").status_code == 200


def callback_of(browser: requests.Session, home: str) -> str:
    """The callback address the provider answers with, not yet followed."""
    asked = browser.get(f"{home}/login", allow_redirects=False).headers["Location"]
    return str(browser.get(asked, allow_redirects=False).headers["Location"])
