"""Every requirement on the protocol has tests that exist, and `docs/security.md` says which."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.reading import ROOT
from tests.house.requirements import CHAPTERS, REQUIREMENTS, document

#: How many of each kind there are.
COUNTS = {
    "AZ": (1, 16),
    "TK": (1, 15),
    "JW": (1, 8),
    "LO": (1, 8),
    "FA": (1, 9),
    "L": (1, 13),
    "TH": (1, 5),
    "OT": (1, 4),
    "PK": (1, 6),
    "T": (37, 48),
}


@cache
def collected_in(file: str) -> frozenset[str]:
    """As pytest collects them: `test_x`, `TestY::test_x`."""
    return frozenset(_collected(ast.parse((ROOT / file).read_text("utf-8")).body, ""))


def _collected(body: list[ast.stmt], owner: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield owner + node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not owner:
            yield from _collected(node.body, f"{node.name}::")


def test_every_requirement_is_there_and_no_other() -> None:
    assert COUNTS.keys() == CHAPTERS.keys()
    known = [f"{prefix}{rank}" for prefix, (first, last) in COUNTS.items() for rank in range(first, last + 1)]
    assert list(REQUIREMENTS) == known


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_each_proof_of_a_requirement_exists(name: str) -> None:
    requirement = REQUIREMENTS[name]
    assert requirement.wording.endswith(".")
    assert requirement.proofs
    for proof in requirement.proofs:
        file, _, function = proof.partition("::")
        assert function in collected_in(file), proof


def test_a_proof_that_does_not_exist_is_missed() -> None:
    assert "test_nothing_of_the_kind" not in collected_in("tests/house/test_requirements.py")
    assert "test_a_proof_that_does_not_exist_is_missed" in collected_in("tests/house/test_requirements.py")
    assert "TestSilence::test_without_a_session_login_is_required" in collected_in(
        "tests/protocol/authorization/test_authorization_request.py"
    )


def test_no_proof_is_skipped() -> None:
    for file in {
        proof.partition("::")[0] for requirement in REQUIREMENTS.values() for proof in requirement.proofs
    }:
        text = (ROOT / file).read_text("utf-8")
        assert not any(word in text for word in ("mark.skip", "pytest.skip", "mark.xfail", "importorskip")), (
            file
        )


def test_the_document_says_what_the_table_says() -> None:
    assert (ROOT / "docs" / "security.md").read_text("utf-8") == document(), (
        "run python -m tests.house.requirements"
    )
