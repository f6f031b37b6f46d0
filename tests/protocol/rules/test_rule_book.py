"""The rules of requests: their identifiers, what relying parties read of them, and the page that lists them."""

import re

import pytest

from idp.clients.members import MEMBERS
from idp.core.errors import Rule
from idp.protocol.rules.rule_book import RULES, SECTIONS, document
from tests.house.reading import ROOT

ALL = [rule for rules in SECTIONS.values() for rule in rules]


def test_an_identifier_names_one_rule() -> None:
    assert len(RULES) == len(ALL)
    assert all(re.fullmatch(r"[a-z][a-z_]{2,60}", name) for name in RULES)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_description_keeps_to_its_letters_and_names_a_member_that_there_is(rule: Rule) -> None:
    # RFC 6749 §4.1.2.1 and §5.2. Braces stand for a name that we know.
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]{5,140}", rule.description)
    assert re.findall(r"\{.*?\}", rule.description) in ([], ["{parameter}"])
    assert rule.member in ("", *MEMBERS)
    assert all((rule.wrong, rule.cure.endswith("."), rule.clause))


def test_the_page_is_written_from_the_rules() -> None:
    assert (ROOT / "docs" / "refusals.md").read_text("utf-8") == document(), "run `make refusals`"
