"""Many sign-ins through Pro Santé Connect's simulator against a running demo: errors, times, memory of the provider.

    make demo ARGS="--ready-file ready.json" &    python -m bench.psc_logins ready.json 1000

Each one is a new browser: /authorize, the button, the e-CPS pages, the callback, the code, its tokens, the userinfo.
Prints a line per hundred; asserts nothing. `sign_in` and `memory_kib` serve the tests as well.
"""

import base64
import hashlib
import json
import secrets
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from sandbox.demo.driver import Browser


class SignInFailed(Exception):
    """What came instead of what was expected."""


def sign_in(ready: Mapping[str, Any], rpps: str, machine: requests.Session) -> Mapping[str, Any]:
    """One whole sign-in by e-CPS; gives the userinfo. Raises SignInFailed."""
    client = ready["clients"][0]
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "client_id": client["client_id"],
            "redirect_uri": client["redirect_uri"],
            "response_type": "code",
            "scope": "openid profile professional psc",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    with Browser(None, ready["ca_bundle"], [client["redirect_uri"]]) as browser:
        browser.get(f"{ready['issuer']}/authorize?{query}")
        browser.submit("S'identifier avec Pro Santé Connect")
        browser.submit("Se connecter avec e-CPS", identifier=rpps)
        page = browser.submit("Confirmer")
        if "code" not in page.query:
            raise SignInFailed(f"{page.status} {page.title}")
        code = page.query["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client["redirect_uri"],
        "code_verifier": verifier,
    }
    credentials = (client["client_id"], client["client_secret"])
    answer = machine.post(f"{ready['issuer']}/token", data=form, auth=credentials, timeout=20)
    if answer.status_code != 200:
        raise SignInFailed(f"/token {answer.status_code}")
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    told: Mapping[str, Any] = machine.get(f"{ready['issuer']}/userinfo", headers=bearer, timeout=20).json()
    if told.get("rpps") != rpps:
        raise SignInFailed("/userinfo of somebody else")
    return told


def memory_kib(ready: Mapping[str, Any]) -> int:
    """Resident memory of `idp serve` and its workers, together: they write to the log of the provider."""
    return sum(_resident_kib(pid) for pid in ready["pids"] if _log_of(pid) == "provider.log")


def _log_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/fd/1").readlink().name
    except OSError:
        return ""


def _resident_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def main(ready_file: str, rounds: int) -> None:
    ready = json.loads(Path(ready_file).read_text())
    account = next(one for one in ready["accounts"] if one["charter"] == "accepted")
    errors, times = 0, []
    with requests.Session() as machine:
        for number in range(1, rounds + 1):
            began = time.perf_counter()
            try:
                sign_in(ready, account["rpps"], machine)
            except Exception as error:
                errors += 1
                print(f"{number}: {type(error).__name__} {error}", flush=True)
            times.append(time.perf_counter() - began)
            if number % 100 == 0 or number == rounds:
                latest = statistics.median(times[-100:]) * 1000
                print(
                    f"{number:6} sign-ins  {errors} errors  median {latest:6.1f} ms  {memory_kib(ready):8} KiB",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
