"""`response_mode`: the address, a form that sends itself, a signed JWT; the same for successes and errors."""

from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from bs4 import BeautifulSoup
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT
from werkzeug.test import TestResponse

from idp.settings.lives import LifeSettings
from tests.provider import ISSUER, REDIRECT, RP, Browser, Provider, answer_of, authorization

STATE = authorization()["state"]


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    path = made.settings.where.clients_file
    path.write_text(
        path.read_text().replace(
            "    id_token_signed_response_alg: ES256\n",
            "    id_token_signed_response_alg: ES256\n    authorization_signed_response_alg: ES256\n",
        )
    )
    return made


@pytest.fixture
def signed_in(provider: Provider) -> Browser:
    browser = provider.browser()
    browser.sign_in()
    return browser


def posted(response: TestResponse) -> tuple[str, dict[str, str]]:
    """Where the form of the page goes, and with what."""
    assert response.status_code == 200
    (form,) = BeautifulSoup(response.text, "html.parser").find_all("form")
    assert form["method"] == "post"
    fields = {str(field["name"]): str(field["value"]) for field in form.find_all("input")}
    return str(form["action"]), fields


def opened(browser: Browser, token: str, *, audience: str = RP) -> dict[str, object]:
    """The answer in the JWT, verified by a library of others."""
    keys = JWKSet.from_json(browser.get("/jwks").text)
    verified = JWT(jwt=token, key=keys, expected_type="JWS", algs=["RS256", "ES256"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert verified.token.is_valid
    assert claims["aud"] == audience
    return claims


def test_a_form_carries_the_code_to_the_registered_address(signed_in: Browser) -> None:
    action, fields = posted(signed_in.authorize(response_mode="form_post"))
    assert action == REDIRECT
    assert set(fields) == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == (STATE, ISSUER)
    assert signed_in.house.exchange(fields["code"]).status_code == 200


def test_a_form_carries_an_error_as_well(provider: Provider) -> None:
    action, fields = posted(provider.browser().authorize(response_mode="form_post", prompt="none"))
    assert action == REDIRECT
    assert (fields["error"], fields["state"], fields["iss"]) == ("login_required", STATE, ISSUER)


def test_a_form_carries_the_fault_of_the_request_itself(provider: Provider) -> None:
    _action, fields = posted(provider.browser().authorize(response_mode="form_post", scope="profile"))
    assert fields["error"] == "invalid_scope"


def test_the_form_sends_itself_by_our_script_alone_and_has_a_button(signed_in: Browser) -> None:
    response = signed_in.authorize(response_mode="form_post")
    page = BeautifulSoup(response.text, "html.parser")
    assert [script["src"] for script in page.find_all("script")] == ["/static/form_post.js"]
    assert page.find("button", type="submit")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert response.headers["Cache-Control"] == "no-store"
    with signed_in.get("/static/form_post.js") as script:
        assert (script.status_code, script.mimetype) == (200, "text/javascript")


def test_no_other_script_is_allowed(provider: Provider) -> None:
    browser = provider.browser()
    assert (
        "script-src"
        not in browser.get("/.well-known/openid-configuration").headers["Content-Security-Policy"]
    )
    page = browser.follow(browser.authorize(response_mode="form_post"))
    assert "/static/password.js" in page.text
    assert page.headers["Content-Security-Policy"].endswith("; script-src 'self'; connect-src 'self'")


def test_a_state_full_of_markup_stays_text_in_the_form(signed_in: Browser) -> None:
    hostile = "\"><script>alert(1)</script>'"
    response = signed_in.authorize(response_mode="form_post", state=hostile)
    assert posted(response)[1]["state"] == hostile
    assert "<script>alert" not in response.text


def test_the_form_comes_at_the_end_of_a_whole_sign_in(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.prove(browser.follow(browser.authorize(response_mode="form_post")))
    assert provider.exchange(posted(page)[1]["code"]).status_code == 200


def test_cancelling_answers_by_the_form(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize(response_mode="form_post"))
    assert posted(browser.submit(page, "/cancel"))[1]["error"] == "access_denied"


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_signed_answer_holds_the_code_and_who_it_is_for(signed_in: Browser, mode: str) -> None:
    answer = answer_of(signed_in.authorize(response_mode=mode))
    assert set(answer) == {"response"}
    claims = opened(signed_in, answer["response"])
    assert (claims["iss"], claims["state"]) == (ISSUER, STATE)
    assert set(claims) == {"iss", "aud", "exp", "code", "state"}
    assert signed_in.house.exchange(str(claims["code"])).status_code == 200


def test_a_signed_answer_ends_with_its_code(signed_in: Browser) -> None:
    """JARM §2.1: ten minutes at most; ours is as short as the code."""
    token = answer_of(signed_in.authorize(response_mode="jwt"))["response"]
    claims = opened(signed_in, token)
    issued = jwt.decode(
        signed_in.house.exchange(str(claims["code"])).get_json()["id_token"],
        options={"verify_signature": False},
    )["iat"]
    life = signed_in.house.settings.lives.code_life
    assert timedelta() < timedelta(seconds=int(str(claims["exp"])) - issued) <= life
    assert life == LifeSettings.__dataclass_fields__["code_life"].default


def test_a_signed_error_is_signed(provider: Provider) -> None:
    browser = provider.browser()
    claims = opened(browser, answer_of(browser.authorize(response_mode="jwt", prompt="none"))["response"])
    assert (claims["error"], claims["state"]) == ("login_required", STATE)


def test_a_signed_answer_may_come_by_form(signed_in: Browser) -> None:
    action, fields = posted(signed_in.authorize(response_mode="form_post.jwt"))
    assert (action, set(fields)) == (REDIRECT, {"response"})
    assert "code" in opened(signed_in, fields["response"])


def test_the_answer_is_signed_by_the_algorithm_registered(provider: Provider) -> None:
    browser = provider.browser()
    asked = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    token = answer_of(browser.authorize(**asked, response_mode="jwt", prompt="none"))["response"]
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    opened(browser, token, audience="grand-age")


def test_the_answer_in_the_query_keeps_the_query_of_the_address(signed_in: Browser) -> None:
    uri = "https://trajectoire.example/cb?tenant=a"
    assert set(answer_of(signed_in.authorize(redirect_uri=uri, response_mode="jwt"))) == {
        "tenant",
        "response",
    }
    assert posted(signed_in.authorize(redirect_uri=uri, response_mode="form_post"))[0] == uri
