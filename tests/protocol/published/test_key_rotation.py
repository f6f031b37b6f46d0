"""The running application follows the keys directory: nothing is built again, nothing is restarted."""

import time
from collections.abc import Callable
from typing import Any

import jwt

from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.core.clock import SystemClock
from idp.wiring.resources import open_key_directory
from tests.limits import within
from tests.provider import Provider


def _keys(provider: Provider) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = provider.browser().get("/jwks").get_json()["keys"]
    return found


def _soon(is_so: Callable[[], bool]) -> bool:
    """The disk is looked at once a second."""
    deadline = time.monotonic() + within(5)
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def _directory(provider: Provider) -> KeyDirectory:
    return open_key_directory(provider.settings, SystemClock())


def _id_token(provider: Provider) -> str:
    return str(provider.exchange(provider.browser().sign_in()).get_json()["id_token"])


def _verify(token: str, keys: list[dict[str, Any]]) -> str:
    kid = str(jwt.get_unverified_header(token)["kid"])
    (key,) = [key for key in keys if key["kid"] == kid]
    jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], audience="viatrajectoire")
    return kid


def test_a_rotation_needs_no_restart_and_breaks_no_token(fresh: Provider) -> None:
    before = _id_token(fresh)
    announced = _directory(fresh).announce("RS256")
    assert _soon(lambda: announced.kid in {key["kid"] for key in _keys(fresh)})
    assert _verify(_id_token(fresh), _keys(fresh)) == _verify(before, _keys(fresh)) != announced.kid
    _directory(fresh).activate("RS256")
    assert _soon(lambda: _verify(_id_token(fresh), _keys(fresh)) == announced.kid)
    assert _verify(before, _keys(fresh))
    assert fresh.health() == "ready"


def test_a_bad_ring_degrades_and_does_not_stop(fresh: Provider) -> None:
    keys = _keys(fresh)
    ring = _directory(fresh).path / RING
    ring.touch(mode=0o600)
    ring.write_text("{")
    assert _soon(lambda: fresh.health() == "degraded")
    assert _keys(fresh) == keys
    assert _verify(_id_token(fresh), keys)
