"""Ready means that somebody could sign in by a door that is open; asked of the real application, which asks nobody."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.database import writing
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.worker_schema import heartbeats
from idp.app import assemble
from idp.core.clock import SystemClock
from idp.core.heartbeats import CARD_HOST, Heartbeat, LaneState
from idp.core.mailer import Mail
from idp.wiring.cards import build_card_policy
from idp.wiring.doors import shut_doors
from tests.configured import changed
from tests.passkeys import a_passkey
from tests.provider import ISSUER, Provider

Make = Callable[..., Provider]


@dataclasses.dataclass
class Upstream:
    """Pro Santé Connect as far as doors ask it."""

    out: bool = False
    misconfigured: bool = False
    issuer: str = "https://psc.invalid"

    def is_out(self) -> bool:
        return self.out

    def is_misconfigured(self) -> bool:
        return self.misconfigured


def ready(house: Provider, **replaced: Any) -> int:
    """The status of /health/ready. `replaced`: parts."""
    assert house.parts is not None
    parts = dataclasses.replace(house.parts, **replaced)
    return Client(assemble(parts), TestResponse).get("/health/ready", base_url=ISSUER).status_code


def shut(house: Provider) -> dict[str, str]:
    assert house.parts is not None
    return {door: why for door, why in shut_doors(house.parts).items() if why is not None}


def sign(house: Provider, lane: str, *, ago: timedelta = timedelta(), process: str = "worker 1") -> None:
    at = datetime.now(UTC) - ago
    one = Heartbeat(node="a", process=process, lane=lane, at=at, state=LaneState.RESTING, since=at, due_by=at)
    SqlHeartbeats(house.database).beat([one])


def mail_waits(house: Provider) -> None:
    mail = Mail(to="a@b.example", subject="", text="", html="")
    SqlOutbox(house.database, SystemClock()).post(mail, expires_after_seconds=3600)
    with writing(house.database) as connection:
        connection.execute(sa.update(outbox).values(created_at=datetime.now(UTC) - timedelta(minutes=3)))


@pytest.fixture(scope="module")
def kept(app_factory: Make) -> Provider:
    """The password alone, and no passkeys."""
    return app_factory(passkeys="forbid")


@pytest.fixture
def by_password(kept: Provider) -> Iterator[Provider]:
    yield kept
    with writing(kept.database) as connection:
        for table in (outbox, heartbeats):
            connection.execute(sa.delete(table))


def test_the_password_alone_needs_somebody_who_sends_its_codes(by_password: Provider) -> None:
    assert ready(by_password) == 200
    sign(by_password, "mails", ago=timedelta(minutes=5))
    assert ready(by_password) == 503
    assert shut(by_password) == {"password": "no worker gives a sign of life, so no mail is sent"}
    sign(by_password, "mails", process="worker 2")
    assert ready(by_password) == 200


def test_a_mail_that_waits_too_long_shuts_the_password(by_password: Provider) -> None:
    sign(by_password, "mails")
    mail_waits(by_password)
    assert ready(by_password) == 503
    assert shut(by_password)["password"].startswith("no mail is sent: the oldest waits for 18")
    assert by_password.parts is not None
    upstream = Upstream()
    assert ready(by_password, upstream=upstream) == 200
    upstream.misconfigured = True
    assert ready(by_password, upstream=upstream) == 503


def test_where_a_passkey_follows_the_password_no_mail_is_needed(app_factory: Make) -> None:
    house = app_factory(passkeys="demand")
    mail_waits(house)
    assert shut(house) == {}


def test_without_password_pro_sante_connect_that_is_down_leaves_only_who_has_a_passkey(
    app_factory: Make,
) -> None:
    house = app_factory(password_door=False)
    upstream = Upstream()
    assert ready(house, upstream=upstream) == 200
    upstream.out = True
    assert ready(house, upstream=upstream) == 503
    SqlPasskeys(house.database).add(a_passkey(account_id=house.account.id), most=3)
    assert ready(house, upstream=upstream) == 200


@pytest.fixture(scope="module")
def by_card(app_factory: Make, every_door: dict[str, Any]) -> Provider:
    card = {name: value for name, value in every_door.items() if name.startswith("card_")}
    return app_factory(**card, password_door=False, passkeys="forbid")


def test_the_card_alone_needs_its_host(by_card: Provider) -> None:
    # One of an earlier version gives no sign.
    assert ready(by_card) == 200
    sign(by_card, CARD_HOST, ago=timedelta(minutes=5), process="card-host 1")
    assert ready(by_card) == 503
    assert shut(by_card) == {"cps": "no card host gives a sign of life"}
    sign(by_card, CARD_HOST, process="card-host 2")
    assert ready(by_card) == 200


@pytest.mark.parametrize(
    ("lists", "is_open"),
    [
        ({"card_ocsp_url": "", "card_crl_urls": ("http://lists.invalid/",)}, False),
        ({"card_root_crl_urls": ("http://lists.invalid/",)}, False),
        ({"card_crl_urls": ("http://lists.invalid/",)}, True),
        (
            {
                "card_root_crl_urls": ("http://lists.invalid/",),
                "card_revocation_bypass_until": datetime.now(UTC) + timedelta(days=1),
            },
            True,
        ),
    ],
    ids=["no list, no responder", "no list of the root", "the responder alone", "under the bypass"],
)
def test_the_card_alone_needs_what_clears_it(by_card: Provider, lists: dict[str, Any], is_open: bool) -> None:
    assert by_card.parts is not None
    told = changed(by_card.settings, **lists)
    parts = dataclasses.replace(
        by_card.parts, resources=dataclasses.replace(by_card.parts.resources, settings=told)
    )
    policy = build_card_policy(told)
    why = shut_doors(dataclasses.replace(parts, policy=policy))["cps"]
    assert (why is None) == is_open
