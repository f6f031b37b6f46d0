"""Contains how rules are read from files: those that come with the product, and an operator's beside them.

Every fault is told at its place, as of clients.yaml. Not here: how one rule is read (`rule_reader`), what it means.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from idp.clients.located_yaml import At, BadYaml, Noted, Place, compose_text
from idp.clients.shown import nearest
from idp.conformity.rule import Rule, RuleBook, Standard
from idp.conformity.rule_reader import Known, read_answer, read_removal, read_rule, read_standard
from idp.settings.files import NotText, read_words

_SHIPPED = Path(__file__).with_name("rules.yaml")
_MOST_BYTES = 512 * 1024
_MEMBERS = ("standards", "rules", "removed", "answers")

Read = TypeVar("Read")
Identified = TypeVar("Identified", Standard, Rule)


class BadRules(Exception):
    """Faults of a file of rules, each at its place."""

    def __init__(self, first: BadYaml) -> None:
        super().__init__(first.told())
        self.faults = sorted((first, *first.beside), key=lambda fault: (fault.place.line, fault.place.column))


@cache
def shipped_rules() -> RuleBook:
    """Returns those that come with the product."""
    noted = Noted()
    parts = _parts(_SHIPPED, noted)
    standards = _by_id(parts, "standards", noted, read_standard)
    # No test is known before these: whether each exists is for the tests to say.
    known = Known(standards=standards, rules={}, tests=None)
    rules = _by_id(parts, "rules", noted, lambda at: read_rule(at, known))
    noted.raise_all()
    return RuleBook(standards=standards, rules=rules)


def rule_book(file: Path | None) -> RuleBook:
    """Returns the rules that count where the operator has this file. Raises BadRules, OSError."""
    if file is None:
        return shipped_rules()
    try:
        return _with_those_of(file)
    except BadYaml as fault:
        raise BadRules(fault) from None


def _with_those_of(file: Path) -> RuleBook:
    """Raises BadYaml with every fault, OSError."""
    shipped = shipped_rules()
    noted = Noted()
    parts = _parts(file, noted)
    standards = {**shipped.standards, **_by_id(parts, "standards", noted, read_standard)}
    known = Known(standards=standards, rules=shipped.rules, tests=_tests(shipped.rules.values()))
    own = _by_id(parts, "rules", noted, lambda at: replace(read_rule(at, known), is_operators=True))
    removed = _listed(parts, "removed", noted, lambda at: read_removal(at, known))
    gone = {removal.rule for removal in removed}
    _refuse_both(parts, own, gone, noted)
    merged = {name: rule for name, rule in {**shipped.rules, **own}.items() if name not in gone}
    of_merged = replace(known, rules=merged)
    answers = _listed(parts, "answers", noted, lambda at: read_answer(at, of_merged))
    noted.raise_all()
    return RuleBook(
        standards=standards,
        rules=merged,
        replaced=tuple(name for name in own if name in shipped.rules),
        removed=tuple(removed),
        answers=tuple(answers),
    )


def _tests(rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset(test for rule in rules for test in rule.shown_by)


def _parts(path: Path, noted: Noted) -> Mapping[str, At]:
    """Raises BadYaml: it is no YAML, or says nothing; OSError."""
    try:
        top = compose_text(read_words(path, _MOST_BYTES), path)
    except NotText as error:
        raise BadYaml(Place(path), "expected YAML in UTF-8") from error
    expected = f"expected {', '.join(f'`{name}:`' for name in _MEMBERS)}, one at least"
    if top is None:
        raise BadYaml(Place(path), expected, "nothing")
    found = top.members_noting(noted)
    for name, at in found.items():
        if name not in _MEMBERS:
            with noted.going_on():
                raise at.fail(f"{expected}; `{name}` is none of them", meant=nearest(name, _MEMBERS))
    return found


def _listed(parts: Mapping[str, At], name: str, noted: Noted, read: Callable[[At], Read]) -> list[Read]:
    """Returns what could be read of this part, with its faults noted."""
    found: list[Read] = []
    if name in parts:
        with noted.going_on():
            for at in parts[name].items():
                with noted.going_on():
                    found.append(read(at))
    return found


def _by_id(
    parts: Mapping[str, At], name: str, noted: Noted, read: Callable[[At], Identified]
) -> dict[str, Identified]:
    """Returns the same by its id, which may be there once."""
    found: dict[str, Identified] = {}

    def read_new(at: At) -> None:
        one = read(at)
        if one.id in found:
            raise at.members()["id"].fail(f"`{one.id}` is given twice")
        found[one.id] = one

    _listed(parts, name, noted, read_new)
    return found


def _refuse_both(parts: Mapping[str, At], own: Iterable[str], gone: set[str], noted: Noted) -> None:
    for name in gone.intersection(own):
        with noted.going_on():
            raise parts["removed"].fail(f"`{name}` is written anew and removed; expected one of the two")
