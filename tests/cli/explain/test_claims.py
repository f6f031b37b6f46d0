"""`idp explain --as`: what it says of a client and a person is what that client receives, and it is written down."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from idp.accounts.account import Account, ClosedFor, PasswordClosure
from idp.accounts.charter import CharterRevision
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import audit_events, charter_acceptances
from idp.adapters.sql.upstream_links import SqlUpstreamLinks
from idp.cards.rpps import InvalidRpps
from idp.cli.audited import told_in_audit
from idp.cli.explain import claims as explain_claims
from idp.cli.told import tell
from idp.clients.scopes import CLAIMS_OF_SCOPE
from idp.core.ephemeral import StoreUnavailable
from idp.interaction.authenticator import DOORS, AuthenticatorId
from tests.configured import changed
from tests.fakes import NOON
from tests.passkeys import a_passkey
from tests.protocol.policed import POLICED, PolicedParty, claims_in, signed_in_by
from tests.protocol.psc import ONE_PLACE
from tests.provider import (
    LONG_AGO,
    RP,
    RPPS,
    SECRETS,
    Provider,
    answer_of,
    app_factory,
    every_door,
    templates,
)

__all__ = ["app_factory", "every_door", "templates"]
PROVED: Mapping[str, tuple[AuthenticatorId, ...]] = {
    "psc": ("psc",),
    "cps": ("cps",),
    "passkey": ("passkey",),
    "password": ("password", "email_otp"),
}
ALL_SCOPES = list(CLAIMS_OF_SCOPE)
SAID = {**ONE_PLACE, "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"]}
CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "the least": {"scopes": ["openid"]},
    "two scopes, in the ID Token": {
        "scopes": ["openid", "profile", "email"],
        "id_token_claims": ["name", "email"],
    },
    "everything, pairwise": {
        "scopes": ALL_SCOPES,
        "id_token_claims": ["name", "rpps", "profession", "address"],
        "sector_identifier": "region.example",
    },
    "cut": {
        "scopes": ALL_SCOPES,
        "claims": ["rpps", "email", "SubjectRole"],
        "id_token_claims": ["rpps", "email"],
    },
    "card alone": {"scopes": ["openid", "profile"], "minimum_acr": "cps", "id_token_claims": ["name"]},
    "no password": {"scopes": ["openid", "profile"], "authenticators": ["psc", "cps"]},
    "no passkey": {"scopes": ["openid", "profile"], "authenticators": ["cps", "password"]},
    "with its charter": {"scopes": ["openid", "profile"], "charters": ["region"]},
    "with an unwritten charter": {"scopes": ["openid", "profile"], "charters": ["nowhere"]},
}
#: By which doors those of PERSONS whose account is open are let in.
LET_IN: Mapping[str, tuple[str, ...]] = {
    "card alone": ("psc", "cps"),
    "no password": ("psc", "cps"),
    "no passkey": ("cps", "password"),
    "with its charter": (),
    "with an unwritten charter": (),
}
PERSONS: Mapping[str, Callable[[Account], Account]] = {
    "as enrolled": lambda account: account,
    "of no profession": lambda account: replace(
        account, locale="en", identity=replace(account.identity, profession=None, given_name="")
    ),
    "disabled": lambda account: replace(account, enabled=False),
    "closing": lambda account: replace(account, closing_at=NOON),
}
#: Of the token, not of the person.
OF_TOKEN = {"iss", "aud", "iat", "exp", "nonce", "at_hash"}


@dataclass
class World:
    house: Provider
    party: PolicedParty
    capsys: pytest.CaptureFixture[str]

    def person(self, change: Callable[[Account], Account]) -> None:
        """From now on the person is as enrolled, but for this."""
        now = SqlAccounts(self.house.database).get(self.house.account.id)
        self.house.accounts.save(replace(change(self.house.account), version=now.version))

    def asked(self, **options: Any) -> tuple[int, str]:
        told = {"what": None, "rpps": RPPS, "client": POLICED, "door": None, "values": False, "json": False}
        self.capsys.readouterr()
        status = explain_claims.explain(self.house.settings, argparse.Namespace(**{**told, **options}))
        written = "".join(self.capsys.readouterr())
        assert SECRETS[RP] not in written
        return status, written

    def told(self, **options: Any) -> dict[str, Any]:
        return dict(json.loads(self.asked(json=True, **options)[1]))

    def received(self, door: str, scopes: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What userinfo and the ID Token hold after a sign-in by this door; nothing when there is no code."""
        browser = signed_in_by(self.house, *PROVED[door])
        answer = self.party.ask(browser, scope=" ".join(scopes))
        if answer.status_code != 303 or "code" not in answer_of(answer):
            return {}, {}
        tokens = self.party.redeem(answer_of(answer)["code"]).get_json()
        return self.party.userinfo(tokens["access_token"]), claims_in(tokens["id_token"])


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    house = app_factory(**every_door)
    SqlPasskeys(house.database).add(a_passkey(account_id=house.account.id), most=9)
    SqlUpstreamLinks(house.database, "https://psc.invalid").link(house.account.id, "subject", LONG_AGO, SAID)
    house.charters.publish(
        CharterRevision(revision="1", published_at=LONG_AGO, texts={"fr": "# Charte"}, charter="region")
    )
    return house


