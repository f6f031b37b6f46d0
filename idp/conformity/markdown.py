"""Contains the report as Markdown, for the file of a homologation. Not here: its words (`words`), JSON (`as_json`)."""

import re
from collections.abc import Iterator
from datetime import date

from idp.conformity.installation import Words
from idp.conformity.report import Judged, MeansReport, Report, Value
from idp.conformity.rule import Answer, Force, Verdict
from idp.conformity.words import FORCES, MEANS_NAMES, VERDICTS, said

_MARKS = re.compile(r"[\\|*`\[]|(?<!\w)_|_(?!\w)")
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()


def markdown(report: Report, language: str) -> str:
    """Returns the document, `language`: fr or en. What an operator wrote comes out as text, never as markup."""
    return "\n".join(_Writer(report, language).lines()) + "\n"


class _Writer:
    def __init__(self, report: Report, language: str) -> None:
        self._report = report
        self._language = language
        judged = (one for part in report.means for one in part.judged)
        self._tests = list(dict.fromkeys(test for one in judged for test in one.rule.shown_by))

    def lines(self) -> Iterator[str]:
        report = self._report
        yield f"# {self._said('title')}"
        yield ""
        yield self._said("of", issuer=report.issuer, day=self._day(report.day))
        yield ""
        yield from self._outcome()
        yield ""
        yield self._said("how")
        yield ""
        yield from self._standards()
        for part in report.means:
            yield from self._means(part)
        yield from self._corrections()
        yield from self._proofs()

    def _said(self, key: str, **values: object) -> str:
        return said(key, self._language, **values)

    def _text(self, words: Words) -> str:
        return _plain(words.text(self._language))

    def _day(self, day: date) -> str:
        if self._language == "en":
            return day.isoformat()
        return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"

    def _outcome(self) -> Iterator[str]:
        broken = self._report.broken
        if not broken:
            yield self._said("green")
            return
        yield self._said("red", count=len(broken))
        yield ""
        for one in broken:
            name, asks = self._text(MEANS_NAMES[one.means]), self._text(one.rule.asks)
            yield f"- {self._said('broken', name=name, rule=one.rule.id, asks=asks)}"

    def _standards(self) -> Iterator[str]:
        book = self._report.book
        yield f"## {self._said('sources')}"
        yield ""
        yield from _table(self._said("sources_head"))
        for standard in book.standards.values():
            cells = (standard.title, standard.edition, standard.weight)
            yield _row(*(self._text(cell) for cell in cells), _plain(standard.source))
        yield ""

    def _means(self, part: MeansReport) -> Iterator[str]:
        yield f"## {self._text(MEANS_NAMES[part.means])}"
        yield ""
        if part.means != "service":
            yield self._said("open" if part.is_open else "closed")
            yield ""
        elif self._report.fapi_clients:
            names = ", ".join(f"`{name}`" for name in self._report.fapi_clients)
            yield self._said("clients", names=names)
            yield ""
        yield from _table(self._said("rules_head"))
        for one in part.judged:
            yield self._judged(one)
        yield ""

    def _judged(self, one: Judged) -> str:
        rule = one.rule
        name = f"`{rule.id}`<br>{_plain(rule.clause)}<br>{_plain(rule.source)}"
        if rule.is_operators:
            name += f"<br>({self._said('of_operator')})"
        asks = self._text(rule.asks) + (f"<br>*{self._text(rule.note)}*" if rule.note else "")
        values = "<br>".join(map(self._value, dict.fromkeys(one.values)))
        proofs = ", ".join(str(self._tests.index(test) + 1) for test in rule.shown_by)
        return _row(name, asks, self._force(one), self._verdict(one), values, proofs)

    def _force(self, one: Judged) -> str:
        rule, word = one.rule, FORCES[one.force].text(self._language)
        first = "from" if one.force is Force.NOT_YET else "since"
        days = [self._said(first, day=self._day(rule.since))] if rule.since else []
        if rule.until:
            days.append(self._said("until", day=self._day(rule.until)))
        return ", ".join((word, *days))

    def _verdict(self, one: Judged) -> str:
        told = [VERDICTS[one.verdict].text(self._language)]
        if one.answer:
            told.append(self._answered(one.answer))
            if one.ours is not one.verdict:
                told.append(self._said("ours", verdict=VERDICTS[one.ours].text(self._language)))
        elif one.rule.who and one.verdict is not Verdict.MET:
            told.append(self._text(one.rule.who))
        if one.lapsed and one.lapsed.until:
            told.append(self._said("lapsed", by=_plain(one.lapsed.by), day=self._day(one.lapsed.until)))
        return "<br>".join(told)

    def _answered(self, answer: Answer) -> str:
        told = self._said("answered", by=_plain(answer.by), day=self._day(answer.since))
        return f"{told}, {self._said('until', day=self._day(answer.until))}" if answer.until else told

    def _value(self, value: Value) -> str:
        wanted = f" ({self._text(value.wanted)})" if value.wanted else ""
        return f"`{value.setting}` = {self._text(value.value)}{wanted}"

    def _corrections(self) -> Iterator[str]:
        book = self._report.book
        yield f"## {self._said('corrections')}"
        yield ""
        own = [rule.id for rule in book.rules.values() if rule.is_operators]
        told = [self._said("replaced" if rule in book.replaced else "added", rule=rule) for rule in own]
        told += [
            self._said("removed", rule=one.rule, by=_plain(one.by), why=_plain(one.why))
            for one in book.removed
        ]
        told += [self._correction(one) for one in book.answers]
        yield from (f"- {line}" for line in told)
        if not told:
            yield self._said("none")
        yield ""

    def _correction(self, answer: Answer) -> str:
        verdict = VERDICTS[answer.answer].text(self._language)
        means = ", ".join(answer.means)
        told = self._answered(answer)
        return self._said("answer", rule=answer.rule, means=means, answer=verdict, told=told)

    def _proofs(self) -> Iterator[str]:
        yield f"## {self._said('tests')}"
        yield ""
        yield self._said("tests_text")
        yield ""
        yield from (f"{rank}. `{test}`" for rank, test in enumerate(self._tests, start=1))


def _table(head: str) -> Iterator[str]:
    yield f"| {head} |"
    yield f"|{'---|' * len(head.split(' | '))}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Returns a text as Markdown shows it: no cell, tag, emphasis, link or code of its own."""
    return _MARKS.sub(r"\\\g<0>", text.replace("<", "&lt;"))
