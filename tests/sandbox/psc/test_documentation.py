"""docs/psc-simulator.md says every switch, every value and every address there is."""

from pathlib import Path

from sandbox.psc.switches import RULES, TARGETS, Choice

TEXT = (Path(__file__).parents[3] / "docs" / "psc-simulator.md").read_text("utf-8")


def test_every_switch_has_its_row_with_every_value() -> None:
    for name, rule in RULES.items():
        (row,) = [
            line for line in TEXT.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1]
        ]
        values = rule.values if isinstance(rule, Choice) else ()
        for value in set(values) - set(TARGETS):
            assert f"`{value}`" in row, (name, value)


def test_every_endpoint_that_can_fail_is_named() -> None:
    assert [target for target in TARGETS if f"`{target}`" not in TEXT] == []


def test_every_address_of_the_api_is_named() -> None:
    for address in ("switches", "reset", "identities", "end-sessions", "events"):
        assert f"/simulateur/api/{address}" in TEXT
