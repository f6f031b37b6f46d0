"""The adapter and the sandbox's Pro Santé Connect over TLS: the organisation's certificate instead of a secret."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from idp.core.clock import SystemClock
from idp.interaction.upstream import UpstreamMisconfigured
from idp.settings.psc import PscSettings
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import CLIENT_ID, TlsFiles, tls_files
from tests.adapters.psc.test_simulator import CALLBACK, PHYSICIAN, Person, Simulator, log_in, started
from tests.limits import within
from tests.sandbox.psc.driver import basic

BY_CERTIFICATE = {"client_id": CLIENT_ID, "tls_client_auth_subject_dn": f"CN={CLIENT_ID}"}


def by_tls(
    directory: Path, files: TlsFiles, *clients: Mapping[str, str]
) -> AbstractContextManager[Simulator]:
    return started(
        directory,
        *("--tls-certificate", str(files.server), "--tls-key", str(files.server)),
        *("--client-authority", str(files.ca)),
        clients=clients,
        scheme="https",
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def issuer(files: TlsFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clients = (
        BY_CERTIFICATE,
        {"client_id": "another", "tls_client_auth_subject_dn": "CN=another"},
        {"client_id": "secret", "client_secret": "s"},
    )
    with by_tls(tmp_path_factory.mktemp("psc"), files, *clients) as simulator:
        yield simulator.issuer


@pytest.fixture
def settings(issuer: str, files: TlsFiles) -> PscSettings:
    return psc_chosen(
        issuer=issuer,
        client_id=CLIENT_ID,
        client_secret="",
        client_authentication="tls_client_auth",
        client_certificate_file=str(files.client),
        client_key_file=str(files.client_key),
        ca_file=str(files.ca),
    )


@pytest.fixture
def person(files: TlsFiles) -> Iterator[Person]:
    someone = Person()
    someone.browser.verify, someone.browser.trust_env = str(files.ca), False
    with someone.browser:
        yield someone


def test_physician_signs_in_without_any_secret(settings: PscSettings, person: Person) -> None:
    login = log_in(psc_provider(settings, redirect_uri=CALLBACK, clock=SystemClock()), person)
    assert login.rpps == PHYSICIAN[1:]


def test_certificate_of_another_client_is_refused(settings: PscSettings, person: Person) -> None:
    provider = psc_provider(
        replace(settings, client_id="another"), redirect_uri=CALLBACK, clock=SystemClock()
    )
    request = provider.begin(fresh=False)
    with pytest.raises(UpstreamMisconfigured):
        provider.complete(person.follow(request.url), request.pending, now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("client_id", "shows", "secret"),
    [
        (CLIENT_ID, False, None),
        (CLIENT_ID, False, ""),
        (CLIENT_ID, True, "s"),
        ("another", True, None),
        ("secret", True, None),
        ("secret", True, ""),
    ],
)
def test_neither_a_missing_certificate_nor_an_empty_secret_authenticates(
    issuer: str, files: TlsFiles, client_id: str, shows: bool, secret: str | None
) -> None:
    answer = requests.post(
        f"{issuer}/protocol/openid-connect/token",
        {"grant_type": "authorization_code", "client_id": client_id, "code": "x"},
        headers={} if secret is None else basic(client_id, secret),
        cert=(str(files.client), str(files.client_key)) if shows else None,
        verify=str(files.ca),
        timeout=within(5),
    )
    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorized_client"


def test_certificate_of_another_authority_is_not_even_heard(
    issuer: str, files: TlsFiles, tmp_path: Path
) -> None:
    stranger = tls_files(tmp_path)
    with pytest.raises((requests.ConnectionError, ssl.SSLError)):
        requests.post(
            f"{issuer}/protocol/openid-connect/token",
            cert=(str(stranger.client), str(stranger.client_key)),
            verify=str(files.ca),
            timeout=within(5),
        )


def test_pages_of_the_wallet_ask_for_no_certificate(settings: PscSettings, files: TlsFiles) -> None:
    """A browser would open a window to choose one."""
    page = psc_provider(settings, redirect_uri=CALLBACK, clock=SystemClock()).begin(fresh=True).url
    answer = requests.get(page, verify=str(files.ca), timeout=within(5))
    assert answer.status_code == 200
    assert answer.url.startswith("https://")