@pytest.fixture
def world(house: Provider, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    before = house.settings.where.clients_file.read_text()
    world = World(house, PolicedParty(house), capsys)
    # Pro Santé Connect is nowhere: what the application logs of that is no answer of the command.
    with capture_logs():
        yield world
    world.person(lambda account: account)
    house.settings.where.clients_file.write_text(before)


def by_state(claims: Mapping[str, Any], *states: str) -> set[str]:
    return {name for name, told in claims.items() if told["state"] in states}


@pytest.mark.parametrize("client", CLIENTS)
def test_it_says_what_userinfo_and_the_id_token_hold(world: World, client: str) -> None:
    members = CLIENTS[client]
    world.party.govern(**members)
    for person, change in PERSONS.items():
        world.person(change)
        for door in DOORS:
            told = world.told(door=door, values=True)
            userinfo, id_token = world.received(door, members["scopes"])
            case = (person, door, told["acr"])
            is_open = person not in ("disabled", "closing")
            assert bool(userinfo) == bool(id_token) == (is_open and door in LET_IN.get(client, DOORS)), case
            present = {
                name: one["value"] for name, one in told["userinfo"].items() if one["state"] == "present"
            }
            assert present == userinfo, case
            of_person = {
                name: one["value"] for name, one in told["id_token"].items() if one["state"] == "present"
            }
            then = by_state(told["id_token"], "made at the sign-in")
            held = {name: value for name, value in id_token.items() if name not in OF_TOKEN | then}
            assert of_person == held, case
            # What only Pro Santé Connect may say of a sign-in is left out where it did not say it.
            assert then - set(id_token) <= {"upstream_acr", "psc_auth_mode", "amr"} or not id_token, case
            assert not id_token or id_token["acr"] == told["acr"], case
            for one in (*told["userinfo"].values(), *told["id_token"].values()):
                assert (one["state"] in ("withheld", "absent")) == bool(one["reasons"]), case


#: (the client, the person, the door) → who withholds the name at userinfo, by what member, and words of it.
WITHHELD: tuple[tuple[Mapping[str, Any], Callable[[Account], Account], str, str, str, str], ...] = (
    ({"scopes": ["openid"]}, PERSONS["as enrolled"], "cps", "scope", "scopes", "add `profile` to `scopes`"),
    ({"claims": ["email"]}, PERSONS["as enrolled"], "cps", "registration", "claims", "add it to `claims`"),
    (
        {"minimum_acr": "cps"},
        PERSONS["as enrolled"],
        "password",
        "door",
        "minimum_acr",
        "sign-in by psc or cps",
    ),
    ({"authenticators": ["cps"]}, PERSONS["as enrolled"], "psc", "door", "authenticators", "add `psc`"),
    ({"charters": ["region"]}, PERSONS["as enrolled"], "cps", "charter", "charters", "the person accepts it"),
    ({"charters": ["none"]}, PERSONS["as enrolled"], "cps", "charter", "charters", "--charter none"),
    ({}, PERSONS["disabled"], "cps", "account", "", "idp accounts enable"),
    ({}, PERSONS["closing"], "cps", "account", "", "keeps it"),
    ({}, lambda one: replace(one, password_hash=""), "password", "account", "", "no password"),
    (
        {},
        lambda one: replace(one, password_closure=PasswordClosure(at=NOON, motive=ClosedFor.REPORTED)),
        "password",
        "account",
        "",
        "ce n'était pas moi",
    ),
    (
        {},
        lambda one: replace(one, identity=replace(one.identity, verified_at=LONG_AGO.replace(year=2015))),
        "passkey",
        "account",
        "",
        "CADUCEE_ACCOUNT_IDENTITY_PROVED_EVERY",
    ),
)


def test_the_charter_of_this_service_is_named_where_it_withholds_a_claim(world: World) -> None:
    world.party.govern()
    world.person(lambda one: replace(one, charter_revision=None))
    with world.house.database.begin() as connection:
        kept = [dict(row._mapping) for row in connection.execute(sa.select(charter_acceptances))]
        connection.execute(sa.delete(charter_acceptances))
    try:
        (reason,) = world.told(door="cps")["userinfo"]["name"]["reasons"]
    finally:
        with world.house.database.begin() as connection:
            connection.execute(sa.insert(charter_acceptances), kept)
    assert (reason["by"], "charter of this service" in reason["wrong"]) == ("charter", True)


@pytest.mark.parametrize("case", WITHHELD, ids=[f"{case[3]} {case[5]}" for case in WITHHELD])
def test_what_withholds_a_claim_is_named_with_its_place_and_its_change(world: World, case: Any) -> None:
    members, change, door, by, member, words = case
    world.party.govern(**members)
    world.person(change)
    (reason,) = world.told(door=door)["userinfo"]["name"]["reasons"]
    assert reason["by"] == by
    assert words in json.dumps(reason, ensure_ascii=False)
    assert reason["change"]
    place = reason.get("in_clients_yaml", "")
    assert place.partition(" ")[2].partition(" ")[0] == member
    if member:
        file, line, column = place.partition(" ")[0].rsplit(":", 2)
        written = Path(file).read_text().splitlines()[int(line) - 1][int(column) - 1 :]
        assert written.startswith((json.dumps(members[member])[:8], '{"client_id"')), written
    status, text = world.asked(door=door)
    assert f": {reason['wrong']}" in text
    assert status == (0 if by in ("scope", "registration") else 1)


def test_a_door_that_the_settings_close_and_a_passkey_that_there_is_not(world: World) -> None:
    settings = changed(world.house.settings, passkeys="forbid", psc_issuer="")
    world.house.settings, before = settings, world.house.settings
    try:
        closed = world.told(door="passkey")["userinfo"]["sub"]["reasons"]
        assert closed[0]["setting"] == "CADUCEE_PASSKEYS"
        world.party.govern(scopes=ALL_SCOPES)
        (unsaid,) = world.told(door="cps")["userinfo"]["SubjectRole"]["reasons"]
        assert (unsaid["by"], unsaid["setting"]) == ("setting", "CADUCEE_PSC_ENVIRONMENT")
    finally:
        world.house.settings = before
    SqlPasskeys(world.house.database).remove(world.house.account.id, "passkey-1")
    (missing,) = world.told(door="passkey")["userinfo"]["sub"]["reasons"]
    assert "no passkey" in missing["wrong"]
    SqlPasskeys(world.house.database).add(a_passkey(account_id=world.house.account.id), most=9)


def test_the_best_door_of_the_person_is_taken(world: World) -> None:
    assert world.told()["door"] == "psc"
    world.party.govern(authenticators=["passkey", "password"])
    assert world.told()["door"] == "passkey"


def test_values_are_shown_only_when_asked_for(world: World) -> None:
    personal = ("DUPONT", "aicha.dupont@hopital.example", RPPS, world.house.account.subject)
    world.party.govern(scopes=ALL_SCOPES, id_token_claims=["name", "email"])
    for options in ({}, {"json": True}):
        assert not any(one in world.asked(**options)[1] for one in personal)
        assert all(one in world.asked(**options, values=True)[1] for one in personal)


def test_the_look_up_is_in_the_audit_trail_with_its_operator(world: World) -> None:
    with told_in_audit(world.house.settings, "durand"):
        world.asked(door="cps", values=True)
    last = sa.select(audit_events).order_by(audit_events.c.id.desc()).limit(1)
    with world.house.database.connect() as connection:
        row = connection.execute(last).one()
    assert (row.event, row.account_id, row.client_id, row.operator) == (
        "claims:explain:accepted",
        world.house.account.id,
        POLICED,
        "durand",
    )
    assert row.facts == {"door": "cps", "values": True}


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"client": "police"}, 1, "did you mean `policed`?"),
        ({"client": "\ud800" * 9}, 1, "no such client"),
        ({"rpps": "10000000025"}, 1, "no account has this RPPS"),
        ({"client": None}, 2, "--as RPPS with --client CLIENT"),
        ({"rpps": None}, 2, "--as RPPS with --client CLIENT"),
        ({"what": "x"}, 2, "--as RPPS with --client CLIENT"),
        ({"what": "x", "rpps": None, "client": None, "json": True}, 2, "expected a REQUEST alone"),
        ({"rpps": None, "client": None}, 2, "--as RPPS with --client CLIENT"),
        ({"rpps": None, "client": None, "what": "nothing"}, 2, "expected an address of /authorize"),
    ],
)
def test_what_is_no_question_is_told_in_one_line(
    world: World, options: dict[str, Any], status: int, said: str
) -> None:
    found, written = world.asked(**options)
    assert (found, written.count("\n")) == (status, 1), written
    assert said in written


def test_what_cannot_be_written_down_is_not_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(SqlAudit, "record", down)
    with pytest.raises(StoreUnavailable) as fault:
        world.asked(values=True)
    assert world.capsys.readouterr().out == ""
    said: list[str] = []
    assert (tell(fault.value, said.append), said) == (1, ["the database does not answer"])


def test_an_rpps_that_is_none_is_told_without_repeating_it(world: World) -> None:
    with pytest.raises(InvalidRpps) as fault:
        world.asked(rpps="12345x")
    assert "12345x" not in str(fault.value)
