"""From key generation in the HSM to a verified ID Token; and the HSM away in the middle of it all.

The HSM is SoftHSM2 behind `p11-kit server`: a process that stops and hangs as one on the network does.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.hsm import PIN, HsmServer, client_library, hsm_server, make_token
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within

Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def hsm() -> Iterator[HsmServer]:
    place = Path(tempfile.mkdtemp(prefix="hsm-"))
    with hsm_server(make_token(place / "token"), place / "s") as running:
        yield running
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def demo(hsm: HsmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo whose tokens are signed in the HSM: the keys are generated there while it runs."""
    chosen = {"HSM_LIBRARY": client_library(), "HSM_PIN_FILE": str(hsm.token.pin_file), "HSM_TIMEOUT": "1"}
    settings = [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in hsm.environment.items():
            patch.setenv(name, value)
        with running_demo(tmp_path_factory.mktemp("hsm"), *settings) as running:
            generated = running.command(
                "keys", "rotate", "--now", "--pkcs11", f"pkcs11:token={hsm.token.label}"
            )
            assert (generated.returncode, generated.stdout.count("hardware")) == (0, 2), generated.stderr
            assert soon(lambda: len(jwks(running)) == 4)
            yield running


def jwks(demo: Demonstration) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{demo.issuer}/jwks", timeout=within(10)).json()["keys"]
    return found


def ready(demo: Demonstration) -> int:
    return requests.get(f"{demo.issuer}/health/ready", timeout=within(10)).status_code


def soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + within(20)
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


def hardware_kids(demo: Demonstration) -> set[str]:
    rows = [line.split() for line in demo.command("keys", "list").stdout.splitlines()[1:]]
    return {row[0] for row in rows if row[5] == "hardware"}


@pytest.mark.parametrize("client_id", ["viatrajectoire", "grand-age"])
def test_an_id_token_signed_in_the_hsm_is_verified_by_a_library_that_is_not_ours(
    demo: Demonstration, browse: Browse, client_id: str
) -> None:
    party, browser = OwnParty.of(demo, client_id), browse("martin")
    party.ask(browser)
    do.by_card(browser)
    answer = party.redeem(party.answer(browser.page)["code"])
    assert answer.status_code == 200, answer.text
    token = answer.json()["id_token"]
    header = jwt.get_unverified_header(token)
    assert header["kid"] in hardware_kids(demo)
    (key,) = [key for key in jwks(demo) if key["kid"] == header["kid"]]
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=[party.alg], audience=client_id, issuer=demo.issuer)
    assert claims["nonce"] == party.nonce


def test_relying_parties_of_another_house_sign_people_in_with_it(demo: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    assert do.is_at_home(do.by_card(browser), demo)
    assert do.is_at_home(do.arrive(browser, demo, do.SIBLING), demo, do.SIBLING)


@pytest.mark.parametrize("outage", ["gone", "hanging"])
def test_without_its_hsm_nothing_is_signed_nothing_is_used_up_and_all_goes_on_when_it_is_back(
    demo: Demonstration, browse: Browse, hsm: HsmServer, outage: str
) -> None:
    party, browser, waiting = OwnParty.of(demo), browse("martin"), browse("martin")
    party.ask(browser)
    do.by_card(browser)
    code = party.answer(browser.page)["code"]
    do.arrive(waiting, demo)
    with getattr(hsm, outage)():
        assert soon(lambda: ready(demo) == 503)
        refused = party.redeem(code)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert refused.headers["Retry-After"] == "10"
        assert len(jwks(demo)) == 4
        assert requests.get(f"{demo.issuer}/health/live", timeout=within(10)).status_code == 200
        # The pages are fine, up to the code.
        page = do.by_card(waiting)
        assert (page.status, page.title) == (503, "Erreur : Service momentanément indisponible – Caducée")
        assert page.says("Rien de ce que vous avez validé n'est perdu.")
        assert "hsm" not in page.html.lower()
        # No page may be shown: the relying party is told.
        silent = OwnParty.of(demo)
        told = silent.answer(silent.ask(browser, prompt="none"))
        assert told["error"] == "temporarily_unavailable"
        # A signed answer cannot be had either: a page it is.
        page = silent.ask(browser, prompt="none", response_mode="query.jwt")
        assert (page.status, do.header(page, "Retry-After")) == (503, "10")
    assert soon(lambda: ready(demo) == 200)
    redeemed = party.redeem(code)
    assert redeemed.status_code == 200, redeemed.text
    assert do.is_at_home(waiting.reload(), demo)


def test_the_pin_is_in_no_log_of_the_demo(demo: Demonstration) -> None:
    logs = [path.read_text() for path in demo.state.rglob("*.log")]
    assert any("hsm_lost" in text for text in logs)
    assert not any(PIN in text for text in logs)
