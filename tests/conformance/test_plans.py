"""Every module of every plan has its test, in the file of its plan, and none is skipped."""

import ast
from pathlib import Path

import pytest

from tests.conformance.plans import NOT_APPLICABLE, PLANS

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "conformance.md"


def found_in(file: str) -> list[str]:
    """Those pytest finds in a plan's file: written there, or imported as a module of a plan."""
    tree = ast.parse((HERE / f"{file}.py").read_text("utf-8"))
    written = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return [name for name in (*written, *imported) if name.startswith("test_oidcc_")]


def name_of(module: str) -> str:
    return f"test_{module.replace('-', '_')}"


@pytest.mark.parametrize("plan", PLANS)
def test_each_module_of_a_plan_has_exactly_one_test(plan: str) -> None:
    file, modules = PLANS[plan]
    assert sorted(found_in(file)) == sorted(map(name_of, modules))


@pytest.mark.parametrize("plan", PLANS)
def test_plans_and_modules_that_do_not_apply_are_in_the_docs(plan: str) -> None:
    documented = DOCS.read_text("utf-8")
    _file, modules = PLANS[plan]
    assert plan in documented
    for module in set(modules) & set(NOT_APPLICABLE):
        assert f"`{module}`" in documented


def test_what_does_not_apply_is_a_module_of_a_plan() -> None:
    known = {module for _file, modules in PLANS.values() for module in modules}
    assert set(NOT_APPLICABLE) <= known


def test_no_module_is_skipped_or_expected_to_fail() -> None:
    for path in HERE.glob("*.py"):
        if path != Path(__file__):
            found = path.read_text("utf-8")
            assert not any(
                word in found for word in ("mark.skip", "mark.xfail", "pytest.skip", "importorskip")
            )
