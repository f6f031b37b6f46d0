"""An operator's file of rules: what it may say, and each fault at its line with what was expected."""

from pathlib import Path

import pytest

from idp.conformity.rule_book import BadRules, rule_book, shipped_rules
from idp.settings.files import NotRegular, TooLarge
from tests.conformity.judging import written

_TEST = "tests/flows/test_choice.py::test_tokens_of_the_password_door_end_when_the_house_closes_it"
STANDARD = """\
standards:
  - id: pssi
    title: {fr: PSSI, en: policy}
    edition: {fr: "3", en: "3"}
    weight: {fr: ici, en: here}
    source: intranet
"""
RULE = f"""\
rules:
  - id: pssi.idle
    standard: rie-1
    clause: § 4
    since: 2026-01-12
    means: [service]
    asks: {{fr: "Dix minutes.", en: "Ten minutes."}}
    holds:
      - {{setting: SESSION_IDLE, at_most: 600}}
    shown_by: [{_TEST}]
    source: intranet
"""
ANSWER = "answers:\n  - rule: rie-1.exi-06\n    answer: met\n    by: RSSI\n    since: 2026-01-01\n"
REMOVAL = "removed:\n  - rule: rie-1.exi-06\n    why: no card\n    by: RSSI\n"
GOOD = STANDARD + RULE + ANSWER


def changed(before: str, after: str, text: str = GOOD) -> str:
    assert before in text
    return text.replace(before, after, 1)


#: The text, the line, words of what is told.
BROKEN: list[tuple[str, int, str]] = [
    ("", 1, "expected `standards:`, `rules:`, `removed:`, `answers:`, one at least; nothing stands there"),
    ("# only a remark\n", 1, "nothing stands there"),
    ("rules: [\n", 2, "expected YAML"),
    ("- rules\n", 1, "expected `name: value` pairs"),
    ("rule: []\n", 1, "`rule` is none of them; an empty list stands there; did you mean `rules`?"),
    ("rules: x\n", 1, "expected a list"),
    (changed("means: [service]", "means: [services]"), 12, "did you mean `service`?"),
    (changed("means: [service]", "means: []"), 12, "expected one at least"),
    (changed("    means: [service]\n", ""), 8, "expected a member `means`"),
    (
        changed("standard: rie-1", "standard: rie1"),
        9,
        "expected the id of a standard; `rie1` stands there; did you",
    ),
    (
        changed("since: 2026-01-12", "since: 12/01/2026"),
        11,
        "expected a day such as 2026-12-31; `12/01/2026`",
    ),
    (changed("since: 2026-01-12", "since: 2026-02-30"), 11, "expected a day such as 2026-12-31"),
    (changed("since: 2026-01-12", "until: 2026-02-01"), 8, "expected `until` with an earlier `since`"),
    (
        changed("since: 2026-01-12", "since: 2026-01-12\n    until: 2026-01-11"),
        8,
        "expected `until` with an earlier `since`",
    ),
    (changed("SESSION_IDLE", "SESION_IDLE"), 15, "did you mean `SESSION_IDLE`?"),
    (changed("SESSION_IDLE", "CADUCEE_SESSION_IDLE"), 15, "without CADUCEE_ (docs/settings.md)"),
    (changed("at_most: 600", "at_most: ten"), 15, "a value of SESSION_IDLE: not a whole number of seconds"),
    (
        changed("at_most: 600", "less: 600"),
        15,
        "expected `fact`, or `setting` with one of at_most, at_least, is",
    ),
    (changed("at_most: 600", "at_most: 600, at_least: 1"), 15, "expected `fact`, or `setting` with one of"),
    (changed("SESSION_IDLE, at_most: 600", "PASSWORD_DOOR, at_most: 1"), 15, "expected `is`: PASSWORD_DOOR"),
    (changed("SESSION_IDLE, at_most: 600", "PASSKEYS, at_least: demand"), 15, "PASSKEYS is no number"),
    (
        changed("{setting: SESSION_IDLE, at_most: 600}", "{fact: psc_is_prod}"),
        15,
        "did you mean `psc_is_production`?",
    ),
    (changed(f"    shown_by: [{_TEST}]\n", ""), 8, "what may be « met » names the tests that show it"),
    (
        changed(_TEST, _TEST + "_soon"),
        16,
        "a test that a rule of the product names: no other is known to exist",
    ),
    (changed(_TEST, "tests/flows/test_choice.py"), 16, "expected tests/…/test_….py::test_…"),
    (changed('en: "Ten minutes."', 'en: "Ten minutes.", de: Zehn'), 13, "`de` is unknown; expected fr, en"),
    (changed(', en: "Ten minutes."', ""), 13, "expected a member `en`"),
    (changed('fr: "Dix minutes."', "fr: ' '"), 13, "expected a text that says something"),
    (changed("id: pssi.idle", "id: PSSI idle"), 8, "expected small letters, digits, dots and dashes"),
    (
        changed("clause:", "clauses: x\n    clause:"),
        10,
        "`clauses` is unknown; expected id, standard, clause",
    ),
    (changed("    source: intranet\nrules", "rules"), 2, "expected a member `source`"),
    (
        changed("rule: rie-1.exi-06", "rule: rie-1.exi-6"),
        19,
        "the id of a rule; `rie-1.exi-6` stands there; did you",
    ),
    (changed("answer: met", "answer: not_ours_to_say"), 20, "expected one of met, not_met, no_object"),
    (changed("by: RSSI", "by: RSSI\n    means: [psc]"), 22, "expected means that the rule concerns: cps"),
    (changed("by: RSSI\n    since: 2026-01-01", "since: 2026-01-01"), 19, "expected a member `by`"),
    (changed("by: RSSI", "by: 7"), 21, "expected a text"),
    (STANDARD + RULE + RULE.removeprefix("rules:\n"), 18, "`pssi.idle` is given twice"),
    (changed("rie-1.exi-06", "pssi.idle", REMOVAL), 2, "expected the id of a rule of the product"),
    (changed("    by: RSSI\n", "", REMOVAL), 2, "expected a member `by`"),
    (REMOVAL + ANSWER, 6, "expected the id of a rule"),
    (
        changed("pssi.idle", "rie-1.exi-06", RULE) + REMOVAL,
        13,
        "`rie-1.exi-06` is written anew and removed; expected one of the two",
    ),
    (changed("source: intranet", "source: &a intranet"), 6, "expected no anchor and no alias"),
    ("rules: []\nrules: []\n", 2, "`rules` is given twice"),
]


