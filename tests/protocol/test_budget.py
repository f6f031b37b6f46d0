"""What each endpoint asks of the stores, counted on the wire to real PostgreSQL and Redis (docs/adr/0034).

A read, and a commit: a query more in an endpoint that every sign-in passes is seen here.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from bench.check.wire import PostgresqlReader, RedisReader, Relay, Tally
from idp.accounts.charter import CharterEvidence, CharterRevision
from idp.adapters.sql.database import initialise, open_database
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.app import create
from tests.configured import changed
from tests.faults import posting
from tests.protocol.psc import ONE_PLACE
from tests.provider import (
    ISSUER,
    PASSWORD,
    RP,
    RPPS,
    SECRETS,
    Browser,
    Provider,
    answer_of,
    basic,
    enrol,
    write_house,
)
from tests.servers import postgresql_server, redis_server

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = "openid profile email psc professional_context"


@dataclass
class House:
    """`provider`: its stores stand behind relays that count."""

    provider: Provider
    tally: Tally
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.provider.browser()

    def asked_by(self, act: Callable[[], TestResponse], status: int = 200) -> tuple[int, int, int, int]:
        """Round trips and commits of SQL, commands and round trips of Redis; once everything is prepared."""
        for _ in range(2):
            self.tally.clear()
            answer = act()
            assert answer.status_code == status, answer.text
        found = self.tally
        return found.sql_trips, found.commits, found.commands, found.redis_trips

    def code(self, scope: str) -> str:
        return answer_of(self.browser.authorize(scope=scope))["code"]

    def tokens(self, scope: str = SCOPE) -> dict[str, Any]:
        tokens: dict[str, Any] = self.provider.exchange(self.code(scope)).get_json()
        return tokens

    def post(self, path: str, **form: str) -> TestResponse:
        client = Client(self.provider.app, TestResponse)
        return client.post(path, base_url=ISSUER, data=form, headers=basic(RP, SECRETS[RP]))


_MORE = """    scopes: [openid, profile, email, psc, professional_context]
    grant_types: [authorization_code, refresh_token]
    charters: [of-the-region, of-the-network]
