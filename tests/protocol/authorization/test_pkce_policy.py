"""`pkce: optional`: a client may do without; an attacker may talk no client out of it (RFC 9700 §4.8)."""

from collections.abc import Callable

import pytest

from idp.clients.client_file import ClientFile
from idp.clients.located_yaml import BadYaml
from idp.clients.registry import read_clients
from idp.core.clock import SystemClock
from tests.logged import logged_here
from tests.protocol.policed import claims_in
from tests.provider import RP, VERIFIER, Provider, answer_of

NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    path = made.settings.where.clients_file
    first = '    post_logout_redirect_uris: ["https://trajectoire'
    path.write_text(path.read_text().replace(first, "    pkce: optional\n" + first, 1))
    return made


def test_a_client_with_optional_pkce_signs_in_without(provider: Provider) -> None:
    code = provider.browser().sign_in(**NO_PKCE)
    assert provider.exchange(code, code_verifier=None).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(provider: Provider) -> None:
    """RFC 9700 §4.8.2: the downgrade."""
    code = provider.browser().sign_in(**NO_PKCE)
    assert provider.exchange(code, code_verifier=VERIFIER).get_json()["error"] == "invalid_grant"


def test_a_challenge_without_a_verifier_is_refused(provider: Provider) -> None:
    code = provider.browser().sign_in()
    assert provider.exchange(code, code_verifier=None).get_json()["error"] == "invalid_grant"


def test_a_challenge_that_was_made_is_checked(provider: Provider) -> None:
    code = provider.browser().sign_in()
    assert provider.exchange(code, code_verifier="w" * 43).get_json()["error"] == "invalid_grant"
    code = provider.browser().sign_in()
    assert provider.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge": ""},
    ],
)
def test_half_of_pkce_or_another_method_is_refused_all_the_same(
    provider: Provider, changes: dict[str, str | None]
) -> None:
    assert answer_of(provider.browser().authorize(**changes))["error"] == "invalid_request"


def test_the_other_clients_still_need_it(provider: Provider) -> None:
    asked = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    assert answer_of(provider.browser().authorize(**asked, **NO_PKCE))["error"] == "invalid_request"


def test_a_code_without_a_challenge_ends_with_the_permission(provider: Provider) -> None:
    """Last of this file: it changes the policy of the client."""
    code = provider.browser().sign_in(**NO_PKCE)
    path = provider.settings.where.clients_file
    path.write_text(path.read_text().replace("    pkce: optional\n", "", 1))
    assert provider.exchange(code, code_verifier=None).get_json()["error"] == "invalid_grant"


class TestNonceInstead:
    """`pkce: or_nonce` (RFC 9700 §2.1.1): for a library that sends no challenge and compares the nonce."""

    @pytest.fixture
    def house(self, fresh: Provider) -> Provider:
        return fresh.register(RP, pkce="or_nonce")

    def test_a_request_with_a_nonce_needs_no_challenge(self, house: Provider) -> None:
        answer = house.exchange(house.browser().sign_in(**NO_PKCE), code_verifier=None)
        assert claims_in(answer.get_json()["id_token"])["nonce"] == "nonce-1"
        # It may send both.
        assert house.exchange(house.browser().sign_in()).status_code == 200
        assert house.exchange(house.browser().sign_in(nonce=None)).status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {**NO_PKCE, "nonce": None},
            {**NO_PKCE, "nonce": ""},
            {"code_challenge_method": "plain"},
            {"code_challenge_method": None},
            {"code_challenge": None},
            {"code_challenge": ""},
        ],
    )
    def test_one_without_either_or_with_half_of_pkce_is_refused(
        self, house: Provider, changes: dict[str, str | None]
    ) -> None:
        assert answer_of(house.browser().authorize(**changes))["error"] == "invalid_request"

    def test_a_verifier_without_a_challenge_is_refused_and_a_challenge_checked(self, house: Provider) -> None:
        code = house.browser().sign_in(**NO_PKCE)
        assert house.exchange(code, code_verifier=VERIFIER).get_json()["error"] == "invalid_grant"
        code = house.browser().sign_in()
        assert house.exchange(code, code_verifier=None).get_json()["error"] == "invalid_grant"

    def test_a_code_without_nonce_ends_with_the_permission_to_have_neither(self, house: Provider) -> None:
        file = house.settings.where.clients_file
        file.write_text(file.read_text().replace("pkce: or_nonce", "pkce: optional"))
        code = house.browser().sign_in(**NO_PKCE, nonce=None)
        file.write_text(file.read_text().replace("pkce: optional", "pkce: or_nonce"))
        assert house.exchange(code, code_verifier=None).get_json()["error"] == "invalid_grant"

    def test_the_log_says_at_each_start_who_may_do_without(self, house: Provider) -> None:
        with logged_here() as logged:
            ClientFile(house.settings.where.clients_file, clock=SystemClock())
        assert [(one["event"], one["client_id"], one["pkce"]) for one in logged] == [
            ("client_without_pkce", RP, "or_nonce")
        ]

    def test_a_public_client_has_no_such_choice(self, fresh: Provider) -> None:
        file = fresh.register("public", pkce="or_nonce").settings.where.clients_file
        with pytest.raises(BadYaml, match="expected `required` for a public client"):
            read_clients(file)
