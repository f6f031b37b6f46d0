"""The configurations for the Foundation's suite: a file per plan, with the members that the plan's classes ask for."""

import shlex
import stat
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.banner import for_a_suite
from sandbox.demo.conformance import DEFAULT_SUITE
from sandbox.demo.places import Places
from sandbox.demo.ports import Ports
from sandbox.demo.suite_file import SuiteFiles
from tests.conformance.plans import PLANS
from tests.conformance.scripted_browser import matches
from tests.conformance.suite import Suite
from tests.conformance.suite_configuration import SuiteConfiguration, configurations

DOCS = Path(__file__).parents[2] / "docs" / "conformance.md"
OIDC = [
    "oidcc-basic-certification-test-plan",
    "oidcc-formpost-basic-certification-test-plan",
    "oidcc-config-certification-test-plan",
    "oidcc-rp-initiated-logout-certification-test-plan",
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
    "oidcc-frontchannel-rp-initiated-logout-certification-test-plan",
]
BY_DPOP = ["fapi2-security-profile-final-dpop", "fapi2-message-signing-final"]
BY_CERTIFICATE = ["fapi2-security-profile-final-mtls-bound", "fapi2-security-profile-final-mtls"]
FAPI = [*BY_DPOP, *BY_CERTIFICATE]


@pytest.fixture
def written(suite: Suite) -> dict[str, SuiteConfiguration]:
    return configurations(suite)


def test_each_plan_has_its_file_for_its_owner_alone(written: dict[str, SuiteConfiguration]) -> None:
    assert set(written) == {*OIDC, *FAPI}
    for configuration in written.values():
        assert stat.S_IMODE(configuration.path.stat().st_mode) == 0o600
        assert configuration.content["alias"] == "caducee"
        assert configuration.content["server"]["discoveryUrl"] == configuration.suite.told["discovery"]


def test_a_plan_is_one_command_of_the_suite(written: dict[str, SuiteConfiguration]) -> None:
    for configuration in written.values():
        *_where, script, plan, path = shlex.split(configuration.told["command"])
        assert (script, plan, path) == (
            "scripts/run-test-plan.py",
            configuration.told["plan"],
            str(configuration.path),
        )
    names = {configuration.name for configuration in written.values()}
    assert names == {
        *PLANS,
        "fapi2-security-profile-final-test-plan",
        "fapi2-message-signing-final-test-plan",
    }


def test_the_demo_prints_every_command_those_by_certificate_after_nginx(suite: Suite) -> None:
    printed = for_a_suite(suite.demo.ready)
    before, after = printed.split(suite.told["nginx"]["command"])
    for plan in suite.told["plans"]:
        assert (plan["command"] in before, plan["command"] in after) == (
            not plan["needs_nginx"],
            plan["needs_nginx"],
        )


def test_the_files_and_their_variants_are_in_the_docs(written: dict[str, SuiteConfiguration]) -> None:
    documented = DOCS.read_text("utf-8")
    for name, configuration in written.items():
        (row,) = [line for line in documented.splitlines() if line.endswith(f"| `{name}.json` |")]
        everywhere = (
            f"{row}[openid=openid_connect][fapi_profile=plain_fapi][authorization_request_type=simple]"
        )
        plan, *chosen = configuration.told["plan"].split("[")
        assert row.startswith(f"| `{plan}")
        assert all(f"[{choice}" in everywhere for choice in chosen)


def test_the_variants_leave_no_choice_to_a_hand(written: dict[str, SuiteConfiguration]) -> None:
    def variant(name: str) -> dict[str, str]:
        _plan, *chosen = written[name].told["plan"].replace("]", "").split("[")
        return dict(choice.split("=") for choice in chosen)

    assert variant(OIDC[0]) == {"server_metadata": "discovery", "client_registration": "static_client"}
    assert variant(OIDC[2]) == {}
    assert variant(OIDC[3]) == {"client_registration": "static_client", "response_type": "code"}
    fapi = {
        "openid": "openid_connect",
        "fapi_profile": "plain_fapi",
        "authorization_request_type": "simple",
    }
    by_key = {"client_auth_type": "private_key_jwt", **fapi}
    assert variant(BY_DPOP[0]) == {**by_key, "sender_constrain": "dpop"}
    assert variant(BY_CERTIFICATE[0]) == {**by_key, "sender_constrain": "mtls"}
    assert variant(BY_CERTIFICATE[1]) == {**fapi, "client_auth_type": "mtls", "sender_constrain": "mtls"}
    assert variant(BY_DPOP[1]) == {
        **by_key,
        "sender_constrain": "dpop",
        "fapi_request_method": "signed_non_repudiation",
        "fapi_response_mode": "jarm",
    }


