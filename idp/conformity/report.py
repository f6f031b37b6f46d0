"""Contains the report: every rule of each means, judged. Not here: how it is written (`markdown`, `as_json`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from idp.conformity.conditions import value_in_force
from idp.conformity.installation import Installation, Words
from idp.conformity.rule import MEANS, Answer, Force, Rule, RuleBook, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A setting and its value in force. `wanted`: what a condition of the rule wants of it, if one does."""

    setting: str
    value: Words
    wanted: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One rule, for one means. `answer`: the operator's, which took the place of our verdict; `lapsed`: one that is
    over."""

    rule: Rule
    means: str
    verdict: Verdict
    #: What we say, whatever the operator answered.
    ours: Verdict
    force: Force
    values: tuple[Value, ...]
    answer: Answer | None
    lapsed: Answer | None
    #: An open means does not keep it, and it is in force.
    is_broken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansReport:
    means: str
    is_open: bool
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    issuer: str
    day: date
    book: RuleBook
    #: Clients of the FAPI profile.
    fapi_clients: tuple[str, ...]
    means: tuple[MeansReport, ...]

    @property
    def broken(self) -> tuple[Judged, ...]:
        """Returns the rules in force that an open means does not keep."""
        return tuple(one for part in self.means for one in part.judged if one.is_broken)

    @property
    def is_red(self) -> bool:
        return bool(self.broken)


def report_of(book: RuleBook, installation: Installation) -> Report:
    """Returns the report of the day of `installation.at`, in UTC."""
    settings = installation.settings
    return Report(
        issuer=settings.where.issuer,
        day=installation.at.date(),
        book=book,
        fapi_clients=installation.clients_of("fapi2"),
        means=tuple(_of_means(means, book, installation) for means in MEANS),
    )


def _of_means(means: str, book: RuleBook, installation: Installation) -> MeansReport:
    # The service itself is always open.
    is_open = installation.opened.get(means, True)
    judged = (
        _judged(rule, means, is_open, book, installation)
        for rule in book.rules.values()
        if means in rule.means
    )
    return MeansReport(means=means, is_open=is_open, judged=tuple(judged))


def _judged(rule: Rule, means: str, is_open: bool, book: RuleBook, installation: Installation) -> Judged:
    day = installation.at.date()
    answers = [one for one in book.answers if one.rule == rule.id and means in one.means]
    answer = next((one for one in answers if one.counts_on(day)), None)
    ours = rule.verdict_for(installation)
    verdict = answer.answer if answer else ours
    force = rule.force_on(day)
    return Judged(
        rule=rule,
        means=means,
        verdict=verdict,
        ours=ours,
        force=force,
        values=tuple(_values(rule, installation)),
        answer=answer,
        lapsed=None if answer else next((one for one in answers if one.is_over(day)), None),
        is_broken=is_open and verdict is Verdict.NOT_MET and force is Force.IN_FORCE,
    )


def _values(rule: Rule, installation: Installation) -> Iterator[Value]:
    for condition in rule.holds:
        for name in condition.settings:
            yield Value(setting=name, value=value_in_force(installation, name), wanted=condition.wanted)
    for name in rule.settings:
        yield Value(setting=name, value=value_in_force(installation, name), wanted=None)
