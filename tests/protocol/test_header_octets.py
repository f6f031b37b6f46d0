"""RFC 9110 §5.5: a header may hold any octet from 0x80 on. None of them gives more than a refusal."""

import pytest
from werkzeug.test import Client, TestResponse

from tests.journeys.test_bad_requests import MACHINES, PAGES
from tests.provider import ISSUER, RP, Browser

FOREIGN = {
    "Latin-1": b"nom=H\xe9l\xe8ne",
    "UTF-8": "nom=Hélène 😀".encode(),
    "no text": b"\x80\xff\xed\xa0\x80",
}
HEADERS = (
    *("COOKIE", "USER_AGENT", "REFERER", "ORIGIN", "ACCEPT", "ACCEPT_LANGUAGE", "IF_NONE_MATCH", "RANGE", "IF_RANGE"),
    *("X_FORWARDED_FOR", "FORWARDED", "CLIENT_CERT", "CLIENT_CERT_CHAIN", "CADUCEE_PROXY", "DPOP", "IF_MODIFIED_SINCE"),
)  # fmt: skip


@pytest.mark.parametrize("octets", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("scheme", [b"Basic ", b"Bearer ", b"DPoP ", b""])
def test_no_header_breaks_an_endpoint(browser: Browser, octets: bytes, scheme: bytes) -> None:
    told = octets.decode("latin-1")
    given = {f"HTTP_{name}": told for name in HEADERS}
    given["HTTP_AUTHORIZATION"] = (scheme + octets).decode("latin-1")
    for path in (*MACHINES, "/par", "/revoke", "/introspect", *PAGES):
        for method in ("GET", "POST"):
            answer = browser.client.open(path, method=method, base_url=ISSUER, environ_overrides=given)
            assert answer.status_code < 500, (method, path)


@pytest.mark.parametrize("octets", FOREIGN.values(), ids=FOREIGN)
def test_no_content_type_breaks_an_endpoint(browser: Browser, octets: bytes) -> None:
    kind = "application/x-www-form-urlencoded; charset=" + octets.decode("latin-1")
    for path in (*MACHINES, *PAGES):
        answer = browser.client.post(
            path, base_url=ISSUER, data=f"client_id={RP}", environ_overrides={"CONTENT_TYPE": kind}
        )
        assert answer.status_code < 500, path


@pytest.mark.parametrize("octets", FOREIGN.values(), ids=FOREIGN)
def test_a_cookie_of_another_application_hides_none_of_ours(browser: Browser, octets: bytes) -> None:
    browser.sign_in()
    ours = "; ".join(
        f"{name}={browser.client.get_cookie(name).value}"  # type: ignore[union-attr]
        for name in ("caducee_browser", "caducee_session")
    )
    told = f"{octets.decode('latin-1')}; {ours}; autre=é"
    carries = Client(browser.house.app, TestResponse, use_cookies=False)
    answer = carries.get("/", base_url=ISSUER, environ_overrides={"HTTP_COOKIE": told})
    assert "Se déconnecter" in answer.text
