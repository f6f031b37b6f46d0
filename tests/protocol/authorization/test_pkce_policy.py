"""`pkce: optional`: a client may do without; an attacker may talk no client out of it (RFC 9700 §4.8)."""

from collections.abc import Callable

import pytest

from tests.provider import VERIFIER, Provider, answer_of

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
