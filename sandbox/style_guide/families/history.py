"""Contains the sessions and the history of « Mon compte », and the report of what was not the person."""

from dataclasses import replace

from idp.accounts.history import TOLD, HistoryEntry
from idp.accounts.open_sessions import Origin
from idp.pages.history import (
    VARIANTS,
    DayView,
    EntryView,
    HistoryPage,
    ReportedPage,
    ReportPage,
    is_doubtful,
    words_of,
)
from idp.pages.sessions import SessionsPage, SessionView, origin_view
from sandbox.style_guide.cast import NOON, ORIGINS, day, hour, moment
from sandbox.style_guide.state import State


def _session(locale: str, number: int, door: str, origin: Origin, *applications: str) -> SessionView:
    is_here = number == 0
    return SessionView(
        sid=f"sid-{number}",
        door=door,
        origin=origin_view(origin),
        applications=applications,
        since=moment(locale, "2026-11-30 08:41"),
        seen="" if is_here else moment(locale, "2026-11-30 09:12"),
        is_here=is_here,
    )


def _sessions(locale: str) -> list[State]:
    named = zip(("cps", "psc", "password", "other", "passkey"), ORIGINS, strict=True)
    several = [_session(locale, number, door, origin) for number, (door, origin) in enumerate(named)]
    several[0] = replace(several[0], applications=("ViaTrajectoire", "Trajectoire Grand Âge"))
    models = {"sessions": SessionsPage(tuple(several)), "sessions-alone": SessionsPage((several[0],))}
    return [
        State(name, "account/sessions.html", model, in_interaction=False) for name, model in models.items()
    ]


#: Every event that is told, with every fact by which its words differ.
ENTRIES = [
    HistoryEntry(id=number, at=NOON, event=event, client_id=None, facts={TOLD[event] or "none": fact})
    for number, (event, fact) in enumerate(
        (event, fact) for event in TOLD for fact in ("", *sorted(VARIANTS.get(event, ())))
    )
]


def _history(locale: str) -> list[State]:
    views = [
        EntryView(
            id=entry.id,
            hour=hour(locale, "14:02"),
            words=words_of(entry),
            application="ViaTrajectoire" if entry.id % 3 else "",
            is_doubtful=is_doubtful(entry),
        )
        for entry in ENTRIES
    ]
    days = (
        DayView(day(locale, "2026-11-30"), tuple(views[:4])),
        DayView(day(locale, "2026-11-29"), tuple(views[4:])),
    )
    report = ReportPage(entry=views[0], day=day(locale, "2026-11-30"), closes_password=True)
    reported = ReportedPage(
        closes_password=True, removes_passkey=False, help_desk="03 20 00 00 00, poste 4242"
    )
    pages_of_history = {
        "history": HistoryPage(days=days, older="/account/history?before=12", is_older=False),
        "history-older": HistoryPage(days=days[:1], older=None, is_older=True),
        "history-nothing": HistoryPage(days=(), older=None, is_older=False),
    }
    reports = {
        "report": report,
        "report-no-password": replace(report, closes_password=False),
        "report-passkey": replace(report, closes_password=False, removes_passkey=True),
        "report-passkey-added": replace(
            report, closes_password=False, removes_passkey=True, was_passkey_added=True
        ),
    }
    done = {
        "report-done": reported,
        "report-done-passkey": replace(reported, closes_password=False, removes_passkey=True),
        "report-done-no-password": replace(reported, closes_password=False, help_desk=""),
    }
    return [
        State(name, f"account/{template}.html", model, in_interaction=False)
        for template, models in (("history", pages_of_history), ("report", reports), ("reported", done))
        for name, model in models.items()
    ]


def states(locale: str) -> list[State]:
    return [
        *_sessions(locale),
        *_history(locale),
    ]