def test_the_command_finds_a_suite_that_is_elsewhere(suite: Suite) -> None:
    first = suite.told["plans"][0]["command"]
    base = suite.address.partition("/test/")[0]
    assert first.startswith(f"CONFORMANCE_DEV_MODE=1 CONFORMANCE_SERVER={base}/ scripts/run-test-plan.py ")


def test_the_command_needs_no_address_where_the_suite_looks_by_itself(tmp_path: Path) -> None:
    told = {
        "suite": DEFAULT_SUITE,
        "discovery": "",
        "clients": {
            role: {"client_id": role, "client_secret": "x"}
            for role in ("client", "client2", "client_secret_post", "backchannel", "frontchannel")
        },
        "person": {"login": "", "password": "", "code": ""},
    }
    (tmp_path / "suite").mkdir()
    found = SuiteFiles(Ports(8400, "https"), Places(tmp_path), told, {}).write()
    assert all(plan["command"].startswith("scripts/run-test-plan.py ") for plan in found["plans"])


@pytest.mark.parametrize("name", OIDC[:4])
def test_the_three_clients_with_a_secret_are_there(
    written: dict[str, SuiteConfiguration], suite: Suite, name: str
) -> None:
    for role in ("client", "client2", "client_secret_post"):
        assert written[name].content[role] == {
            member: suite.client(role)[member] for member in ("client_id", "client_secret")
        }


@pytest.mark.parametrize("channel", ["backchannel", "frontchannel"])
def test_the_plan_of_a_channel_has_the_client_that_is_told_by_it(
    written: dict[str, SuiteConfiguration], suite: Suite, channel: str
) -> None:
    content = written[f"oidcc-{channel}-rp-initiated-logout-certification-test-plan"].content
    assert content["client"]["client_id"] == suite.client(channel)["client_id"]
    assert f"{channel}_logout_uri" in suite.client(channel)


@pytest.mark.parametrize("name", OIDC)
def test_every_module_with_steps_of_its_own_is_of_its_plan(
    written: dict[str, SuiteConfiguration], name: str
) -> None:
    _file, modules = PLANS[name]
    assert set(written[name].content["override"]) <= set(modules)


# The browser's patterns.


def patterns(configuration: SuiteConfiguration) -> list[tuple[str, str]]:
    """What each task of each script is called, and the addresses it is for."""
    content = configuration.content
    scripts = [content["browser"], *(part["browser"] for part in content["override"].values())]
    entries: list[dict[str, Any]] = list(chain.from_iterable(scripts))
    tasks = chain.from_iterable(entry["tasks"] for entry in entries)
    return [("entry", entry["match"]) for entry in entries] + [
        (task["task"], task["match"]) for task in tasks
    ]


@pytest.mark.parametrize("name", [*OIDC, *FAPI])
def test_no_pattern_takes_an_address_for_what_stands_in_its_query(
    written: dict[str, SuiteConfiguration], suite: Suite, name: str
) -> None:
    """The suite writes `:` and `/` as they are in a query, and `*` takes anything."""
    issuer, address = suite.demo.issuer, suite.address
    asked = f"{issuer}/authorize?redirect_uri={address}/callback&state={issuer}/interaction/1/email_otp"
    leaving = f"{issuer}/end_session?post_logout_redirect_uri={address}/post_logout_redirect&state={issuer}/authorize"
    answered = f"{address}/callback?iss={issuer}&state={issuer}/interaction/1/email_otp"
    home = {asked: f"{issuer}/authorize", leaving: f"{issuer}/end_session", answered: f"{address}/callback"}
    for task, pattern in patterns(written[name]):
        assert pattern.startswith((f"{issuer}/", f"{address}/")), task
        for found, own in home.items():
            assert matches(pattern, found) is pattern.startswith(own), f"{task}: {pattern}"
