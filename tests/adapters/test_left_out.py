"""What a web worker does without: what stands in for it raises when it is used."""

import importlib.util

import pytest

from idp.adapters.left_out import STANDING_IN, LeftOut, _StandIn


@pytest.mark.parametrize("name", [*STANDING_IN, "Cryptodome.Cipher.AES"])
def test_what_stands_in_can_be_imported_from_and_never_used(name: str) -> None:
    spec = _StandIn().find_spec(name, None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    with pytest.raises(LeftOut, match=f"^{name}.new$"):
        module.new(b"key")
    with pytest.raises(AttributeError):
        module.__wrapped__  # noqa: B018


@pytest.mark.parametrize("name", ["redis", "redis.asynchronous", "Cryptodomex", "json"])
def test_nothing_else_is_stood_in_for(name: str) -> None:
    assert _StandIn().find_spec(name, None) is None
