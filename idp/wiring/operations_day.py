"""Contains what the administrators' page says of the last day: plots, reasons, clients. Not here: the other parts
(`operations_sections`), counting (`core/day_counts`)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from idp.clients.credential_ends import credential_ends
from idp.clients.registry import ClientRegistry
from idp.core.audit import AuditEvent
from idp.core.day_counts import Counted, Day, Hour
from idp.core.measures import SIGN_IN_OF
from idp.pages.operations import ClientsView, ClientView, EndView
from idp.pages.operations_day import DayView, HourView, Plot, Reason
from idp.web.local_time import local_day, local_hour, local_time

#: In the order of the page.
_DOORS = ("psc", "cps", "password", "email_otp", "passkey")
#: By the plot: what it counts, by its kind.
_PLOTS: Mapping[str, Mapping[str, AuditEvent]] = {
    **{door: {kind: event for event, (of, kind) in SIGN_IN_OF.items() if of == door} for door in _DOORS},
    "mail_codes": {"sent": AuditEvent.MAIL_CODE_SENT, "not_sent": AuditEvent.MAIL_CODE_NOT_SENT},
    "sessions": {"session": AuditEvent.SESSION_STARTED},
    "codes": {"code": AuditEvent.CODE_ISSUED},
}
_PLOT_OF = {str(event): name for name, kinds in _PLOTS.items() for event in kinds.values()}
#: As ours are written: what is anything else stays in the trail.
_REASON = re.compile(r"[a-z0-9_]{1,40}")
_MOST_REASONS = 12
_SOON = timedelta(days=30)


def day_view(day: Day, doors: Mapping[str, bool], locale: str) -> DayView:
    """`doors`: that the settings open, and whether somebody could sign in by each."""
    return DayView(
        counted_at=local_hour(day.at, locale),
        is_complete=all(hour.counts is not None for hour in day.hours),
        plots=tuple(_plots(day, doors, locale)),
        reasons=tuple(_reasons(day)),
    )


def clients_view(day: Day, registry: ClientRegistry, now: datetime, locale: str) -> ClientsView:
    codes = Counter[str]()
    for one in _counts(day):
        if one.event == AuditEvent.CODE_ISSUED:
            codes[one.detail] += one.number
    ends: dict[str, list[EndView]] = {}
    for end in credential_ends(registry):
        ends.setdefault(end.client_id, []).append(end_view(end.kind, end.at, now, locale))
    clients = [
        ClientView(
            client_id=client.client_id,
            name=client.name,
            codes=codes[client.client_id],
            used=local_time(day.used[client.client_id], locale) if client.client_id in day.used else "",
            ends=tuple(ends.get(client.client_id, ())),
        )
        for client in registry.values()
    ]
    return ClientsView(
        clients=tuple(sorted(clients, key=lambda one: (-one.codes, one.client_id))),
        searched_to="" if day.searched_to is None else local_day(day.searched_to, locale),
    )


def end_view(name: str, at: datetime, now: datetime, locale: str) -> EndView:
    left = at - now
    return EndView(name=name, at=local_day(at, locale), days=left // timedelta(days=1), is_soon=left < _SOON)


def _plots(day: Day, doors: Mapping[str, bool], locale: str) -> Iterator[Plot]:
    for name, kinds in _PLOTS.items():
        hours = tuple(_hour(hour, tuple(kinds.values()), locale) for hour in day.hours)
        # A code by mail belongs to the password's door, and has no state of its own.
        plot = Plot(name=name, kinds=tuple(kinds), hours=hours, is_open=doors.get(name))
        if name in doors or plot.most or name not in _DOORS:
            yield plot


def _hour(hour: Hour, events: tuple[AuditEvent, ...], locale: str) -> HourView:
    name = local_hour(hour.begins, locale)
    if hour.counts is None:
        return HourView(name, None)
    sums = Counter[str]()
    for one in hour.counts:
        sums[one.event] += one.number
    return HourView(name, tuple(sums[event] for event in events))


def _reasons(day: Day) -> Iterator[Reason]:
    found = Counter[tuple[str, str]]()
    for one in _counts(day):
        if one.event != AuditEvent.CODE_ISSUED and _REASON.fullmatch(one.detail):
            found[_PLOT_OF[one.event], one.detail] += one.number
    for (plot, reason), number in found.most_common(_MOST_REASONS):
        yield Reason(plot, reason, number)


def _counts(day: Day) -> Iterator[Counted]:
    for hour in day.hours:
        yield from hour.counts or ()
