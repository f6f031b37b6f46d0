"""Back-channel logout: what the token says, which answers settle a notice, what is tried again and given up."""

import dataclasses
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import sqlalchemy as sa

from idp.accounts.grants import Grant
from idp.accounts.logouts import LogoutAnswer, LogoutNotice, NoticeState
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.worker.purging import purge
from idp.clients.client_file import ClientFile
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.protocol.logout.backchannel import BackChannelLogout
from idp.protocol.logout.logout_token import LogoutTokens
from idp.signing.signer import SignerUnavailable
from idp.wiring.purges import build_purges
from idp.wiring.resources import open_key_directory, open_resources, open_subjects
from tests.fakes import NOON, FixedClock, RecordingAudit
from tests.logged import logged_here
from tests.protocol.assembled import Nobody
from tests.provider import ISSUER, RP, Provider

RP_URI, SIBLING_URI = "https://trajectoire.example/backchannel", "https://grand-age.example/bye?channel=back"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Outside:
    """`LogoutPost`: answers as told, the last answer again and again."""

    answers: list[int | str] = field(default_factory=lambda: [200])
    words: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)

    def post(self, url: str, logout_token: str) -> LogoutAnswer:
        self.calls.append((url, logout_token))
        outcome = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return LogoutAnswer(outcome, self.words)


