"""Nothing is said to be met that no test shows: each that a rule names exists, and runs."""

import ast
from collections.abc import Mapping
from functools import cache

import pytest

from idp.conformity.rule_book import shipped_rules
from tests.house.reading import ROOT
from tests.house.test_requirements import collected_in

RULES = shipped_rules().rules
NAMED = sorted({test for rule in RULES.values() for test in rule.shown_by})


def is_there(test: str) -> bool:
    file, _, function = test.partition("::")
    return (ROOT / file).is_file() and function in collected_in(file)


@pytest.mark.parametrize("rule", RULES)
def test_each_test_that_a_rule_names_exists(rule: str) -> None:
    assert [test for test in RULES[rule].shown_by if not is_there(test)] == []


def test_one_that_does_not_exist_is_missed() -> None:
    assert is_there(NAMED[0])
    assert not is_there(NAMED[0] + "_really")
    assert not is_there("tests/nowhere/test_nothing.py::test_nothing")
    assert not is_there("tests/house/test_conformity.py::TestThat::test_one_that_does_not_exist_is_missed")


@cache
def written_in(file: str) -> Mapping[str, str]:
    """The text of each function of a file, with its decorators."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {node.name: ast.unparse(node) for node in found}


def test_none_of_them_is_skipped() -> None:
    assert "pytest.skip" in written_in("tests/cards/test_trust.py").get(
        "test_real_card_of_2013_is_told_that_it_is_of_an_old_generation", ""
    )
    for test in NAMED:
        file, _, function = test.partition("::")
        text = written_in(file)[function.rpartition("::")[2]]
        assert not any(word in text for word in ("mark.skip", "pytest.skip", "mark.xfail", "importorskip")), (
            test
        )
