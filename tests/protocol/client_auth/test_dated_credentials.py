"""Secrets and keys of a client in their days: two of them at once, which one is used, and what is told of their end."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from idp.clients.client_file import ClientFile
from idp.clients.credential_ends import CredentialEnd, CredentialWatch, credential_ends
from idp.clients.credential_uses import CredentialUses
from idp.clients.key_sets import ClientKeys, KeysUnavailable
from idp.clients.registry import read_clients
from idp.core.measures import CLIENT_CREDENTIALS
from idp.core.readiness import Verdict
from idp.protocol.client_auth.client_authentication import ClientAuthentication, ClientRefused
from idp.protocol.client_auth.secret_client import SecretAuthentication
from idp.protocol.jose.client_jwt import BadClientJwt, ClientJwts
from idp.wiring.readiness import build_readiness
from idp.wiring.readings import readings
from idp.wiring.resources import build_clock_watch
from tests.fakes import FixedClock, Uncounted
from tests.logged import logged_here
from tests.protocol.keyed import assertion, client_yaml, ec_key, rsa_key, with_clients
from tests.protocol.tls_certificates import self_signed
from tests.provider import Provider

OLD, NEXT = "old-secret-of-38-characters-0123456789", "next-secret-of-39-characters-0123456789"
WARNED = timedelta(days=30)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def on(day: str) -> FixedClock:
    return FixedClock(datetime.fromisoformat(f"{day}T12:00:00+00:00"))


def clients_of(tmp_path: Path, *entries: str) -> Path:
    file = tmp_path / "clients.yaml"
    file.write_text("clients:\n" + "".join(entries))
    return file


def two_secrets(client_id: str) -> str:
    secrets = [
        {"sha256": sha256(OLD), "not_after": "2027-01-31"},
        {"sha256": sha256(NEXT), "not_before": "2027-01-15"},
    ]
    return client_yaml(client_id, client_secrets=secrets)


class Counted(Uncounted):
    wrong = 0

    def refused(self, *_told: object) -> None:
        self.wrong += 1


class Door:
    """Client authentication by secret, at a time of the test."""

    def __init__(self, file: Path, clock: FixedClock) -> None:
        self.clients = ClientFile(file, clock=clock)
        self.secrets = SecretAuthentication(CredentialUses(clock, WARNED), clock)
        self.guesses = Counted()
        #: Of each refusal, its rule and what the caller reads.
        self.refused: list[tuple[str, str]] = []

    def lets_in(self, client_id: str, secret: str) -> bool:
        methods = dict.fromkeys(("client_secret_basic", "client_secret_post"), self.secrets.has_secret)
        request = Request(create_environ(method="POST"))
        form = {"client_id": client_id, "client_secret": secret}
        try:
            ClientAuthentication(self.clients, methods, cast(Any, self.guesses)).authenticate(request, form)
        except ClientRefused as refused:
            self.refused.append((refused.rule_id, refused.description))
            return False
        return True


def uses(client_id: str, credential: str, ends: str = "later", kind: str = "secret") -> float:
    return CLIENT_CREDENTIALS.of(client_id, kind, credential, ends).value


def test_of_two_secrets_each_passes_in_its_days(tmp_path: Path) -> None:
    file = clients_of(tmp_path, two_secrets("days"))
    for day, passing in (
        ("2026-12-01", {OLD}),
        ("2027-01-14", {OLD}),
        ("2027-01-15", {OLD, NEXT}),
        ("2027-01-31", {OLD, NEXT}),
        ("2027-02-01", {NEXT}),
    ):
        door = Door(file, on(day))
        assert {
            secret for secret in (OLD, NEXT, OLD + NEXT, "") if door.lets_in("days", secret)
        } == passing, day


def test_a_secret_outside_its_days_is_told_to_the_operator_and_not_to_the_caller(tmp_path: Path) -> None:
    door = Door(clients_of(tmp_path, two_secrets("outside")), on("2027-02-01"))
    with logged_here() as lines:
        assert not door.lets_in("outside", OLD)
        assert not door.lets_in("outside", "wrong" * 10)
    (outside, wrong) = door.refused
    assert (outside[0], wrong[0]) == ("client_secret_outside_its_days", "client_secret_wrong")
    assert outside[1] == wrong[1]
    # Neither does the caller learn it by being slowed, or not.
    assert door.guesses.wrong == 2
    (told,) = lines
    assert told == {
        "event": "client_credential_outside_its_days",
        "log_level": "warning",
        "client_id": "outside",
        "kind": "secret",
        "credential": sha256(OLD)[:8],
        "days": "… to 2027-01-31",
    }


def test_the_secret_in_use_is_counted_and_told_once_a_day(tmp_path: Path) -> None:
    clock = on("2027-01-20")
    door = Door(clients_of(tmp_path, two_secrets("counted")), clock)
    with logged_here() as lines:
        assert door.lets_in("counted", OLD)
        assert door.lets_in("counted", OLD)
        assert door.lets_in("counted", NEXT)
        clock.advance(days=1)
        assert door.lets_in("counted", NEXT)
    old, following = sha256(OLD)[:8], sha256(NEXT)[:8]
    assert [(line["event"], line["log_level"], line["credential"]) for line in lines] == [
        ("client_credential_used", "warning", old),
        ("client_credential_used", "info", following),
        ("client_credential_used", "info", following),
    ]
    assert lines[0]["ends_at"] == "2027-02-01T00:00:00+00:00"
    assert (uses("counted", old, "soon"), uses("counted", following)) == (2, 2)
    assert OLD not in str(lines)
    assert sha256(OLD) not in str(lines)


def test_a_single_secret_without_end_is_neither_counted_nor_told(tmp_path: Path) -> None:
    door = Door(
        clients_of(tmp_path, client_yaml("single", client_secret={"sha256": sha256(OLD)})), on("2027-01-20")
    )
    with logged_here() as lines:
        assert door.lets_in("single", OLD)
    assert lines == []
    assert uses("single", sha256(OLD)[:8]) == 0


@pytest.mark.parametrize("short", ["hunter2", "s3cr3t-of-31-characters-too-bad", "x" * 64])
def test_what_is_no_secret_is_nobodys_even_under_its_own_digest(tmp_path: Path, short: str) -> None:
    door = Door(
        clients_of(tmp_path, client_yaml("weak", client_secret={"sha256": sha256(short)})), on("2027-01-20")
    )
    with logged_here() as lines:
        assert not door.lets_in("weak", short)
    assert [line["event"] for line in lines] == ["client_secret_too_weak"]


# Keys.


class NoRemote:
    """`RemoteKeys` that nobody asks."""

    def current(self, jwks_uri: str) -> Any:
        raise AssertionError

    renewed = current


def key_of(key: Any, **days: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), **days}


def keyed(client_id: str, *keys: dict[str, Any], **members: Any) -> str:
    return client_yaml(
        client_id, **{"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": keys}, **members}
    )


def keys_on(clock: FixedClock) -> ClientKeys:
    return ClientKeys(NoRemote(), CredentialUses(clock, WARNED), clock)


def test_a_key_signs_and_is_encrypted_to_in_its_days_alone(tmp_path: Path) -> None:
    old = key_of(ec_key(), not_after="2027-01-31")
    following = key_of(rsa_key(), not_before="2027-01-15")
    client = read_clients(clients_of(tmp_path, keyed("keys", old, following)))["keys"]
    for day, passing in (
        ("2027-01-14", {"ES256"}), ("2027-01-15", {"ES256", "RS256"}), ("2027-02-01", {"RS256"}),
    ):  # fmt: skip
        jwts = ClientJwts(keys_on(on(day)))
        found = set()
        for alg in ("ES256", "RS256"):
            try:
                jwts.verified(assertion("keys", alg), client, alg=None, types=("jwt",))
                found.add(alg)
            except BadClientJwt:
                pass
        assert found == passing, day
    with logged_here() as lines, pytest.raises(KeysUnavailable):
        keys_on(on("2027-02-01")).for_encryption(client, alg="ECDH-ES")
    assert [(line["event"], line["kind"], line["credential"]) for line in lines] == [
        ("client_credential_outside_its_days", "key", "ec-1")
    ]


def test_the_key_in_use_is_counted_by_its_kid(tmp_path: Path) -> None:
    client = read_clients(
        clients_of(tmp_path, keyed("kids", key_of(ec_key(), not_after="2027-02-10"), key_of(rsa_key())))
    )["kids"]
    jwts = ClientJwts(keys_on(on("2027-01-20")))
    with logged_here() as lines:
        for alg in ("ES256", "RS256", "ES256"):
            jwts.verified(assertion("kids", alg), client, alg=None, types=("jwt",))
    assert uses("kids", "ec-1", "soon", "key") == 2
    assert uses("kids", "rsa-1", "later", "key") == 1
    assert [(line["log_level"], line["credential"]) for line in lines] == [
        ("warning", "ec-1"),
        ("info", "rsa-1"),
    ]


def test_days_that_no_key_can_have_are_a_fault_of_the_file(tmp_path: Path) -> None:
    for days, expected in (
        ({"not_after": "soon"}, "a day, as 2027-01-31"),
        ({"not_before": 5}, "put quotes around numbers"),
        (
            {"not_before": "2027-02-01", "not_after": "2027-01-01"},
            "as `not_after` of a key a day from `not_before` on",
        ),
    ):
        with pytest.raises(Exception, match=expected):
            read_clients(clients_of(tmp_path, keyed("bad", key_of(ec_key(), **days))))  # type: ignore[arg-type]


# Ends.


def ends_of(tmp_path: Path, *entries: str) -> list[CredentialEnd]:
    return [*credential_ends(read_clients(clients_of(tmp_path, *entries)))]


def test_a_client_ends_with_its_last_credential_of_a_kind(tmp_path: Path) -> None:
    own = self_signed(ends=datetime(2027, 5, 1, tzinfo=UTC))
    bare = {name: value for name, value in own.jwk.items() if name != "x5c"}

    def certified(client_id: str, *jwks: dict[str, Any]) -> str:
        return keyed(client_id, *jwks, token_endpoint_auth_method="self_signed_tls_client_auth")

    found = ends_of(
        tmp_path,
        two_secrets("goes-on"),
        client_yaml("ends", client_secret={"sha256": sha256(OLD), "not_after": "2027-01-31"}),
        keyed("keys", key_of(ec_key(), not_after="2027-01-31"), key_of(rsa_key(), not_after="2027-03-31")),
        certified("certified", own.jwk, bare, {**bare, "x5c": ["AAAA"]}),
        certified("shorter", {**own.jwk, "not_after": "2027-03-31"}),
        certified("none", bare),
        keyed("endless", key_of(ec_key(), not_after="2027-01-31"), key_of(rsa_key())),
    )
    assert {(end.client_id, end.kind, end.at) for end in found} == {
        ("ends", "secret", datetime(2027, 2, 1, tzinfo=UTC)),
        ("keys", "key", datetime(2027, 4, 1, tzinfo=UTC)),
        ("certified", "certificate", datetime(2027, 5, 1, tzinfo=UTC)),
        ("shorter", "certificate", datetime(2027, 4, 1, tzinfo=UTC)),
    }


def test_the_watch_tells_each_day_of_those_that_end_soon_or_have_ended(tmp_path: Path) -> None:
    def until(client_id: str, day: str) -> str:
        return client_yaml(client_id, client_secret={"sha256": sha256(OLD), "not_after": day})

    clock = on("2027-01-20")
    file = clients_of(
        tmp_path, until("over", "2027-01-19"), until("soon", "2027-02-01"), until("later", "2027-06-01")
    )
    watch = CredentialWatch(ClientFile(file, clock=clock), clock, WARNED)
    with logged_here() as lines:
        watch.look()
        watch.look()
        clock.advance(days=1)
        watch.look()
    told = [(line["event"], line["log_level"], line["client_id"], line["ends_at"]) for line in lines]
    day = [
        ("client_credential_ends", "error", "over", "2027-01-20T00:00:00+00:00"),
        ("client_credential_ends", "warning", "soon", "2027-02-02T00:00:00+00:00"),
    ]
    assert told == [*day, *day]


def test_the_operator_sees_the_days_left_and_that_none_holds(fresh: Provider) -> None:
    assert fresh.health() == "ready"
    with_clients(
        fresh.settings.where.clients_file,
        client_yaml("ended", client_secret={"sha256": sha256(OLD), "not_after": "2026-01-31"}),
    )
    assert fresh.parts is not None
    checks = build_readiness(fresh.parts, build_clock_watch(fresh.parts.resources)).judge()
    assert "degraded: credentials of relying parties: no secret of ended holds" in checks.lines
    watch = build_clock_watch(fresh.parts.resources)
    (told,) = [
        one
        for one in readings(fresh.parts, Verdict(()), watch)
        if one.name == "caducee_client_credential_days_left"
    ]
    assert told.labels == (("client", "ended"), ("kind", "secret"))
    assert told.value < 0
