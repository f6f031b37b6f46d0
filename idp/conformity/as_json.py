"""Contains the report as JSON values, texts in both languages. Not here: Markdown (`markdown`)."""

from dataclasses import asdict
from datetime import date
from typing import Any

from idp.conformity.installation import Words
from idp.conformity.report import Judged, Report, Value
from idp.conformity.rule import Answer


def as_json(report: Report) -> dict[str, Any]:
    book = report.book
    return {
        "issuer": report.issuer,
        "day": report.day.isoformat(),
        "is_red": report.is_red,
        "broken": [{"means": one.means, "rule": one.rule.id} for one in report.broken],
        "standards": [asdict(standard) for standard in book.standards.values()],
        "means": [
            {"id": part.means, "is_open": part.is_open, "rules": [_judged(one) for one in part.judged]}
            for part in report.means
        ],
        "clients_of_fapi2": list(report.fapi_clients),
        "corrections": {
            "removed": [asdict(one) for one in book.removed],
            "replaced": list(book.replaced),
            "answers": [_answer(one) for one in book.answers],
        },
    }


def _judged(one: Judged) -> dict[str, Any]:
    rule = one.rule
    return {
        "id": rule.id,
        "standard": rule.standard,
        "clause": rule.clause,
        "asks": asdict(rule.asks),
        "force": one.force.value,
        "since": _day(rule.since),
        "until": _day(rule.until),
        "verdict": one.verdict.value,
        "verdict_of_the_product": one.ours.value,
        "is_broken": one.is_broken,
        "settings": [_value(value) for value in one.values],
        "tests": list(rule.shown_by),
        "who": _words(rule.who),
        "note": _words(rule.note),
        "source": rule.source,
        "is_operators": rule.is_operators,
        "answer": _answer(one.answer),
        "lapsed_answer": _answer(one.lapsed),
    }


def _value(value: Value) -> dict[str, Any]:
    return {"name": value.setting, "value": asdict(value.value), "wanted": _words(value.wanted)}


def _answer(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "rule": answer.rule,
        "means": list(answer.means),
        "answer": answer.answer.value,
        "by": answer.by,
        "since": _day(answer.since),
        "until": _day(answer.until),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _words(words: Words | None) -> dict[str, str] | None:
    return None if words is None else asdict(words)
