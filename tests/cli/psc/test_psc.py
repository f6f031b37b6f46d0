"""`idp psc check` as an operator runs it, against the simulator: a process on both sides."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.adapters.psc.hostile_psc import CLIENT_ID, tls_files
from tests.adapters.psc.test_simulator import Simulator, started
from tests.adapters.psc.test_simulator_mtls import BY_CERTIFICATE, by_tls
from tests.commands import idp
from tests.limits import within
from tests.servers import free_port


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with started(tmp_path_factory.mktemp("psc")) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    requests.post(f"{running.control}/api/reset", timeout=within(5)).raise_for_status()
    return running


def check(**settings: str) -> "subprocess.CompletedProcess[str]":
    known = {"ISSUER": "http://localhost:1", "PSC_CLIENT_ID": "caducee", "PSC_CLIENT_SECRET": "s+:%é"}
    return idp("psc", "check", **(known | settings))


def test_simulator_is_found_in_order(simulator: Simulator) -> None:
    done = check(PSC_ISSUER=simulator.issuer)
    assert (done.returncode, done.stderr) == (0, "")
    for name, path in (("redirect URI", "psc/callback"), ("after logout", "end_session/psc")):
        assert f"    {name:20} http://localhost:1/{path}\n" in done.stdout
    closed = "http://localhost:1/psc/backchannel_logout (closed: PSC_BACKCHANNEL_LOGOUT)"
    assert f"    back-channel logout  {closed}" in done.stdout
    assert "ok    redirect URI http://localhost:1/psc/callback: registered (prompt=none" in done.stdout
    assert "ok    client caducee: known (client_secret_basic)" in done.stdout
    assert "ok    authorization_endpoint: http://localhost:" in done.stdout
    assert "note  client_secret_basic: client secrets end" in done.stdout
    assert "FAULT" not in done.stdout


def test_simulator_that_takes_the_secret_in_the_form_is_too(simulator: Simulator) -> None:
    done = check(PSC_ISSUER=simulator.issuer, PSC_CLIENT_AUTHENTICATION="client_secret_post")
    assert "ok    client caducee: known (client_secret_post)" in done.stdout
    assert done.returncode == 0


def test_wrong_secret_outage_and_wrong_endpoint_are_said(simulator: Simulator) -> None:
    wrong = check(PSC_ISSUER=simulator.issuer, PSC_CLIENT_SECRET="not the one")
    assert wrong.returncode == 1
    assert "FAULT client caducee: refused (unauthorized_client)" in wrong.stdout
    simulator.switch(outage="discovery")
    down = check(PSC_ISSUER=simulator.issuer)
    assert down.returncode == 1
    assert "FAULT discovery http" in down.stdout


def test_preset_compared_with_another_discovery_explains_each_difference(simulator: Simulator) -> None:
    """The sandbox's preset, pointed at the simulator: every address differs, and so does the issuer."""
    done = check(
        PSC_ENVIRONMENT="sandbox",
        PSC_DISCOVERY_URL=f"https://localhost:{free_port()}/nowhere",
    )
    assert done.returncode == 1
    assert "issuer https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet, preset sandbox" in (
        done.stdout
    )
    assert "FAULT discovery https://localhost:" in done.stdout


def test_another_redirect_address_and_requests_to_be_pushed_are_found(simulator: Simulator) -> None:
    other = check(PSC_ISSUER=simulator.issuer, ISSUER="http://localhost:2")
    assert other.returncode == 1
    assert "FAULT redirect URI http://localhost:2/psc/callback: refused on a page of its own" in other.stdout
    simulator.switch(par_required=True)
    pushed = check(PSC_ISSUER=simulator.issuer, PSC_BACKCHANNEL_LOGOUT="true")
    assert "ok    requests are pushed first (RFC 9126)" in pushed.stdout
    assert "    back-channel logout  http://localhost:1/psc/backchannel_logout\n" in pushed.stdout
    assert pushed.returncode == 0


def test_settings_that_cannot_work_are_told_in_one_line() -> None:
    assert check().returncode == 2
    unknown = check(PSC_ENVIRONMENT="recette")
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "idp: CADUCEE_PSC_ENVIRONMENT: one of production, sandbox; it is something else\n",
    )
    no_certificate = check(PSC_ENVIRONMENT="production", PSC_CLIENT_AUTHENTICATION="tls_client_auth")
    assert no_certificate.returncode == 2
    assert "tls_client_auth needs a client certificate and its key" in no_certificate.stderr


def test_certificate_instead_of_a_secret_is_found_in_order(tmp_path: Path) -> None:
    files = tls_files(tmp_path)
    with by_tls(tmp_path, files, BY_CERTIFICATE) as simulator:
        done = check(
            PSC_ISSUER=simulator.issuer,
            PSC_CLIENT_ID=CLIENT_ID,
            PSC_CLIENT_SECRET="",
            PSC_CLIENT_AUTHENTICATION="tls_client_auth",
            PSC_CLIENT_CERTIFICATE_FILE=str(files.client),
            PSC_CLIENT_KEY_FILE=str(files.client_key),
            PSC_CA_FILE=str(files.ca),
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"ok    client {CLIENT_ID}: known (tls_client_auth)" in done.stdout
    assert "client secrets end" not in done.stdout
