"""The certification profile itself: what it offers a suite, and where it refuses to be."""

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.demo.conformance import Certification
from sandbox.demo.driver import Browser
from tests.conformance.suite import Suite
from tests.demonstration import fork_demo
from tests.limits import within


def refusal(state: Path, *options: str) -> tuple[int, str]:
    """Exit status and words of a demo that must not start."""
    process = fork_demo(state, "--profile", "conformance", *options)
    status = process.wait(within(90))
    return status, process.stdout + process.stderr


def test_the_issuer_is_https_on_this_machine_and_its_certificate_is_checked(suite: Suite) -> None:
    assert suite.demo.issuer.startswith("https://localhost:")
    assert suite.metadata()["issuer"] == suite.demo.issuer


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(suite: Suite, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=suite.demo.ready["ca_bundle"])
    context.minimum_version = context.maximum_version = version
    where = urlsplit(suite.demo.issuer)
    with (
        socket.create_connection((str(where.hostname), int(where.port or 443)), timeout=within(10)) as plain,
        context.wrap_socket(plain, server_hostname=where.hostname) as secured,
    ):
        assert secured.version() == version.name.replace("_", ".")


def test_everything_a_suite_asks_for_is_told(suite: Suite) -> None:
    assert set(suite.told) == {"suite", "discovery", "clients", "person", "plans", "nginx"}
    assert set(suite.person) == {"login", "password", "code"}
    clients = suite.told["clients"]
    assert list(clients) == ["client", "client2", "client_secret_post", "frontchannel", "backchannel"]
    methods = {role: client["token_endpoint_auth_method"] for role, client in clients.items()}
    assert methods.pop("client_secret_post") == "client_secret_post"
    assert set(methods.values()) == {"client_secret_basic"}
    assert len({client["client_id"] for client in clients.values()}) == len(clients)
    assert len({client["client_secret"] for client in clients.values()}) == len(clients)


def test_the_addresses_are_those_the_suite_makes_of_its_own(suite: Suite) -> None:
    for client in suite.told["clients"].values():
        assert client["redirect_uris"][0] == f"{suite.address}/callback"
        assert client["post_logout_redirect_uris"] == [f"{suite.address}/post_logout_redirect"]
    for channel in ("frontchannel", "backchannel"):
        named = f"{channel}_logout_uri"
        assert suite.client(channel)[named] == f"{suite.address}/{channel}_logout"
        assert [role for role, client in suite.told["clients"].items() if named in client] == [channel]


def test_cookies_are_bound_to_the_host_and_secure(suite: Suite) -> None:
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"]) as browser:
        browser.get(suite.demo.client("viatrajectoire")["home"])
        browser.click("Se connecter")
        assert browser.page.url.startswith(suite.demo.issuer)
        own = [cookie for cookie in browser.cookies if "caducee" in cookie.name]
    assert own
    assert all(cookie.name.startswith("__Host-") and cookie.secure for cookie in own)


def test_localhost_is_not_pinned_to_https(suite: Suite) -> None:
    """The applications of the demo are on http ports of the same host."""
    assert "Strict-Transport-Security" not in suite.call("GET", suite.demo.issuer + "/").headers


def test_the_applications_of_the_demo_sign_in_as_well(suite: Suite) -> None:
    home = suite.demo.client("viatrajectoire")["home"]
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"]) as browser:
        browser.get(home)
        browser.click("Se connecter")
        browser.submit(
            "Se connecter", username=suite.person["login"], current_password=suite.person["password"]
        )
        browser.submit("Valider", one_time_code=suite.person["code"])
        assert browser.page.url == home
        assert browser.page.says("Vous êtes connecté")


def test_an_issuer_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    status, said = refusal(tmp_path, "--set", "ISSUER=https://id.example")
    assert status == 2
    assert "CADUCEE_MAIL_CODE_FIXED: only with an issuer on a loopback host" in said


@pytest.mark.parametrize(
    "address",
    ["http://suite.example/test/a/x", "suite.example", "https://suite.example/test/", "https://a.example/?x=1",
     'https://a.example/"b', "https://a.example/#x", "https://a.example/*", "https://", ""],
)  # fmt: skip
def test_an_address_that_is_none_of_a_suite_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="--suite: an https address"):
        Certification(address)


def test_the_log_says_that_codes_are_known(suite: Suite) -> None:
    log = (suite.demo.state / "logs" / "provider.log").read_text("utf-8")
    assert "every mail code is the same one" in log
    assert suite.person["code"] not in log


def test_an_address_without_the_profile_is_refused(tmp_path: Path) -> None:
    process = fork_demo(tmp_path / "state", "--suite", "https://suite.example/test/a/x")
    assert process.wait(within(90)) == 2
    assert "--suite: only with --profile conformance" in process.stderr


def test_a_refused_address_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    status, said = refusal(tmp_path / "state", "--suite", "http://suite.example")
    assert (status, "--suite: an https address" in said) == (2, True)
    assert not (tmp_path / "state").exists()
