"""Which key of a client verifies, and which one we encrypt to."""

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.clients.credential_uses import CredentialUses
from idp.clients.key_sets import ClientKeys, KeysUnavailable
from idp.clients.public_keys import PublicJwk
from idp.clients.registry import Client, read_clients
from tests.fakes import FixedClock
from tests.made_once import rsa_key

URI = "https://rp.example/jwks"
RSA_JWK = dict(RSAKey.import_key(rsa_key("client")).as_dict(private=False))
EC_JWK = dict(ECKey.generate_key("P-256").as_dict(private=False))
OTHER_EC = dict(ECKey.generate_key("P-256").as_dict(private=False))


@dataclass
class FakeRemote:
    """`RemoteKeys` with what is published now, and what is published when it is asked again."""

    now: tuple[PublicJwk, ...] = ()
    later: tuple[PublicJwk, ...] = ()
    asked: list[str] = field(default_factory=list)

    def current(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        self.asked.append("current")
        return self.now

    def renewed(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        self.asked.append("renewed")
        return self.later


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    file: Path = tmp_path_factory.mktemp("clients") / "clients.yaml"
    file.write_text(
        "clients:\n  - client_id: rp1\n    client_name: RP\n    client_uri: https://rp.example/\n"
        "    redirect_uris: [https://rp.example/cb]\n    token_endpoint_auth_method: none\n"
    )
    return read_clients(file)["rp1"]


def inline(client: Client, *keys: dict[str, Any]) -> Client:
    return dataclasses.replace(client, jwks=keys)


def keys_with(remote: FakeRemote, clock: FixedClock | None = None) -> ClientKeys:
    clock = clock or FixedClock()
    return ClientKeys(remote, CredentialUses(clock, timedelta(days=30)), clock)


def of(client: Client, alg: str, kid: str | None, remote: FakeRemote | None = None) -> list[Any]:
    found = keys_with(remote or FakeRemote()).for_verification(client, alg=alg, kid=kid)
    return [key.as_dict(private=False).get("x") or key.as_dict(private=False)["n"] for key in found]


def test_nothing_is_fetched_for_a_client_without_jwks_uri(client: Client) -> None:
    remote = FakeRemote()
    keys = keys_with(remote)
    assert keys.all(client) == keys.renewed(client) == ()
    for call in (keys.for_verification, keys.for_encryption):
        with pytest.raises(KeysUnavailable):
            call(
                client,
                **{"alg": "ES256", "kid": "1"} if call == keys.for_verification else {"alg": "ECDH-ES"},
            )
    assert remote.asked == []


def test_the_key_of_the_kid_verifies_and_no_other(client: Client) -> None:
    both = inline(client, EC_JWK | {"kid": "1"}, OTHER_EC | {"kid": "2"}, RSA_JWK | {"kid": "3"})
    assert of(both, "ES256", "2") == [OTHER_EC["x"]]
    assert of(both, "RS256", "3") == of(both, "PS256", "3") == [RSA_JWK["n"]]
    for alg, kid in (("ES256", "3"), ("RS256", "1"), ("ES256", "4"), ("ES256", ""), ("ES256", "1 ")):
        with pytest.raises(KeysUnavailable):
            of(both, alg, kid)


def test_without_kid_there_must_be_one_such_key(client: Client) -> None:
    two_kinds = inline(client, EC_JWK | {"kid": "1"}, RSA_JWK)
    assert of(two_kinds, "ES256", None) == [EC_JWK["x"]]
    assert of(two_kinds, "PS256", None) == [RSA_JWK["n"]]
    with pytest.raises(KeysUnavailable):
        of(inline(client, EC_JWK, OTHER_EC), "ES256", None)


def test_one_kid_of_two_keys_gives_both(client: Client) -> None:
    twins = inline(client, EC_JWK | {"kid": "1"}, OTHER_EC | {"kid": "1"})
    assert of(twins, "ES256", "1") == [EC_JWK["x"], OTHER_EC["x"]]


@pytest.mark.parametrize(
    "said", [{"use": "enc"}, {"alg": "ECDH-ES"}, {"key_ops": ["deriveKey"]}, {"key_ops": []}, {"use": 1}]
)
def test_a_key_meant_for_something_else_does_not_verify(client: Client, said: dict[str, Any]) -> None:
    with pytest.raises(KeysUnavailable):
        of(inline(client, EC_JWK | {"kid": "1"} | said), "ES256", "1")


@pytest.mark.parametrize(
    "said", [{"use": "sig"}, {"alg": "ES256"}, {"key_ops": ["verify"]}, {"x5c": ["AAAA"]}]
)
def test_a_key_meant_for_that_verifies(client: Client, said: dict[str, Any]) -> None:
    assert of(inline(client, EC_JWK | {"kid": "1"} | said), "ES256", "1") == [EC_JWK["x"]]


def test_an_unknown_kid_asks_the_address_once_more(client: Client) -> None:
    remote = FakeRemote((EC_JWK | {"kid": "1"},), (OTHER_EC | {"kid": "2"},))
    party = dataclasses.replace(client, jwks_uri=URI)
    assert of(party, "ES256", "1", remote) == [EC_JWK["x"]]
    assert remote.asked == ["current"]
    assert of(party, "ES256", "2", remote) == [OTHER_EC["x"]]
    assert remote.asked == ["current", "current", "renewed"]
    with pytest.raises(KeysUnavailable):
        of(party, "ES256", "3", remote)


def test_the_key_published_for_encryption_is_taken_first(client: Client) -> None:
    def taken(*keys: dict[str, Any]) -> str | None:
        return keys_with(FakeRemote()).for_encryption(inline(client, *keys), alg="ECDH-ES").kid

    plain, said = EC_JWK | {"kid": "plain"}, OTHER_EC | {"kid": "said", "use": "enc"}
    exact = OTHER_EC | {"kid": "exact", "use": "enc", "alg": "ECDH-ES"}
    assert taken(plain) == "plain"
    assert taken(plain, said) == "said"
    assert taken(plain, said, exact) == "exact"
    assert taken(said, exact | {"alg": "ECDH-ES+A256KW"}) == "said"
    assert taken(EC_JWK | {"use": "sig", "kid": "sig"}, said) == "said"
    for alone in (EC_JWK | {"use": "sig"}, EC_JWK | {"key_ops": ["verify"]}, RSA_JWK | {"use": "enc"}):
        with pytest.raises(KeysUnavailable):
            taken(alone)


def test_a_new_encryption_key_is_asked_for_when_none_fits(client: Client) -> None:
    remote = FakeRemote((RSA_JWK,), (EC_JWK | {"kid": "new"},))
    party = dataclasses.replace(client, jwks_uri=URI)
    assert keys_with(remote).for_encryption(party, alg="ECDH-ES").kid == "new"
