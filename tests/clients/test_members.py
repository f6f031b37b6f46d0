"""Every member of a client: docs/relying-party.md says what is true of it, and a test proves its effect."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from idp.clients.located_yaml import At, BadYaml
from idp.clients.members import MEMBERS
from idp.clients.values import ACR_BY_NAME
from idp.interaction.authenticator import Acr

ROOT = Path(__file__).parents[2]

#: For each member, one test that fails when the member has no effect.
PROOFS = {
    "client_id": "tests/clients/test_registry.py::test_the_same_client_twice_is_refused_at_the_second",
    "client_name": "tests/flows/test_charter.py::test_the_person_accepts_the_charter_of_the_client_once",
    "client_uri": (
        "tests/flows/test_charter.py::test_a_charter_never_published_closes_this_client_and_no_other"
    ),
    "logo": "tests/flows/account/test_home.py::test_is_served_from_here",
    "profile": "tests/protocol/client_auth/test_fapi2.py::test_the_profile_is_told_at_the_line_of_the_client",
    "application_type": (
        "tests/protocol/authorization/test_native_applications.py::"
        "test_a_native_application_signs_in_at_whatever_port_it_listens"
    ),
    "redirect_uris": (
        "tests/protocol/authorization/test_sign_in.py::"
        "test_a_removed_redirect_uri_ends_on_a_page_and_not_there"
    ),
    "post_logout_redirect_uris": (
        "tests/protocol/logout/test_end_session.py::test_an_address_that_is_not_registered_ends_the_session_and_stays_here"
    ),
    "frontchannel_logout_uri": (
        "tests/protocol/logout/test_frontchannel.py::test_policy_of_that_page_frames_exactly_the_registered_origins"
    ),
    "backchannel_logout_uri": (
        "tests/protocol/logout/test_backchannel.py::test_notice_is_called_at_the_address_of_now"
    ),
    "allowed_origins": (
        "tests/protocol/client_auth/test_cross_origin.py::"
        "test_a_page_of_a_listed_origin_reads_in_place_of_those_of_the_redirect_addresses"
    ),
    "token_endpoint_auth_method": (
        "tests/protocol/client_auth/test_either_method.py::test_a_named_method_holds_the_client_to_it"
    ),
    "token_endpoint_auth_signing_alg": (
        "tests/protocol/client_auth/test_client_assertion.py::test_the_registered_algorithm_is_the_only_one"
    ),
    "client_secret": (
        "tests/protocol/tokens/test_token.py::test_a_wrong_basic_header_is_401_with_its_challenge"
    ),
    "client_secrets": (
        "tests/protocol/client_auth/test_dated_credentials.py::test_of_two_secrets_each_passes_in_its_days"
    ),
    "jwks": (
        "tests/protocol/client_auth/test_client_assertion.py::"
        "test_without_kid_the_one_key_of_the_algorithm_is_meant"
    ),
    "jwks_uri": (
        "tests/protocol/client_auth/test_client_assertion.py::"
        "test_keys_behind_jwks_uri_are_fetched_and_followed"
    ),
    **dict.fromkeys(
        [name for name in MEMBERS if name.startswith("tls_client_auth_")],
        "tests/protocol/client_auth/test_mtls.py::test_each_kind_of_name_may_be_the_registered_one",
    ),
    "grant_types": (
        "tests/protocol/authorization/test_client_policy.py::"
        "test_a_client_without_the_refresh_grant_gets_no_refresh_token_and_may_not_use_one"
    ),
    "scopes": (
        "tests/protocol/authorization/test_client_policy.py::"
        "test_a_scope_that_the_client_does_not_have_is_not_granted"
    ),
    "claims": (
        "tests/protocol/authorization/test_client_policy.py::"
        "test_claims_cut_what_scopes_and_the_claims_parameter_release"
    ),
    "id_token_claims": (
        "tests/protocol/tokens/test_id_token_claims.py::test_the_id_token_names_the_person_where_registered"
    ),
    "introspects": (
        "tests/protocol/tokens/test_introspection.py::test_an_api_is_shown_the_tokens_of_the_clients_that_it_names"
    ),
    "pkce": (
        "tests/protocol/authorization/test_pkce_policy.py::test_a_client_with_optional_pkce_signs_in_without"
    ),
    "nonce": (
        "tests/protocol/authorization/test_client_policy.py::test_a_client_that_must_send_a_nonce_hears_so"
    ),
    "require_pushed_authorization_requests": (
        "tests/protocol/authorization/test_pushed_requests.py::test_a_client_that_must_push_cannot_send_its_request_by_the_browser"
    ),
    "request_object_signing_alg": (
        "tests/protocol/authorization/test_request_objects.py::test_a_client_without_a_registered_algorithm_gets_request_not_supported"
    ),
    "require_signed_request_object": (
        "tests/protocol/authorization/test_request_objects.py::test_a_client_that_must_sign_cannot_send_a_plain_request"
    ),
    "id_token_signed_response_alg": (
        "tests/protocol/authorization/test_sign_in.py::test_a_client_that_chose_es256_gets_es256"
    ),
    "id_token_encrypted_response_alg": (
        "tests/protocol/tokens/test_encrypted_tokens.py::test_an_id_token_is_signed_then_encrypted_as_registered"
    ),
    "id_token_encrypted_response_enc": (
        "tests/protocol/tokens/test_encrypted_tokens.py::test_an_id_token_is_signed_then_encrypted_as_registered"
    ),
    "userinfo_signed_response_alg": (
        "tests/protocol/tokens/test_encrypted_tokens.py::test_userinfo_is_a_jwt_where_registered"
    ),
    "authorization_signed_response_alg": (
        "tests/protocol/authorization/test_response_modes.py::test_the_answer_is_signed_by_the_algorithm_registered"
    ),
    "session_state_in_token_response": (
        "tests/protocol/tokens/test_refresh.py::"
        "test_session_state_is_the_sid_for_a_client_registered_for_it_and_absent_for_others"
    ),
    "dpop_bound_access_tokens": (
        "tests/protocol/client_auth/test_dpop.py::test_a_client_registered_for_bound_tokens_gets_no_other"
    ),
    "tls_client_certificate_bound_access_tokens": (
        "tests/protocol/client_auth/test_mtls.py::test_a_client_of_bound_tokens_gets_none_without_a_certificate"
    ),
    "access_token_life": (
        "tests/protocol/authorization/test_client_policy.py::test_lives_of_its_own_are_those_of_its_tokens"
    ),
    "id_token_life": (
        "tests/protocol/authorization/test_client_policy.py::test_lives_of_its_own_are_those_of_its_tokens"
    ),
    "refresh_token_idle": (
        "tests/protocol/authorization/test_client_policy.py::test_lives_of_its_own_are_those_of_its_tokens"
    ),
    "refresh_grace": "tests/protocol/tokens/test_lost_answer.py::test_each_client_may_have_a_grace_of_its_own",
    "sector_identifier": (
        "tests/protocol/tokens/test_subject.py::"
        "test_each_sector_has_its_own_sub_and_every_token_of_a_client_agrees"
    ),
    "minimum_acr": (
        "tests/protocol/authorization/test_client_policy.py::"
        "test_assurance_raised_since_stops_redemption_and_refreshing"
    ),
    "authenticators": (
        "tests/flows/test_choice.py::test_a_session_counts_only_for_a_client_that_allows_its_door"
    ),
    "charters": "tests/flows/test_charter.py::test_the_person_accepts_the_charter_of_the_client_once",
    "psc_idp_hint": (
        "tests/flows/test_psc_brokers.py::test_the_application_s_own_goes_before_that_of_the_network"
    ),
}


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("member", list(MEMBERS))
def test_a_test_proves_the_effect_of_each_member(member: str) -> None:
    file, _, name = PROOFS[member].partition("::")
    assert name in functions_of(file)


def test_nothing_is_proved_of_a_member_that_is_none() -> None:
    assert PROOFS.keys() == MEMBERS.keys()


# The reference.


@cache
def rows() -> dict[str, list[str]]:
    """Member → cells: values, default, effect, source."""
    text = (ROOT / "docs" / "relying-party.md").read_text("utf-8")
    section = text.split("### Every member of a client\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_reference_has_each_member_once_in_the_order_of_the_code() -> None:
    assert list(rows()) == list(MEMBERS)
    assert all(len(cells) == 4 and all(cells) for cells in rows().values())


@pytest.mark.parametrize("member", list(MEMBERS))
def test_the_default_told_is_the_default(member: str) -> None:
    told, default = rows()[member][1], MEMBERS[member].default
    if default is ...:
        assert told == "required"
    elif default in (None, ()):
        assert re.fullmatch(r"none(: .+)?", told)
    elif isinstance(default, Acr):
        assert ACR_BY_NAME[words(told)[0]] is default
    else:
        expected = (
            default
            if isinstance(default, tuple)
            else (str(default).lower() if default is False else default,)
        )
        assert words(told) == list(expected)


def fault(member: str, value: str) -> str:
    """What the reader says of this value, "" when it takes it."""
    try:
        MEMBERS[member].read(At(yaml.compose(value, Loader=yaml.SafeLoader), Path("clients.yaml")))
    except BadYaml as error:
        return str(error).partition(": ")[2]
    return ""


def choices(member: str) -> list[str]:
    """The whole list that the reader knows; empty when any text of a shape will do."""
    for wrong in ("no-such-value", "[no-such-value]"):
        said = fault(member, wrong)
        found = re.search(r"expected (?:at least )?one of: (.+)", said)
        if found:
            return found[1].split(", ")
        if said == "expected true or false":
            return ["true", "false"]
    return []


@pytest.mark.parametrize("member", [name for name in MEMBERS if name != "claims" and choices(name)])
def test_the_values_told_are_those_that_are_read(member: str) -> None:
    assert words(rows()[member][0]) == choices(member)


def test_most_members_have_a_list_that_is_compared() -> None:
    assert sum(bool(choices(member)) for member in MEMBERS) > 15


@pytest.mark.parametrize("member", ["access_token_life", "id_token_life", "refresh_token_idle"])
def test_the_bounds_told_are_the_bounds(member: str) -> None:
    least, most = re.findall(r"\d+", rows()[member][0])
    assert [fault(member, str(n)) for n in (int(least), int(most))] == ["", ""]
    assert all(fault(member, str(n)) for n in (int(least) - 1, int(most) + 1))
