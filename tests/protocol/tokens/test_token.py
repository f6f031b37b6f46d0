"""/token: who may call it, with what, and what it says of each fault."""

import base64
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from tests.provider import (
    ISSUER,
    REDIRECT,
    RP,
    SECRETS,
    VERIFIER,
    Provider,
    answer_of,
    audited,
    basic,
)


@pytest.fixture(scope="module")
def signed_in(provider: Provider) -> Callable[..., str]:
    """A new code each time, by SSO."""
    browser = provider.browser()
    browser.sign_in()

    def code(**changes: str | None) -> str:
        return answer_of(browser.authorize(**changes))["code"]

    return code


def send(provider: Provider, **options: Any) -> TestResponse:
    options.setdefault("headers", basic(RP, SECRETS[RP]))
    return Client(provider.app, TestResponse).post("/token", base_url=ISSUER, **options)


def error_of(response: TestResponse, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert set(response.get_json()) == {"error", "error_description"}
    error: str = response.get_json()["error"]
    return error


def raw_basic(text: bytes, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(text).decode()}"}


class TestClientAuthentication:
    def test_basic_with_the_right_secret_passes_in_any_case_of_the_scheme(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        for scheme in ("Basic", "basic", "BASIC"):
            text = f"{RP}:{SECRETS[RP]}".encode()
            assert provider.exchange(signed_in(), headers=raw_basic(text, scheme)).status_code == 200

    def test_a_secret_with_colon_plus_percent_and_accents_passes_form_encoded(
        self, provider: Provider
    ) -> None:
        uri = "https://grand-age.example/callback"
        code = provider.browser().sign_in(client_id="grand-age", redirect_uri=uri)
        assert ":" in SECRETS["grand-age"]
        assert provider.exchange(code, "grand-age", redirect_uri=uri).status_code == 200

    def test_the_posted_secret_passes_for_the_client_registered_so(self, provider: Provider) -> None:
        uri = "https://poster.example/callback"
        code = provider.browser().sign_in(client_id="poster", redirect_uri=uri)
        answer = provider.exchange(
            code, headers={}, redirect_uri=uri, client_id="poster", client_secret=SECRETS["poster"]
        )  # fmt: skip
        assert answer.status_code == 200

    def test_a_public_client_needs_its_id_and_its_verifier(self, provider: Provider) -> None:
        uri = "http://127.0.0.1:9999/callback"
        code = provider.browser().sign_in(client_id="public", redirect_uri=uri)
        data = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": uri,
            "code_verifier": VERIFIER, "client_id": "public",
        }  # fmt: skip
        assert send(provider, headers={}, data=data).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            basic(RP, "wrong" * 10),
            basic(RP, ""),
            basic(RP, SECRETS["grand-age"]),
            basic("nobody", SECRETS[RP]),
            basic("poster", SECRETS["poster"]),
            basic("public", "x"),
            basic("public", " "),
            {"Authorization": ""},
            {"Authorization": " "},
            {"Authorization": "Basic"},
            {"Authorization": "Basic "},
            {"Authorization": "Basic A"},
            {"Authorization": "Basic ===="},
            {"Authorization": "Basic é"},
            {"Authorization": "Bearer abc"},
            {"Authorization": "Digest username=x"},
            raw_basic(RP.encode()),
            raw_basic(b"\xff\xfe:\xff"),
            raw_basic(b":"),
            raw_basic(b""),
            raw_basic(b"\x00:\x00"),
            raw_basic(f"{RP}:{SECRETS[RP]}\n".encode()),
            raw_basic(f"{RP} :{SECRETS[RP]}".encode()),
            raw_basic(f"{RP}:{SECRETS[RP].upper()}".encode()),
            raw_basic(f"{RP}:{SECRETS[RP]}".encode() + b"x" * 60_000),
        ],
    )
    def test_a_wrong_basic_header_is_401_with_its_challenge(
        self, provider: Provider, signed_in: Callable[..., str], headers: dict[str, str]
    ) -> None:
        response = provider.exchange(signed_in(), headers=headers)
        assert error_of(response, 401) == "invalid_client"
        assert response.headers["WWW-Authenticate"].startswith("Basic ")

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"client_id": RP},
            {"client_id": ""},
            {"client_id": "nobody"},
            {"client_id": RP, "client_secret": SECRETS["poster"]},
            {"client_id": "poster", "client_secret": "wrong" * 10},
            {"client_id": "poster", "client_secret": ""},
            {"client_id": "poster"},
            {"client_id": "public", "client_secret": "x"},
            {"client_secret": SECRETS["poster"]},
        ],
    )
    def test_a_wrong_posted_client_is_401_without_a_challenge(
        self, provider: Provider, signed_in: Callable[..., str], form: dict[str, str]
    ) -> None:
        data = {
            "grant_type": "authorization_code", "code": signed_in(), "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER, **form,
        }  # fmt: skip
        response = send(provider, headers={}, data=data)
        assert error_of(response, 401) == "invalid_client"
        assert "WWW-Authenticate" not in response.headers

    def test_what_is_sent_empty_is_not_sent(self, provider: Provider, signed_in: Callable[..., str]) -> None:
        """RFC 6749 §3.2; and §2.3.1: a client without a secret may send it empty."""
        empty = dict.fromkeys(
            ("client_id", "client_secret", "client_assertion", "client_assertion_type", "x"), ""
        )
        assert provider.exchange(signed_in(), **empty).status_code == 200
        public = {
            "grant_type": "authorization_code",
            "code": "x",
            "redirect_uri": REDIRECT,
            "client_id": "public",
        }
        refused = send(provider, headers={}, data={**public, "code_verifier": VERIFIER, "client_secret": ""})
        assert error_of(refused) == "invalid_grant"

    def test_two_methods_at_once_are_refused(self, provider: Provider, signed_in: Callable[..., str]) -> None:
        assert error_of(provider.exchange(signed_in(), client_secret=SECRETS[RP])) == "invalid_request"

    def test_a_client_id_in_the_body_must_be_that_of_the_header(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        data = {"grant_type": "authorization_code", "code": signed_in(), "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER}  # fmt: skip
        assert error_of(send(provider, data={**data, "client_id": "public"}), 401) == "invalid_client"
        assert send(provider, data={**data, "client_id": RP}).status_code == 200

    def test_a_refused_client_is_audited(self, fresh: Provider) -> None:
        fresh.exchange("x", headers=basic(RP, "wrong"))
        assert audited(fresh) == ["client:authenticate:refused"]


class TestRequest:
    @pytest.mark.parametrize(
        "grant_type",
        ["password", "client_credentials", "implicit", "AUTHORIZATION_CODE",
         "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    )  # fmt: skip
    def test_no_other_grant_type_is_supported(self, provider: Provider, grant_type: str) -> None:
        response = provider.exchange("x", grant_type=grant_type)
        assert error_of(response) == "unsupported_grant_type"

    @pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri"])
    def test_a_missing_parameter_is_an_invalid_request(
        self, provider: Provider, signed_in: Callable[..., str], name: str
    ) -> None:
        assert error_of(provider.exchange(signed_in(), **{name: None})) == "invalid_request"

    @pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri"])
    def test_an_empty_parameter_is_a_missing_one(self, provider: Provider, name: str) -> None:
        assert error_of(provider.exchange("x", **{name: ""})) == "invalid_request"

    @pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier", "x"])
    def test_a_repeated_parameter_is_an_invalid_request(self, provider: Provider, name: str) -> None:
        data = {
            "grant_type": "authorization_code", "code": "c", "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
        }  # fmt: skip
        assert error_of(send(provider, data={**data, name: ["a", "b"]})) == "invalid_request"

    @pytest.mark.parametrize(
        "options",
        [
            {"json": {"grant_type": "authorization_code"}},
            {"data": b"grant_type=authorization_code", "content_type": "text/plain"},
            {"data": b"grant_type=authorization_code", "content_type": ""},
            {"data": {"grant_type": "authorization_code"}, "content_type": "multipart/form-data"},
            {"data": b""},
            {"data": b"\xff\xfe=\xff", "content_type": "application/x-www-form-urlencoded"},
            {"data": b"%", "content_type": "application/x-www-form-urlencoded"},
            {"data": b"x=" + b"y" * 9000, "content_type": "application/x-www-form-urlencoded"},
            {"data": b"x=" + b"y" * 70_000, "content_type": "application/x-www-form-urlencoded"},
            {
                "data": b"&".join(b"x%d=1" % n for n in range(5000)),
                "content_type": "application/x-www-form-urlencoded",
            },
        ],
        ids=["json", "plain", "untyped", "multipart", "empty", "bytes", "percent", "long", "huge", "many"],
    )
    def test_a_body_of_another_shape_is_an_invalid_request(
        self, provider: Provider, options: dict[str, Any]
    ) -> None:
        assert error_of(send(provider, **options)) == "invalid_request"

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
    def test_only_post_is_allowed(self, provider: Provider, method: str) -> None:
        response = Client(provider.app, TestResponse).open("/token", method=method, base_url=ISSUER)
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"

    def test_the_query_is_not_read(self, provider: Provider, signed_in: Callable[..., str]) -> None:
        response = Client(provider.app, TestResponse).post(
            "/token",
            base_url=ISSUER,
            headers=basic(RP, SECRETS[RP]),
            query_string={"grant_type": "authorization_code", "code": signed_in(), "redirect_uri": REDIRECT},
            data={"code_verifier": VERIFIER},
        )
        assert error_of(response) == "invalid_request"


class TestRedemption:
    @pytest.mark.parametrize("code", ["x", "x" * 43, "é", "\x00", "a" * 8000, "' OR 1=1 --"])
    def test_an_unknown_code_is_an_invalid_grant(self, provider: Provider, code: str) -> None:
        assert error_of(provider.exchange(code)) == "invalid_grant"

    def test_a_code_is_refused_the_second_time_and_its_tokens_die(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        code = signed_in()
        token = provider.exchange(code).get_json()["access_token"]
        assert provider.userinfo(token).status_code == 200
        assert error_of(provider.exchange(code)) == "invalid_grant"
        assert provider.userinfo(token).status_code == 401
        assert error_of(provider.exchange(code)) == "invalid_grant"

    def test_a_code_serves_its_own_client_only(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        assert error_of(provider.exchange(signed_in(), "grand-age")) == "invalid_grant"

    def test_a_wrong_client_secret_does_not_use_the_code_up(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        code = signed_in()
        error_of(provider.exchange(code, headers=basic(RP, "wrong")), 401)
        assert provider.exchange(code).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            {"redirect_uri": "https://trajectoire.example/cb?tenant=a"},
            {"redirect_uri": REDIRECT + "/"},
            {"redirect_uri": "https://evil.example/"},
            {"code_verifier": "w" * 43},
            {"code_verifier": None},
            {"code_verifier": ""},
            {"code_verifier": "v" * 42},
            {"code_verifier": "v" * 44},
            {"code_verifier": "v" * 129},
            {"code_verifier": "é" * 43},
            {"code_verifier": "v" * 42 + "\n"},
        ],
    )
    def test_another_address_or_another_verifier_is_an_invalid_grant(
        self, provider: Provider, signed_in: Callable[..., str], change: dict[str, str | None]
    ) -> None:
        assert error_of(provider.exchange(signed_in(), **change)) == "invalid_grant"

    def test_an_expired_code_is_an_invalid_grant(self, app_factory: Callable[..., Provider]) -> None:
        provider = app_factory(code_life=timedelta(milliseconds=1))
        code = provider.browser().sign_in()
        time.sleep(0.002)
        assert error_of(provider.exchange(code)) == "invalid_grant"

    def test_all_refusals_of_a_code_say_the_same(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        used = signed_in()
        provider.exchange(used)
        answers = (
            provider.exchange("unknown").text,
            provider.exchange(used).text,
            provider.exchange(signed_in(), "grand-age").text,
            provider.exchange(signed_in(), code_verifier="w" * 43).text,
        )
        # But for the reference, by which the operator finds what was wrong.
        assert len({re.sub(r"reference [0-9a-f]{8}", "", answer) for answer in answers}) == 1

    def test_a_reused_code_is_audited(self, fresh: Provider) -> None:
        code = fresh.browser().sign_in()
        fresh.exchange(code)
        fresh.exchange(code)
        assert audited(fresh)[-1] == "code:redeem:reused"

    def test_granted_scopes_are_those_asked_and_allowed(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        asked = "openid email admin offline_access email"
        assert provider.exchange(signed_in(scope=asked)).get_json()["scope"] == "openid email"

    def test_neither_code_nor_token_nor_secret_is_written_in_clear(
        self, provider: Provider, signed_in: Callable[..., str]
    ) -> None:
        code = signed_in()
        tokens = provider.exchange(code).get_json()
        files = provider.settings.where.clients_file.parent.glob("caducee.sqlite*")
        written = b"".join(path.read_bytes() for path in files)
        assert b"authorization_code" in written
        for secret in (code, tokens["access_token"], tokens["id_token"], SECRETS[RP], VERIFIER):
            assert secret.encode() not in written
