"""A running server follows the ring and the time; what it cannot read keeps the old keys and is told."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest

from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.signing.signer import Alg
from tests.fakes import FixedClock
from tests.key_files import DAY, MINUTE
from tests.logged import logged_here

LIFE, SKEW = 5 * MINUTE, MINUTE


@pytest.fixture
def keys(directory: KeyDirectory) -> KeysInForce:
    return KeysInForce(directory)


def kids(keys: KeysInForce) -> list[str]:
    return [key["kid"] for key in keys.jwks()["keys"]]


def signing_kid(keys: KeysInForce, alg: Alg = "ES256") -> str:
    return str(jwt.get_unverified_header(keys.sign_jwt({}, alg=alg))["kid"])


def verifies(token: str, key_set: Any) -> bool:
    kid = jwt.get_unverified_header(token)["kid"]
    found = [key for key in key_set["keys"] if key["kid"] == kid]
    for key in found:
        jwt.decode(token, jwt.PyJWK(dict(key)), algorithms=[key["alg"]], options={"verify_exp": False})
    return bool(found)


def test_a_rotation_is_followed_within_a_second(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    old = signing_kid(keys)
    new = directory.announce("ES256")
    clock.advance(seconds=1)
    assert new.kid in kids(keys)
    assert signing_kid(keys) == old
    clock.at = new.active_from
    assert signing_kid(keys) == new.kid
    assert old in kids(keys)
    clock.at += DAY
    assert old not in kids(keys)


def test_a_key_begins_to_sign_at_its_instant_and_not_a_second_later(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    new = directory.announce("ES256")
    clock.at = new.active_from - timedelta(microseconds=1)
    old = signing_kid(keys)
    clock.at = new.active_from
    assert (old != new.kid, signing_kid(keys)) == (True, new.kid)


def test_the_disk_is_looked_at_no_more_than_once_a_second(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    new = directory.activate("ES256")
    clock.advance(milliseconds=999)
    assert signing_kid(keys) != new.kid
    clock.advance(milliseconds=1)
    assert signing_kid(keys) == new.kid


def test_a_clock_set_back_looks_again_and_still_signs(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    directory.activate("ES256")
    clock.advance(seconds=-30)
    assert signing_kid(keys) in kids(keys)
    clock.advance(days=-40)
    assert signing_kid(keys) in kids(keys)


def test_tokens_of_before_and_after_verify_at_every_instant_of_their_life(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    living: list[tuple[Any, str]] = []

    def minutes(number: int) -> Iterator[None]:
        for _ in range(number):
            yield
            living.extend((clock.at + LIFE + SKEW, keys.sign_jwt({}, alg=alg)) for alg in ("RS256", "ES256"))
            living[:] = [(end, token) for end, token in living if clock.at <= end]
            assert all(verifies(token, keys.jwks()) for _end, token in living)
            clock.advance(minutes=1)

    for _ in minutes(3):
        pass
    clock.at = directory.announce("ES256").active_from - 3 * MINUTE
    for _ in minutes(8):
        pass
    directory.activate("ES256")
    for _ in minutes(8):
        pass
    for record in directory.schedule().published(clock.at)[:1]:
        with pytest.raises(Exception, match=record.kid):
            directory.retire(record.kid)
    for _ in minutes(8):
        pass


def test_a_compromised_key_is_gone_within_a_second_and_its_tokens_with_it(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    token = keys.sign_jwt({}, alg="ES256")
    directory.revoke(signing_kid(keys))
    clock.advance(seconds=1)
    assert not verifies(token, keys.jwks())
    assert verifies(keys.sign_jwt({}, alg="ES256"), keys.jwks())
    assert keys.fault is None


class TestABadRing:
    def test_keeps_the_old_keys_and_says_so_until_it_is_put_right(
        self, keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        before, ring = kids(keys), directory.path / RING
        directory.announce("ES256")
        good = ring.read_text()
        ring.write_text(good[: len(good) // 2])
        clock.advance(seconds=1)
        assert (kids(keys), signing_kid(keys) in before) == (before, True)
        assert RING in (keys.fault or "")
        ring.write_text(good)
        clock.advance(seconds=1)
        assert keys.fault is None
        assert len(kids(keys)) == len(before) + 1

    def test_that_others_could_read_is_put_right_by_chmod(
        self, keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        new = directory.activate("ES256")
        (directory.path / new.file).chmod(0o644)
        clock.advance(seconds=1)
        assert new.file in (keys.fault or "")
        assert signing_kid(keys) != new.kid
        (directory.path / new.file).chmod(0o600)
        clock.advance(seconds=1)
        assert (keys.fault, signing_kid(keys)) == (None, new.kid)

    def test_does_not_stop_what_the_old_one_had_planned(
        self, keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        new = directory.announce("ES256")
        clock.advance(seconds=1)
        assert new.kid in kids(keys)
        (directory.path / RING).write_text("{")
        clock.at = new.active_from
        assert signing_kid(keys) == new.kid
        assert keys.fault

    def test_or_a_directory_that_went_away_does_not_stop_the_server(
        self, keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        before = kids(keys)
        directory.path.rename(directory.path.with_name("elsewhere"))
        clock.advance(seconds=1)
        assert (kids(keys), bool(keys.fault)) == (before, True)

    def test_is_logged_once_and_not_each_second(
        self, keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
    ) -> None:
        (directory.path / RING).write_text("{")
        with logged_here() as logs:
            for _ in range(5):
                clock.advance(seconds=1)
                assert keys.fault
        assert [entry["event"] for entry in logs] == ["key_ring_refused"]


def test_threads_see_whole_rings_while_keys_change(
    keys: KeysInForce, directory: KeyDirectory, clock: FixedClock
) -> None:
    faults: list[str] = []
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            token = keys.sign_jwt({}, alg="ES256")
            if not verifies(token, keys.jwks()):
                faults.append(token)

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        directory.activate("ES256")
        clock.advance(seconds=1)
    stopped.set()
    for thread in threads:
        thread.join()
    assert not faults


def test_the_key_set_is_json(keys: KeysInForce) -> None:
    assert json.loads(json.dumps(keys.jwks())) == keys.jwks()