@pytest.mark.parametrize(("text", "line", "words"), BROKEN)
def test_a_fault_is_told_at_its_line_with_what_was_expected(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = written(tmp_path / "rules.yaml", text)
    with pytest.raises(BadRules) as caught:
        rule_book(file)
    (fault,) = caught.value.faults
    assert (fault.place.path, fault.place.line) == (file, line)
    assert words in fault.told()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = changed("at_most: 600", "at_most: ten", changed("answer: met", "answer: yes"))
    with pytest.raises(BadRules) as caught:
        rule_book(written(tmp_path / "rules.yaml", changed("edition:", "editions:", text)))
    assert [fault.place.line for fault in caught.value.faults] == [2, 4, 15, 20]


def test_octets_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"rules: \xff")
    with pytest.raises(BadRules, match="expected YAML in UTF-8"):
        rule_book(tmp_path / "rules.yaml")


def test_what_is_no_file_that_fits_is_the_systems_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rule_book(tmp_path / "none.yaml")
    with pytest.raises(IsADirectoryError):
        rule_book(tmp_path)
    with pytest.raises(NotRegular):
        rule_book(Path("/dev/null"))
    with pytest.raises(TooLarge):
        rule_book(written(tmp_path / "rules.yaml", "#" * 600_000))


def test_without_a_file_the_rules_are_those_of_the_product() -> None:
    assert rule_book(None) is shipped_rules()


def test_rules_are_added_written_anew_in_their_place_and_removed(tmp_path: Path) -> None:
    own = RULE + changed("pssi.idle", "rie-1.exi-26", RULE).removeprefix("rules:\n")
    book = rule_book(written(tmp_path / "rules.yaml", own + REMOVAL))
    ours = list(shipped_rules().rules)
    assert list(book.rules) == [*(name for name in ours if name != "rie-1.exi-06"), "pssi.idle"]
    assert [rule.id for rule in book.rules.values() if rule.is_operators] == ["rie-1.exi-26", "pssi.idle"]
    assert book.replaced == ("rie-1.exi-26",)
    assert [removal.rule for removal in book.removed] == ["rie-1.exi-06"]


def test_a_draft_gets_its_day_by_being_written_anew(tmp_path: Path) -> None:
    draft = shipped_rules().rules["rie-2.ps-13"]
    assert draft.since is None
    text = changed("pssi.idle", "rie-2.ps-13", RULE)
    assert rule_book(written(tmp_path / "rules.yaml", text)).rules["rie-2.ps-13"].since is not None


def test_a_rule_that_somebody_else_says_needs_no_test(tmp_path: Path) -> None:
    holds = "    holds:\n      - {setting: SESSION_IDLE, at_most: 600}\n"
    text = changed(f"    shown_by: [{_TEST}]\n", "    who: {fr: DPO, en: DPO}\n", changed(holds, ""))
    assert rule_book(written(tmp_path / "rules.yaml", text)).rules["pssi.idle"].who is not None


def test_a_rule_of_an_added_text_may_be_answered(tmp_path: Path) -> None:
    text = changed("rie-1.exi-06", "pssi.idle", changed("standard: rie-1", "standard: pssi"))
    book = rule_book(written(tmp_path / "rules.yaml", text))
    assert (book.answers[0].rule, book.answers[0].means) == ("pssi.idle", ("service",))
    assert "pssi" in book.standards
