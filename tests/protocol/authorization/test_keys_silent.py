"""The keys do not answer at the end of a sign-in: nothing is used up, and the relying party or the person is told."""

from datetime import UTC, datetime, timedelta

from idp.interaction.authenticator import Acr
from idp.interaction.record import Interaction
from idp.protocol.authorization.issue import CodeIssuer
from idp.wiring.parts import build_parts
from idp.wiring.protocol import build_protocol
from tests.protocol.assembled import SilentKeys, with_keys
from tests.provider import ISSUER, PASSWORD, RPPS, Provider, answer_of, audited


def test_a_silent_request_hears_that_it_is_for_a_moment_and_gets_its_code_afterwards(fresh: Provider) -> None:
    house, keys = with_keys(fresh)
    browser = house.browser()
    browser.sign_in()
    keys.is_silent = True
    told = answer_of(browser.authorize(prompt="none"))
    assert (told["error"], told["iss"]) == ("temporarily_unavailable", ISSUER)
    assert "code" not in told
    keys.is_silent = False
    code = answer_of(browser.authorize(prompt="none"))["code"]
    assert house.exchange(code).status_code == 200


def test_a_person_hears_it_on_a_page_and_has_lost_nothing(fresh: Provider) -> None:
    house, keys = with_keys(fresh)
    browser = house.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    keys.is_silent = True
    refused = browser.submit(page, "/email_otp", code=house.last_code())
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None
    keys.is_silent = False
    # The same address, and no password and no code again.
    code = answer_of(browser.get(refused.request.path))["code"]
    assert house.exchange(code).status_code == 200
    assert audited(house).count("mail_code:check:accepted") == 1


def _issuer(provider: Provider) -> tuple[CodeIssuer, SilentKeys]:
    parts = build_parts(provider.settings)
    protocol, keys = build_protocol(parts), SilentKeys(parts.keys, is_silent=True)
    tokens = type(protocol.client_tokens)(keys, parts.client_keys, ISSUER)
    issuer = CodeIssuer(
        work=parts.work,
        engine=protocol.engine,
        client_tokens=tokens,
        subjects=protocol.subjects,
        sign_in=parts.sign_in,
        audit=parts.audit,
        clients=parts.clients,
    )
    return issuer, keys


def test_a_client_that_is_gone_needs_no_key(provider: Provider) -> None:
    """It was removed at this very moment: its sign-in ends on a page, which nobody signs."""
    now = datetime.now(UTC)
    orphan = Interaction(
        id="i" * 43,
        client_id="removed",
        request={},
        needed=Acr.PWD_OTP,
        silent=False,
        browser="b",
        locale="fr",
        started_at=now,
        expires_at=now + timedelta(minutes=1),
    )
    issuer, keys = _issuer(provider)
    issuer.require_signer(orphan)
    assert keys.is_silent
