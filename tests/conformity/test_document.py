"""docs/conformity.md says what an operator may write, and its example is read."""

import re
from pathlib import Path

from idp.conformity.conditions import COMPARISONS, FACTS
from idp.conformity.rule_book import rule_book
from tests.conformity.judging import written
from tests.house.reading import ROOT

PAGE = (ROOT / "docs" / "conformity.md").read_text("utf-8")


def test_its_example_is_a_file_of_rules(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    book = rule_book(written(tmp_path / "rules.yaml", text))
    assert ("pssi.stations" in book.rules, "rie-1.exi-04" in book.rules) == (True, False)
    assert book.answers[0].means == ("passkey",)


def test_it_names_every_fact_and_comparison() -> None:
    assert set(re.findall(r"`\{fact: ([a-z_]+)\}`", PAGE)) == set(FACTS)
    assert all(f"`{name}`" in PAGE or f"{name}: VALUE" in PAGE for name in COMPARISONS)
