"""Contains how one standard, rule, removal or answer is read: which members it has, and what each may be.

Not here: the file around them (`rule_book`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from idp.clients.located_yaml import At, Noted
from idp.clients.shown import nearest
from idp.conformity.conditions import COMPARISONS, FACTS, Condition, compared, is_number
from idp.conformity.installation import Words
from idp.conformity.rule import MEANS, Answer, Removal, Rule, Standard, Verdict
from idp.settings.groups import catalogue
from idp.settings.texts import Unreadable, read_text

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_TEST = re.compile(r"tests/[a-z0-9_/]+\.py::(Test[A-Za-z0-9]+::)?test_[a-z0-9_]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PROFILES = ("fapi2",)
_ANSWERS = {verdict.value: verdict for verdict in (Verdict.MET, Verdict.NOT_MET, Verdict.NO_OBJECT)}

Reader = Callable[[At], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a rule or an answer may name. `tests`: None while the first rules are read."""

    standards: Mapping[str, Standard]
    rules: Mapping[str, Rule]
    tests: frozenset[str] | None


def _members(at: At, readers: Mapping[str, Reader], needed: str) -> dict[str, Any]:
    """Returns the values of the members, read. `needed`: those that must be there. Raises BadYaml with each fault."""
    noted = Noted()
    found: dict[str, Any] = {}
    given = at.members_noting(noted)
    for name, value in given.items():
        with noted.going_on(name):
            if name not in readers:
                expected = f"`{name}` is unknown; expected {', '.join(readers)}"
                raise value.fail(expected, meant=nearest(name, readers))
            found[name] = readers[name](value)
    for name in needed.split():
        if name not in given:
            with noted.going_on():
                raise at.fail(f"expected a member `{name}`")
    noted.raise_all()
    return found


def _line(at: At) -> str:
    """Returns a text that says something, its line ends as spaces."""
    text = " ".join(at.text().split())
    if not text or not text.isprintable():
        raise at.fail("expected a text that says something")
    return text


def _words(at: At) -> Words:
    return Words(**_members(at, {"fr": _line, "en": _line}, "fr en"))


def _id(at: At) -> str:
    if not _ID.fullmatch(at.scalar()):
        raise at.fail("expected small letters, digits, dots and dashes, 60 at most")
    return at.scalar()


def _day(at: At) -> date:
    try:
        if _DAY.fullmatch(at.scalar()):
            return date.fromisoformat(at.scalar())
    except ValueError:
        pass
    raise at.fail("expected a day such as 2026-12-31")


def _one_of(names: Mapping[str, Any] | tuple[str, ...], what: str) -> Reader:
    def read(at: At) -> str:
        if at.scalar() not in names:
            raise at.fail(f"expected {what}", among=names)
        return at.scalar()

    return read


def _list_of(read: Reader) -> Reader:
    def read_all(at: At) -> tuple[Any, ...]:
        found = tuple(read(item) for item in at.items())
        if not found:
            raise at.fail("expected one at least")
        return found

    return read_all


_means = _list_of(_one_of(MEANS, f"one of {', '.join(MEANS)}"))
_setting = _one_of(catalogue(), "the name of a setting, without CADUCEE_ (docs/settings.md)")


def _test(known: Known) -> Reader:
    def read(at: At) -> str:
        if not _TEST.fullmatch(at.scalar()):
            raise at.fail("expected tests/…/test_….py::test_…")
        if known.tests is not None and at.scalar() not in known.tests:
            raise at.fail(
                "expected a test that a rule of the product names: no other is known to exist",
                among=known.tests,
            )
        return at.scalar()

    return read


def _condition(at: At) -> Condition:
    """Raises BadYaml."""
    given = at.members()
    if given.keys() == {"fact"}:
        return FACTS[_one_of(FACTS, f"one of {', '.join(FACTS)}")(given["fact"])]
    comparison = [name for name in given if name in COMPARISONS]
    if len(given) != 2 or "setting" not in given or len(comparison) != 1:
        raise at.fail(f"expected `fact`, or `setting` with one of {', '.join(COMPARISONS)}")
    name, how = _setting(given["setting"]), COMPARISONS[comparison[0]]
    if how.of_numbers_only and not is_number(name):
        raise given[comparison[0]].fail(f"expected `is`: {name} is no number")
    return compared(name, how, _value(given[comparison[0]], name))


def _value(at: At, name: str) -> Any:
    kind, text = catalogue()[name].kind, at.scalar()
    try:
        # As a setting that is not set.
        return None if text == "" and type(None) in getattr(kind, "__args__", ()) else read_text(kind, text)
    except Unreadable as why:
        raise at.fail(f"a value of {name}: {why}") from None


def read_standard(at: At) -> Standard:
    """Raises BadYaml with every fault, as those below."""
    readers = {"id": _id, "title": _words, "edition": _words, "weight": _words, "source": _line}
    return Standard(**_members(at, readers, " ".join(readers)))


def read_rule(at: At, known: Known) -> Rule:
    readers: dict[str, Reader] = {
        "id": _id,
        "standard": _one_of(known.standards, "the id of a standard"),
        "clause": _line,
        "asks": _words,
        "means": _means,
        "source": _line,
        "since": _day,
        "until": _day,
        "holds": _list_of(_condition),
        "settings": _list_of(_setting),
        "shown_by": _list_of(_test(known)),
        "who": _words,
        "note": _words,
        "profile": _one_of(_PROFILES, f"one of {', '.join(_PROFILES)}"),
    }
    rule = Rule(**_members(at, readers, "id standard clause asks means source"))
    if (rule.holds or rule.who is None) and not rule.shown_by:
        raise at.fail("expected `shown_by`: what may be « met » names the tests that show it")
    _require_order(at, rule.since, rule.until)
    return rule


def read_removal(at: At, known: Known) -> Removal:
    of_ours = _one_of(known.rules, "the id of a rule of the product")
    return Removal(**_members(at, {"rule": of_ours, "why": _line, "by": _line}, "rule why by"))


def read_answer(at: At, known: Known) -> Answer:
    readers = {
        "rule": _one_of(known.rules, "the id of a rule"),
        "means": _means,
        "answer": lambda value: _ANSWERS[_one_of(_ANSWERS, f"one of {', '.join(_ANSWERS)}")(value)],
        "by": _line,
        "since": _day,
        "until": _day,
    }
    found = _members(at, readers, "rule answer by since")
    concerned = known.rules[found["rule"]].means
    answer = Answer(**{"means": concerned, **found})
    if not set(answer.means) <= set(concerned):
        raise at.members()["means"].fail(f"expected means that the rule concerns: {', '.join(concerned)}")
    _require_order(at, answer.since, answer.until)
    return answer


def _require_order(at: At, since: date | None, until: date | None) -> None:
    if until is not None and (since is None or until < since):
        raise at.fail("expected `until` with an earlier `since`")