@dataclass
class Desk:
    """A worker's back channel on the database of a provider, under our clock, with a far side of ours."""

    provider: Provider
    clock: FixedClock = field(default_factory=FixedClock)
    outside: Outside = field(default_factory=Outside)
    audit: RecordingAudit = field(default_factory=RecordingAudit)

    def __post_init__(self) -> None:
        settings = self.provider.settings
        self.keys = KeysInForce(open_key_directory(settings, SystemClock()))
        self.notices = SqlLogoutNotices(self.provider.database)
        self.clients = ClientFile(settings.where.clients_file, clock=FixedClock())
        tokens = LogoutTokens(
            issuer=ISSUER,
            keys=self.keys,
            subjects=open_subjects(settings),
            accounts=self.provider.accounts,
            life=settings.lives.logout_token_life,
            clock=self.clock,
        )
        self.channel = BackChannelLogout(
            work=SqlUnitOfWork(self.provider.database),
            notices=self.notices,
            tokens=tokens,
            client=self.clients.get,
            outside=self.outside,
            audit=self.audit,
            clock=self.clock,
        )

    def end_session(self, *clients: str, sid: str = "sid-1") -> None:
        """These clients redeemed a code in it."""
        grants = SqlGrants(self.provider.database)
        for client_id in clients:
            grants.add(
                Grant(
                    id=f"{sid} {client_id}",
                    account_id=self.provider.account.id,
                    client_id=client_id,
                    sid=sid,
                    granted_at=NOON,
                )
            )
            grants.redeem(f"{sid} {client_id}", NOON)
        grants.end_session(sid, self.clock.now(), logout_listeners(self.clients.registry()))

    def work(self) -> None:
        """What the lanes do with what is due now."""
        for client_id in self.channel.clients_due():
            while self.channel.deliver_next(client_id):
                pass

    def newest(self) -> LogoutNotice:
        return self.notices.newest(1, client_id=None, state=None)[0]

    def claims(self, rank: int = -1, *, client_id: str = RP, alg: str = "RS256") -> dict[str, Any]:
        """The token of a call, verified as its receiver does."""
        token = self.outside.calls[rank][1]
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "logout+jwt"
        key = jwt.PyJWKSet.from_dict(dict(self.keys.jwks()))[header["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[alg],
            audience=client_id,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        return claims


@pytest.fixture
def desk(fresh: Provider) -> Desk:
    """Both applications are called; the sibling has a sector."""
    fresh.register(RP, backchannel_logout_uri=RP_URI)
    return Desk(
        fresh.register("grand-age", backchannel_logout_uri=SIBLING_URI, sector_identifier="grand-age.example")
    )


def test_token_says_who_was_signed_out_where_and_nothing_else(desk: Desk) -> None:
    desk.end_session(RP, "grand-age")
    desk.work()
    assert {url for url, _token in desk.outside.calls} == {RP_URI, SIBLING_URI}
    by_url = {url: rank for rank, (url, _token) in enumerate(desk.outside.calls)}
    claims = desk.claims(by_url[RP_URI])
    now = int(NOON.timestamp())
    jti = claims.pop("jti")
    assert len(jti) >= 20
    assert claims == {
        "iss": ISSUER,
        "aud": RP,
        "sub": desk.provider.account.subject,
        "sid": "sid-1",
        "iat": now,
        "exp": now + 120,
        "events": {EVENT: {}},
    }
    other = desk.claims(by_url[SIBLING_URI], client_id="grand-age", alg="ES256")
    assert other["jti"] != jti


def test_pairwise_client_reads_its_own_subject(desk: Desk) -> None:
    desk.end_session("grand-age")
    desk.work()
    claims = desk.claims(client_id="grand-age", alg="ES256")
    sibling = desk.clients.get("grand-age")
    assert sibling is not None
    assert claims["sub"] == open_subjects(desk.provider.settings).of(desk.provider.account, sibling)
    assert claims["sub"] != desk.provider.account.subject


def test_person_whose_account_is_gone_is_named_by_the_session(desk: Desk) -> None:
    tokens: Any = dataclasses.replace(desk.channel.tokens, accounts=Nobody())
    desk.channel = dataclasses.replace(desk.channel, tokens=tokens)
    desk.end_session(RP)
    desk.work()
    claims = desk.claims()
    assert claims["sid"] == "sid-1"
    assert "sub" not in claims


@pytest.mark.parametrize(
    ("status", "state", "event"),
    [
        (200, NoticeState.DELIVERED, AuditEvent.LOGOUT_DELIVERED),
        (204, NoticeState.DELIVERED, AuditEvent.LOGOUT_DELIVERED),
        (400, NoticeState.REFUSED, AuditEvent.LOGOUT_REFUSED),
    ],
)
def test_answer_that_settles_the_notice(
    desk: Desk, status: int, state: NoticeState, event: AuditEvent
) -> None:
    desk.outside.answers = [status]
    desk.end_session(RP)
    desk.work()
    desk.clock.advance(hours=2)
    desk.work()
    assert len(desk.outside.calls) == 1
    newest = desk.newest()
    assert (newest.state, newest.outcome, newest.deliveries) == (state, str(status), 1)
    told = {
        "account_id": desk.provider.account.id,
        "client_id": RP,
        "interaction_id": None,
        "outcome": str(status),
        "deliveries": 1,
    }
    assert desk.audit.events == [(event, told)]


def test_answer_that_refuses_is_kept_in_the_words_of_the_relying_party(desk: Desk) -> None:
    desk.outside.words = "invalid_request: no session has this sid"
    for status, event in ((400, AuditEvent.LOGOUT_REFUSED), (200, AuditEvent.LOGOUT_DELIVERED)):
        desk.outside.answers = [status]
        desk.end_session(RP, sid=f"sid-{status}")
        desk.work()
        name, told = desk.audit.events[-1]
        assert name is event
        # Of one that accepts there is nothing to find out.
        assert told.get("answer") == (desk.outside.words if status == 400 else None)


@pytest.mark.parametrize(
    "trouble", [201, 302, 307, 401, 403, 404, 429, 500, 503, "ReadTimeout", "ConnectionError", "too large"]
)
def test_anything_else_is_tried_three_times_more_then_given_up_visibly(
    desk: Desk, trouble: int | str
) -> None:
    desk.outside.answers = [trouble]
    desk.end_session(RP)
    waits = []
    with logged_here() as logs:
        while desk.newest().state is NoticeState.WAITING:
            before = len(desk.outside.calls)
            desk.work()
            waits.append((desk.clock.now() - NOON).total_seconds())
            assert len(desk.outside.calls) == before + 1
            while desk.newest().state is NoticeState.WAITING and not desk.channel.clients_due():
                desk.clock.advance(seconds=1)
    assert waits == [0, 5, 35, 215]
    newest = desk.newest()
    assert (newest.state, newest.outcome, newest.deliveries) == (NoticeState.ABANDONED, str(trouble), 4)
    assert desk.audit.names() == [AuditEvent.LOGOUT_ABANDONED]
    assert [entry["event"] for entry in logs] == [*["logout_not_delivered"] * 3, "logout_given_up"]
    assert desk.provider.account.subject not in str(logs)
    assert "sid-1" not in str(logs)


def test_each_try_has_a_token_of_its_own_and_of_its_time(desk: Desk) -> None:
    """The answer to the first may have been lost: its `jti` would now be a replay."""
    desk.outside.answers = ["ReadTimeout", 200]
    desk.end_session(RP)
    desk.work()
    desk.clock.advance(seconds=5)
    desk.work()
    first, second = desk.claims(0), desk.claims(1)
    assert first["jti"] != second["jti"]
    assert second["iat"] - first["iat"] == 5
    assert desk.newest().state is NoticeState.DELIVERED


def without_uri(text: str) -> str:
    return text.replace(f"    backchannel_logout_uri: {RP_URI}\n", "")


def without_client(text: str) -> str:
    return text.replace(f"client_id: {RP}\n", "client_id: renamed\n")


@pytest.mark.parametrize("changed", [without_uri, without_client])
def test_client_that_left_meanwhile_is_not_called(desk: Desk, changed: Callable[[str], str]) -> None:
    desk.end_session(RP)
    path: Path = desk.provider.settings.where.clients_file
    path.write_text(changed(path.read_text()))
    desk.work()
    assert desk.outside.calls == []
    assert (desk.newest().state, desk.newest().outcome) == (NoticeState.ABANDONED, "not registered")


def test_notice_is_called_at_the_address_of_now(desk: Desk) -> None:
    desk.end_session(RP)
    path: Path = desk.provider.settings.where.clients_file
    path.write_text(path.read_text().replace(RP_URI, RP_URI + "/moved"))
    desk.work()
    assert [url for url, _token in desk.outside.calls] == [RP_URI + "/moved"]


def test_notice_older_than_an_hour_is_given_up_uncalled(desk: Desk) -> None:
    desk.end_session(RP)
    desk.clock.advance(hours=1, seconds=1)
    desk.work()
    assert desk.outside.calls == []
    assert (desk.newest().state, desk.newest().outcome) == (NoticeState.ABANDONED, "too late")


@dataclass
class SilentKeys:
    """`Keys` whose module does not answer until told."""

    keys: Any
    is_silent: bool = True

    def sign_jwt(self, claims: Any, **how: Any) -> str:
        if self.is_silent:
            raise SignerUnavailable
        return str(self.keys.sign_jwt(claims, **how))


def test_silence_of_our_own_keys_costs_no_try(desk: Desk) -> None:
    keys = SilentKeys(desk.keys)
    tokens: Any = dataclasses.replace(desk.channel.tokens, keys=keys)
    desk.channel = dataclasses.replace(desk.channel, tokens=tokens)
    desk.end_session(RP)
    for _ in range(10):
        desk.work()
        desk.clock.advance(seconds=10)
    assert desk.outside.calls == []
    assert (desk.newest().state, desk.newest().outcome, desk.newest().deliveries) == (
        NoticeState.WAITING,
        "not signed",
        0,
    )
    keys.is_silent = False
    desk.work()
    assert desk.newest().state is NoticeState.DELIVERED


@pytest.mark.parametrize("late", [200, 500])
def test_who_lost_its_lease_while_calling_records_nothing(desk: Desk, late: int) -> None:
    """The other holder will: one call, one line of audit."""
    other = Desk(desk.provider, desk.clock)

    class Slow:
        def post(self, url: str, logout_token: str) -> LogoutAnswer:
            desk.clock.advance(seconds=40)
            other.work()
            return LogoutAnswer(late)

    desk.channel = dataclasses.replace(desk.channel, outside=Slow())
    desk.end_session(RP)
    desk.channel.deliver_next(RP)
    assert desk.newest().state is NoticeState.DELIVERED
    assert (desk.audit.events, other.audit.names()) == ([], [AuditEvent.LOGOUT_DELIVERED])


def test_worker_forgets_notices_after_a_week(desk: Desk) -> None:
    house = open_resources(desk.provider.settings)
    for days in (8, 6):
        desk.clock.at = SystemClock().now() - timedelta(days=days)
        desk.end_session(RP, sid=f"sid-{days}")
    purge(build_purges(house), lambda: False)
    assert [n.sid for n in desk.notices.newest(9, client_id=None, state=None)] == ["sid-6"]


def test_disabled_account_signs_out_of_every_application(desk: Desk) -> None:
    """`idp accounts disable`."""
    from idp.cli.accounts.opening import disable

    browser = desk.provider.browser()
    desk.provider.exchange(browser.sign_in())
    rpps = Namespace(person=desk.provider.account.identity.rpps, motive=None)
    assert disable(desk.provider.settings, rpps) == 0
    desk.clock.at = SystemClock().now()
    desk.work()
    assert [url for url, _token in desk.outside.calls] == [RP_URI]
    with desk.provider.database.connect() as connection:
        names = connection.execute(sa.select(audit_events.c.event)).scalars().all()
    assert "account:disable:accepted" in names


def test_faulty_clients_file_keeps_nobody_from_being_disabled(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    from idp.cli.accounts.opening import disable

    path, rpps = desk.provider.settings.where.clients_file, desk.provider.account.identity.rpps
    good = path.read_text()
    desk.provider.exchange(desk.provider.browser().sign_in())
    options = Namespace(person=rpps, motive=None)
    path.write_text("clients: nonsense")
    assert disable(desk.provider.settings, options) == 1
    assert "relying parties were not told" in capsys.readouterr().err
    assert not desk.provider.accounts.get(desk.provider.account.id).enabled
    path.write_text(good)
    assert disable(desk.provider.settings, options) == 0
    desk.clock.at = SystemClock().now() + timedelta(seconds=1)
    desk.work()
    assert len(desk.outside.calls) == 1
