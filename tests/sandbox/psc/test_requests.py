"""Refused authorization requests: a page before client and address are proved, an error after."""

import pytest

from tests.sandbox.psc.driver import CALLBACK, Browser


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "inconnu"},
        {"client_id": None},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": None},
        {"redirect_uri": "http://localhost:1/autre"},
    ],
)
def test_unproved_client_or_address_gets_a_page_and_no_redirect(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    browser.ask(**changes)
    assert browser.page.status_code == 400
    assert "Location" not in browser.page.headers
    assert "Nous sommes désolés" in browser.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "scope_all"}, "invalid_scope"),
        ({"scope": "openid inconnu"}, "invalid_scope"),
        ({"acr_values": "eidas2"}, "invalid_request"),
        ({"acr_values": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"code_challenge": "court", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "S512"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
    ],
)
def test_bad_request_of_a_proved_client_goes_back_as_an_error(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    browser.ask(**changes, state="s-3")
    assert (browser.answer()["error"], browser.answer()["state"]) == (error, "s-3")