"""


def _register(file: Path) -> None:
    """A client with everything that is read for it."""
    file.write_text(
        file.read_text().replace("    scopes: [openid, profile, email, address, professional]\n", _MORE)
    )


def _accept(provider: Provider) -> None:
    for name in ("of-the-region", "of-the-network"):
        revision = CharterRevision(
            revision="1", published_at=LONG_AGO, texts={"fr": "# Charte\n\nLisez."}, charter=name
        )
        provider.charters.publish(revision)
        provider.charters.accept(
            CharterEvidence(
                account_id=provider.account.id,
                revision="1",
                text_sha256="0" * 64,
                accepted_at=LONG_AGO,
                authenticator="cps",
                client_id=RP,
                charter=name,
            )
        )


@pytest.fixture(scope="module")
def house(templates: Path, tmp_path_factory: pytest.TempPathFactory, every_door: Any) -> Iterator[House]:
    with ExitStack() as stack:
        sql = stack.enter_context(postgresql_server()).url
        redis = stack.enter_context(redis_server()).url
        settings = write_house(tmp_path_factory.mktemp("budget"), templates, **every_door)
        _register(settings.where.clients_file)
        initialise(sql)
        database = open_database(sql)
        stack.callback(database.dispose)
        tally = Tally()
        relays = [
            (url, Relay((urlsplit(url).hostname or "", urlsplit(url).port or 0), reader, tally))
            for url, reader in ((sql, PostgresqlReader), (redis, RedisReader))
        ]
        for _, relay in relays:
            stack.callback(relay.close)
        counted_sql, counted_redis = (
            url.replace(f":{urlsplit(url).port}/", f":{relay.port}/") for url, relay in relays
        )
        settings = changed(settings, database=counted_sql, redis=counted_redis)
        provider = Provider(create(settings), settings, database, enrol(settings, database))
        _accept(provider)
        links = SqlUpstreamLinks(database, "https://psc.invalid")
        links.link(provider.account.id, "subject", LONG_AGO, ONE_PLACE)
        house = House(provider, tally)
        house.browser.sign_in(scope="openid")
        yield house


@pytest.mark.parametrize("scope", ["openid", SCOPE], ids=["plain", "with_what_psc_said"])
def test_authorize_with_a_session_is_a_read_and_a_commit(house: House, scope: str) -> None:
    assert house.asked_by(lambda: house.browser.authorize(scope=scope), 303) == (2, 1, 3, 2)


def test_a_code_is_exchanged_with_a_read_and_a_commit(house: House) -> None:
    codes = [house.code(SCOPE) for _ in range(2)]
    assert house.asked_by(lambda: house.provider.exchange(codes.pop())) == (2, 1, 2, 2)


def test_a_token_is_refreshed_with_a_read_and_a_commit(house: House) -> None:
    token = house.tokens()["refresh_token"]
    asked = house.asked_by(lambda: house.post("/token", grant_type="refresh_token", refresh_token=token))
    assert asked == (2, 1, 1, 1)


@pytest.mark.parametrize("scope", ["openid", SCOPE], ids=["plain", "with_what_psc_said"])
def test_userinfo_is_a_read(house: House, scope: str) -> None:
    token = house.tokens(scope)["access_token"]
    assert house.asked_by(lambda: house.provider.userinfo(token)) == (1, 0, 1, 1)
    assert ("professional_context" in house.provider.userinfo(token).get_json()) is (scope == SCOPE)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_introspection_is_a_read(house: House, kind: str) -> None:
    token = house.tokens()[kind]
    assert house.asked_by(lambda: house.post("/introspect", token=token)) == (1, 0, 1, 1)


def test_revocation_is_a_read_and_a_commit(house: House) -> None:
    access = [house.tokens()["access_token"] for _ in range(2)]
    assert house.asked_by(lambda: house.post("/revoke", token=access.pop())) == (0, 0, 2, 2)
    refresh = [house.tokens()["refresh_token"] for _ in range(2)]
    assert house.asked_by(lambda: house.post("/revoke", token=refresh.pop())) == (2, 1, 1, 1)


def test_the_first_page_of_a_new_browser_asks_no_sql(house: House) -> None:
    assert house.asked_by(lambda: house.provider.browser().authorize(), 303) == (0, 0, 1, 1)


#: SQL round trips, commits, commands and round trips of Redis.
PAGES = {
    # The person, and what Pro Santé Connect told of the contexts.
    "/": (2, 0, 2, 2),
    "/account/identity": (2, 0, 2, 2),
    "/account/address": (1, 0, 2, 2),
    "/account/password": (1, 0, 2, 2),
    "/account/history": (2, 0, 2, 2),
    # A page that is to say something of the form just posted.
    "/account/address?said=1": (1, 0, 3, 2),
    "/account/password?said=1": (1, 0, 3, 2),
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_account_reads_so_much_and_no_more(house: House, path: str) -> None:
    assert house.asked_by(lambda: house.browser.get(path)) == PAGES[path]


def test_a_sign_in_of_our_own_with_a_session_is_a_read(house: House) -> None:
    assert house.asked_by(lambda: house.browser.get("/account/sign-in?to=address"), 303)[:2] == (1, 0)


def test_a_refused_password_and_its_reference_cost_what_the_refusal_cost(house: House) -> None:
    """The reference is made of the sign-in's id, and kept nowhere (docs/adr/0062)."""
    browser = house.provider.browser()
    page = browser.follow(browser.authorize())
    fields = {"csrf": csrf_of(page), "rpps": "10000000116", "password": "pas le bon"}
    action = f"{page.request.path.rpartition('/')[0]}/password"
    told: list[str] = []

    def refused() -> TestResponse:
        answer = browser.follow(browser.post(action, data=fields))
        told.append(answer.text)
        return answer

    # The form; then the page that says why: what it says is left, its sign-in read, and it is taken.
    assert house.asked_by(refused, 422) == (5, 2, 4 + 3, 4 + 3)
    assert "Référence à donner" in told[-1]


def test_an_error_page_keeps_what_it_was_in_one_command(house: House) -> None:
    first = house.provider.browser()
    page, other = first.follow(first.authorize()), house.provider.browser()
    other.authorize()
    assert house.asked_by(lambda: other.get(page.request.path), 403)[2:] == (2, 2)


def test_the_sessions_of_a_person_are_two_reads_however_many_there_are(house: House) -> None:
    for _ in range(2):
        house.provider.browser().sign_in()
    assert house.asked_by(lambda: house.browser.get("/account/sessions")) == (2, 0, 3, 2)


def test_a_sign_in_that_begins_a_session_lists_it_in_the_commit_of_the_code(house: House) -> None:
    def signed_in_anew() -> TestResponse:
        browser = house.provider.browser()
        page = browser.follow(browser.authorize())
        code = browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        action = code.request.path
        fields = {"code": house.provider.last_code(), "csrf": csrf_of(code)}
        proved = browser.post(action, data=fields)
        house.tally.clear()
        return browser.get(proved.headers["Location"])

    sql_trips, commits, _, _ = house.asked_by(signed_in_anew, 303)
    assert (sql_trips, commits) == (2, 1)


def csrf_of(page: TestResponse) -> str:
    field = BeautifulSoup(page.text, "html.parser").select_one('input[name="csrf"]')
    assert field is not None
    return str(field["value"])


def test_why_a_form_was_refused_is_read_and_taken(house: House) -> None:
    browser = house.provider.browser()
    form = posting(
        browser, browser.follow(browser.authorize()), "/password", rpps=RPPS, password="certainement pas"
    )

    def told() -> TestResponse:
        address = form().headers["Location"]
        house.tally.clear()
        return browser.get(address)

    assert house.asked_by(told, 422) == (0, 0, 2, 2)
