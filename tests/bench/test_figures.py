"""`make bench-check` is red for what costs more, and for nothing else."""

from pathlib import Path

import pytest

from bench.check.figures import FILE, Excess, Figures, read_figures, write_figures

STEP = {"statements": 2, "sql_trips": 2, "commits": 1, "instructions": 1000}


def figures(python: str = "3.11", **changes: int) -> Figures:
    return Figures(python, {"W1": {"POST /token": {**STEP, **changes}}})


def red(found: Figures, allowed: Figures | None = None) -> list[Excess]:
    return list(found.excesses(allowed or figures()))


def test_what_costs_the_same_is_green() -> None:
    assert red(figures()) == []


@pytest.mark.parametrize("name", ["statements", "sql_trips", "commits", "commands", "signatures", "hashes"])
def test_one_more_of_what_is_counted_is_red(name: str) -> None:
    (excess,) = red(figures(**{name: STEP.get(name, 0) + 1}))
    assert (excess.flow, excess.step, excess.name, excess.found) == (
        "W1",
        "POST /token",
        name,
        STEP.get(name, 0) + 1,
    )


def test_less_is_green_and_the_file_should_follow() -> None:
    cheaper = figures(statements=1)
    assert red(cheaper) == []
    assert cheaper.is_cheaper(figures())
    assert not figures(instructions=500).is_cheaper(figures())


def test_a_flow_may_execute_fifteen_in_a_hundred_more_instructions() -> None:
    assert red(figures(instructions=1150)) == []
    assert [excess.step for excess in red(figures(instructions=1151))] == [""]


def test_instructions_of_another_python_are_not_compared_but_queries_are() -> None:
    assert red(figures("3.13", instructions=5000)) == []
    assert [excess.name for excess in red(figures("3.13", statements=3))] == ["statements"]


def test_an_endpoint_that_the_file_does_not_know_is_red() -> None:
    found = Figures("3.11", {"W1": {**figures().flows["W1"], "GET /new": {"statements": 1}}})
    assert [excess.step for excess in red(found)] == ["GET /new"]


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_figures(figures(), tmp_path / "check.json")
    assert read_figures(tmp_path / "check.json") == figures()
    assert read_figures(tmp_path / "none.json").flows == {}


def test_the_committed_file_holds_every_flow_that_asks_a_store() -> None:
    flows = read_figures(FILE).flows
    assert list(flows) == ["W1", "W2", "W3", "W5"]
    assert list(flows["W1"]) == ["GET /authorize", "POST /token", "GET /userinfo"]
