"""How long one single sign-on takes against a running demo: /authorize, /token, /userinfo, one after the other.

    make demo ARGS="--ready-file ready.json" &    python -m bench.sso ready.json 200

Signs Paul MARTIN in once by card, then repeats the flow as the relying party. Prints medians; asserts nothing.
"""

import base64
import hashlib
import json
import secrets
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import requests

from sandbox.demo.driver import Browser, Card


def main(ready_file: str, rounds: int) -> None:
    ready = json.loads(Path(ready_file).read_text())
    client = ready["clients"][0]
    card = next(card for card in ready["cards"] if card["name"] == "martin")
    browser = Browser(Card(card["certificate"], card["key"]), ready["ca_bundle"], [client["redirect_uri"]])
    machine = requests.Session()
    times: dict[str, list[float]] = {"authorize": [], "token": [], "userinfo": []}
    for number in range(rounds + 1):
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode(
            {
                "client_id": client["client_id"],
                "redirect_uri": client["redirect_uri"],
                "response_type": "code",
                "scope": "openid profile professional",
                "state": secrets.token_urlsafe(8),
                "nonce": secrets.token_urlsafe(8),
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        began = time.perf_counter()
        browser.get(f"{ready['issuer']}/authorize?{query}")
        if number == 0:
            browser.submit("Se connecter par CPS")
        authorized = time.perf_counter()
        form = {
            "grant_type": "authorization_code",
            "code": browser.page.query["code"],
            "redirect_uri": client["redirect_uri"],
            "code_verifier": verifier,
        }
        credentials = (client["client_id"], client["client_secret"])
        answer = machine.post(f"{ready['issuer']}/token", data=form, auth=credentials, timeout=10).json()
        redeemed = time.perf_counter()
        bearer = {"Authorization": f"Bearer {answer['access_token']}"}
        machine.get(f"{ready['issuer']}/userinfo", headers=bearer, timeout=10).raise_for_status()
        if number:
            times["authorize"].append(authorized - began)
            times["token"].append(redeemed - authorized)
            times["userinfo"].append(time.perf_counter() - redeemed)
    for name, values in times.items():
        values.sort()
        p95 = values[int(len(values) * 0.95) - 1]
        print(f"{name:10} median {statistics.median(values) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
