"""Contains what a rule is, and what an operator says of one. Not here: reading them (`rule_book`), the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from idp.conformity.conditions import Condition
from idp.conformity.installation import Installation, Words

#: Means of identification by the names of their doors, and the service around them.
MEANS = ("cps", "psc", "password", "passkey", "service")


class Verdict(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    NOT_OURS = "not_ours_to_say"
    #: What it is about is not here.
    NO_OBJECT = "no_object"


class Force(StrEnum):
    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    ENDED = "ended"
    #: No day is known.
    DRAFT = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A text, in one edition."""

    id: str
    title: Words
    edition: Words
    #: Whom it binds.
    weight: Words
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    id: str
    standard: str
    clause: str
    asks: Words
    means: tuple[str, ...]
    #: Where we know it from.
    source: str
    #: The first day, and the last one. Without the first it is a draft, without the last it goes on.
    since: date | None = None
    until: date | None = None
    #: All of them, or the rule is not met.
    holds: tuple[Condition, ...] = ()
    #: More settings that bear on it, whatever their value.
    settings: tuple[str, ...] = ()
    #: `tests/…::test_…`, each of which fails when we do not do it.
    shown_by: tuple[str, ...] = ()
    #: Who says whether it is met, where we cannot: always, or where the conditions do not hold.
    who: Words | None = None
    note: Words | None = None
    #: Only where the service has clients of this profile.
    profile: str = ""
    is_operators: bool = False

    def force_on(self, day: date) -> Force:
        if self.since is None:
            return Force.DRAFT
        if day < self.since:
            return Force.NOT_YET
        return Force.ENDED if self.until is not None and day > self.until else Force.IN_FORCE

    def verdict_for(self, installation: Installation) -> Verdict:
        if self.profile and not installation.clients_of(self.profile):
            return Verdict.NO_OBJECT
        is_decided = bool(self.holds) or self.who is None
        if is_decided and all(condition.is_true_of(installation) for condition in self.holds):
            return Verdict.MET
        return Verdict.NOT_MET if self.who is None else Verdict.NOT_OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A rule of ours that does not concern this operator."""

    rule: str
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the operator says of a rule, in place of our verdict, from a day to another."""

    rule: str
    means: tuple[str, ...]
    answer: Verdict
    by: str
    since: date
    until: date | None = None

    def counts_on(self, day: date) -> bool:
        return self.since <= day and not self.is_over(day)

    def is_over(self, day: date) -> bool:
        return self.until is not None and day > self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rules that count here. `replaced`: rules of ours, which the operator wrote anew."""

    standards: Mapping[str, Standard]
    rules: Mapping[str, Rule]
    replaced: tuple[str, ...] = ()
    removed: tuple[Removal, ...] = ()
    answers: tuple[Answer, ...] = ()
