"""Contains what `conformity` says, for the administrators' page: in numbers, and each rule that is broken.

Not here: the whole report (`idp conformity` prints it), what is judged (`conformity`).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.conformity.report import Judged, MeansReport, Report
from idp.conformity.rule import Force, Verdict
from idp.conformity.words import MEANS_NAMES
from idp.pages.operations import BrokenRuleView, ConformityView, MeansView
from idp.settings import Settings
from idp.web.local_time import local_hour
from idp.wiring.conformity import conformity

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class ConformityViews:
    """One of each language is kept: reading the rules takes a while. `every`: how old it may be."""

    settings: Settings
    every: timedelta
    _kept: dict[str, tuple[datetime, ConformityView | None]] = field(default_factory=dict)

    def look(self, now: datetime, locale: str) -> ConformityView | None:
        """Returns the view; None: the rules, or what they judge, cannot be read, and the command says why."""
        at, view = self._kept.get(locale, (None, None))
        if at is None or not now - self.every < at <= now:
            view = self._looked(now, locale)
            self._kept[locale] = now, view
        return view

    def _looked(self, now: datetime, locale: str) -> ConformityView | None:
        try:
            return conformity_view(conformity(self.settings, now), now, locale)
        except (
            Exception
        ) as error:  # Faults of files, by whatever name; all of them are the command's to tell.
            log.warning("operations_page_part_failed", part="conformity", kind=type(error).__name__)
            return None


def conformity_view(report: Report, now: datetime, locale: str) -> ConformityView:
    return ConformityView(
        at=local_hour(now, locale),
        means=tuple(_means(part, locale) for part in report.means),
        broken=tuple(_broken(one, locale) for one in report.broken),
    )


def _means(part: MeansReport, locale: str) -> MeansView:
    verdicts = Counter(one.verdict for one in part.judged if one.force is Force.IN_FORCE)
    return MeansView(
        name=MEANS_NAMES[part.means].text(locale),
        is_open=part.is_open,
        met=verdicts[Verdict.MET],
        not_met=verdicts[Verdict.NOT_MET],
        not_ours=verdicts[Verdict.NOT_OURS],
    )


def _broken(one: Judged, locale: str) -> BrokenRuleView:
    rule = one.rule
    return BrokenRuleView(
        means=MEANS_NAMES[one.means].text(locale), rule=rule.id, asks=rule.asks.text(locale)
    )
