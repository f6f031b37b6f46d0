"""What a review found and must not come back: each a sequence that once went wrong."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from idp.accounts.charter import CharterRevision
from idp.accounts.refresh import grant_of
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind
from idp.interaction.handover import present
from idp.signing.key_ring import b64u
from tests.configured import changed
from tests.fakes import FixedClock, MemoryStore
from tests.protocol.keyed import form, register_keyed
from tests.provider import PASSWORD, RP, RPPS, Provider, answer_of, basic

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("levels", [10, 300, 450, 900])
def test_however_deep_claims_are_an_invalid_request(provider: Provider, levels: int) -> None:
    deep = '{"id_token":' + "[" * levels + "]" * levels + "}"
    assert answer_of(provider.browser().authorize(claims=deep))["error"] == "invalid_request"


def test_however_deep_the_header_of_an_assertion_it_proves_nobody(fresh: Provider) -> None:
    """Anybody can send one. joserfc reads the header a second time, a frame deeper than we do: one depth in a thousand
    passed the first reading and was a failure of the server at the second."""
    register_keyed(fresh.settings.where.clients_file)
    for levels in range(700, 1000):
        header = f'{{"alg":"ES256","kid":"ec-1","x":{"[" * levels}{"]" * levels}}}'
        token = f"{b64u(header.encode())}.{b64u(b'{}')}.{b64u(b's' * 64)}"
        answer = fresh.browser().post("/token", data=form(token, client_id="keyed"))
        assert (answer.status_code, levels) == (401, levels)


@pytest.mark.parametrize("subject", ["\ud800", "é", "", "a" * 256, "a b"])
def test_a_sub_that_cannot_be_one_is_refused_with_a_session_or_without(
    provider: Provider, subject: str
) -> None:
    browser = provider.browser()
    claims = json.dumps({"id_token": {"sub": {"value": subject}}})
    assert answer_of(browser.authorize(claims=claims))["error"] == "invalid_request"
    browser.sign_in()
    assert answer_of(browser.authorize(claims=claims, prompt="none"))["error"] == "invalid_request"


def test_beginning_again_keeps_whom_the_hint_named(app_factory: Callable[..., Provider]) -> None:
    provider = app_factory()
    browser = provider.browser()
    hint = provider.exchange(browser.sign_in()).get_json()["id_token"]
    stranger = provider.browser()
    page = stranger.follow(stranger.authorize(id_token_hint=hint))
    interaction_id = page.request.path.split("/")[2]
    store = SqlStore(provider.database, SystemClock())
    stored = store.get(Kind.INTERACTION, interaction_id)
    assert stored is not None
    named = {**stored.value, "subject": "somebody-else", "expires_at": "2020-01-01T00:00:00+00:00"}
    store.swap(Kind.INTERACTION, interaction_id, named, expected_version=stored.version)
    expired = stranger.get(page.request.path)
    assert expired.status_code == 410
    again = stranger.submit(expired, "/restart")
    assert answer_of(stranger.prove(again))["error"] == "login_required"


def test_only_an_expired_interaction_begins_again(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize())
    base = page.request.path.rpartition("/")[0]
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert csrf is not None
    answer = browser.post(f"{base}/restart", data={"csrf": csrf[1]})
    assert answer.headers["Location"] == base


def test_a_proof_of_before_the_account_voided_its_past_gives_no_code(fresh: Provider) -> None:
    browser = fresh.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    account = fresh.accounts.get(fresh.account.id)
    fresh.accounts.save(account.next_generation())
    page = browser.submit(page, "/email_otp", code=fresh.last_code())
    # The password was shown before: it is asked again, then the code, and what is proved now is good.
    assert page.status_code == 200
    page = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert "code" in answer_of(browser.submit(page, "/email_otp", code=fresh.last_code()))


@pytest.mark.parametrize(
    "value", ["\x00.x", "a.b", "." * 50, "a" * 43, f"{'a' * 43}.{'b' * 42}", f"{'é' * 43}.{'b' * 43}"]
)
def test_what_cannot_be_a_refresh_token_names_no_grant(provider: Provider, value: str) -> None:
    assert grant_of(value) == ""
    for path, field in (("/revoke", "token"), ("/introspect", "token"), ("/token", "refresh_token")):
        form = {field: value, "grant_type": "refresh_token"}
        answer = provider.browser().post(path, data=form, headers=basic(RP, "wrong"))
        assert answer.status_code == 401


def test_a_flood_of_refused_clients_does_not_fill_the_trail(fresh: Provider) -> None:
    for _ in range(40):
        assert fresh.exchange("x", headers=basic(RP, "wrong")).status_code == 401
    with fresh.database.connect() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(audit_events)).scalar_one()
    assert 1 <= rows <= 20


def test_introspection_of_a_disabled_account_is_inactive(fresh: Provider) -> None:
    tokens = fresh.exchange(fresh.browser().sign_in()).get_json()

    def described() -> dict[str, object]:
        form = {"token": tokens["access_token"]}
        secret = (fresh.settings.where.clients_file.parent / RP).read_text()
        answer = fresh.browser().post("/introspect", data=form, headers=basic(RP, secret))
        return dict(answer.get_json())

    assert described()["active"] is True
    account = fresh.accounts.get(fresh.account.id)
    fresh.accounts.save(replace(account, enabled=False).next_generation())
    assert described() == {"active": False}
    account = fresh.accounts.get(fresh.account.id)
    fresh.accounts.save(replace(account, enabled=True))
    assert described() == {"active": False}


def test_the_evidence_is_of_the_text_that_was_on_the_page(fresh: Provider) -> None:
    texts = {"fr": "# Nouvelle charte", "en": "# New charter"}
    revision = CharterRevision(revision="2027-1", published_at=datetime.now(UTC), texts=texts)
    fresh.charters.publish(revision)
    browser = fresh.browser()
    page = browser.prove(browser.follow(browser.authorize()))
    shown = BeautifulSoup(page.text, "html.parser").find("input", attrs={"name": "text_sha256"})
    assert shown is not None
    browser.get("/?lang=en")  # Another tab, another language.
    forged = browser.submit(page, "/charter", accepted="yes", text_sha256="0" * 64)
    assert forged.status_code == 409
    assert "code" in answer_of(browser.submit(page, "/charter", accepted="yes"))
    evidence = fresh.charters.evidence_of(fresh.account.id)[-1]
    assert evidence.text_sha256 == shown["value"] == revision.sha256("fr")


@pytest.mark.parametrize("path", ["/%5Cevil.example/x", "//evil.example/x", "/%2Fevil.example"])
def test_no_link_of_an_error_page_leaves_the_house(provider: Provider, path: str) -> None:
    page = BeautifulSoup(provider.browser().get(path).text, "html.parser")
    for link in page.find_all("a"):
        assert re.match(r"/(?![/\\])|#", str(link["href"])), link


@pytest.mark.parametrize("end", ["email_otp/resend", "enrolment/back", "charter/refuse", "cancel", "restart"])
def test_a_reload_of_what_answered_a_form_leads_to_the_page_due(provider: Provider, end: str) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize())
    base = page.request.path.rpartition("/")[0]
    assert browser.follow(browser.get(f"{base}/{end}")).request.path == f"{base}/choice"


def test_a_missing_static_file_is_not_remembered(provider: Provider) -> None:
    browser = provider.browser()
    with browser.get("/static/caducee.css") as found:
        assert "max-age=3600" in found.headers["Cache-Control"]
    assert browser.get("/static/nope.css").headers["Cache-Control"] == "no-store"


def test_no_secret_stands_in_the_repr_of_the_settings(provider: Provider) -> None:
    settings = changed(
        provider.settings,
        psc_client_secret="psc-s3cret",
        smtp_username="caducee",
        smtp_tls="starttls",
        smtp_password="smtp-s3cret",
        redis="redis://:r3dis@h",
    )
    assert not re.search("psc-s3cret|smtp-s3cret|r3dis|k{43}|p{43}", repr(settings))


def test_a_reload_of_the_card_address_finds_its_way_back() -> None:
    store = MemoryStore(FixedClock())
    store.put(Kind.CARD_ATTEMPT, "attempt", {"interaction_id": "i-1"}, HOUR)
    first, second = (present(store, "attempt", b"der", HOUR) for _ in range(2))
    assert first is not None
    assert first[1] is not None
    assert second == ("i-1", None)


def test_the_worker_leaves_nothing_that_is_over(fresh: Provider) -> None:
    from idp.cli.worker.purging import purge
    from idp.wiring.audit import build_keeper
    from idp.wiring.purges import build_purges
    from idp.wiring.resources import open_resources

    house = open_resources(fresh.settings)
    store = SqlStore(fresh.database, SystemClock())
    for number in range(2100):
        store.put(Kind.MAIL_CODE, str(number), {}, timedelta(milliseconds=1))
    code = fresh.browser().sign_in()
    old = datetime.now(UTC) - timedelta(days=400)
    with fresh.database.begin() as connection:
        connection.execute(sa.insert(audit_events).values(at=old, event="x", facts={}))
    purge(build_purges(house), lambda: False)
    build_keeper(house.settings, house.database, house.clock).run_due()
    assert store.purge() == 0
    with fresh.database.connect() as connection:
        events = sa.select(sa.func.min(audit_events.c.at))
        assert connection.execute(events).scalar_one() > old
    claims = jwt.decode(fresh.exchange(code).get_json()["id_token"], options={"verify_signature": False})
    assert claims["sub"] == fresh.account.subject
