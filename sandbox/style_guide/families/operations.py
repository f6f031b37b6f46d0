"""Contains the administrators' page in its states."""

from dataclasses import replace

from idp.pages import operations as views
from idp.pages import operations_day as days
from sandbox.style_guide.cast import day, hour, moment
from sandbox.style_guide.state import State


def _hours(locale: str) -> list[str]:
    return [hour(locale, f"{one % 24:02d}:00") for one in range(17, 41)]


def plot(locale: str, name: str, kinds: tuple[str, ...], most: int, **more: bool) -> days.Plot:
    hours = [
        days.HourView(
            hour, tuple(most * (24 - abs(rank - 16)) // 24 // (1 + 7 * at) for at in range(len(kinds)))
        )
        for rank, hour in enumerate(_hours(locale))
    ]
    return days.Plot(name=name, kinds=kinds, hours=tuple(hours), **more)


_DOOR = ("accepted", "refused")


def _day(locale: str) -> days.DayView:
    return days.DayView(
        counted_at=hour(locale, "16:42"),
        is_complete=True,
        plots=(
            plot(locale, "psc", _DOOR, 412, is_open=True),
            plot(locale, "cps", _DOOR, 96, is_open=True),
            plot(locale, "password", (*_DOOR, "throttled"), 57, is_open=False),
            plot(locale, "email_otp", _DOOR, 41),
            plot(locale, "passkey", _DOOR, 0, is_open=True),
            plot(locale, "mail_codes", ("sent", "not_sent"), 44),
            plot(locale, "sessions", ("session",), 540),
            plot(locale, "codes", ("code",), 1310),
        ),
        reasons=(
            days.Reason("password", "wrong", 128),
            days.Reason("cps", "expired", 17),
            days.Reason("psc", "cancelled", 9),
        ),
    )


def _not_counted(locale: str) -> days.Plot:
    return days.Plot(
        name="cps",
        kinds=_DOOR,
        hours=tuple(
            days.HourView(hour, None if rank < 9 else (rank, 1)) for rank, hour in enumerate(_hours(locale))
        ),
        is_open=True,
    )


def _end(locale: str, name: str, days: int) -> views.EndView:
    return views.EndView(name=name, at=day(locale, "2027-01-12"), days=days, is_soon=days < 30)


def _clients(locale: str) -> views.ClientsView:
    return views.ClientsView(
        clients=(
            views.ClientView(
                client_id="viatrajectoire",
                name="ViaTrajectoire",
                codes=1200,
                used=moment(locale, "2026-11-30 16:41"),
                ends=(_end(locale, "secret", 12), _end(locale, "key", 400)),
            ),
            views.ClientView(
                client_id="grand-age",
                name="Trajectoire Grand Âge",
                codes=0,
                used="",
                ends=(_end(locale, "certificate", -3),),
            ),
        ),
        searched_to=day(locale, "2026-09-01"),
    )


def _work(locale: str) -> views.WorkView:
    return views.WorkView(
        queues=(
            views.QueueView(name="mails", number=3, oldest=moment(locale, "2026-11-30 16:30"), is_late=True),
            views.QueueView(name="dead_mails", number=0, oldest=""),
            views.QueueView(name="notices", number=0, oldest=""),
        ),
        lanes=(
            views.LaneView(name="mails", state="alive", processes=2),
            views.LaneView(name="notices", state="failing", processes=1),
            views.LaneView(name="audit", state="missing", processes=0),
        ),
    )


_PSC = views.PscView(
    state="up",
    latencies=(
        views.LatencyView(endpoint="https://auth.example/token", calls=420, half=250, most=1000),
        views.LatencyView(endpoint="https://auth.example/userinfo", calls=420, half=100, most=None),
    ),
)


def _keys(locale: str) -> tuple[views.KeyView, ...]:
    return tuple(
        views.KeyView(
            kid=f"{alg}-4b1c8d2f0e9a7b6c5d4e3f2a1b0c9d8e7f6a5b4c",
            alg=alg,
            state=state,
            since=day(locale, "2026-03-03"),
            until=until,
        )
        for alg, state, until in (
            ("RS256", "active", ""),
            ("RS256", "published", day(locale, "2026-12-12")),
            ("ES256", "retired", day(locale, "2026-12-02")),
        )
    )


_USES = "issuer psc_client card_host card_authorities relying_party_authorities operations_page".split()


def _charter(locale: str) -> views.CharterView:
    return views.CharterView(
        revision="2026-1",
        published_on=day(locale, "2026-03-03"),
        accepted=8125,
        left=431,
        announced="2027-1",
        due_from=day(locale, "2027-01-01"),
        waiting=7012,
        counted_at=hour(locale, "16:30"),
    )


def _findings(locale: str) -> views.FindingsView:
    return views.FindingsView(
        at=hour(locale, "16:42"),
        wrong=(
            views.FindingView(
                name="disk",
                state="red",
                says="database: 2 % free of /var/lib/caducee",
                remedy="make room: SQLite refuses to write on a full disk",
            ),
            views.FindingView(name="backup", state="amber", says="none is known", remedy="`idp db backup`"),
        ),
        well=(views.FindingView(name="schema", state="green", says="0028, as this code needs", remedy=""),),
    )


def _conformity(locale: str) -> views.ConformityView:
    return views.ConformityView(
        at=hour(locale, "16:30"),
        means=(
            views.MeansView(name="Carte CPx, directe", is_open=True, met=21, not_met=0, not_ours=4),
            views.MeansView(name="Mot de passe", is_open=False, met=18, not_met=2, not_ours=5),
        ),
        broken=(),
    )


def full(locale: str) -> views.OperationsPage:
    return views.OperationsPage(
        node="idp-1",
        at=moment(locale, "2026-11-30 16:42"),
        status="ready",
        lines=(),
        findings=_findings(locale),
        day=_day(locale),
        clients=_clients(locale),
        work=_work(locale),
        psc=_PSC,
        keys=_keys(locale),
        certificates=tuple(_end(locale, use, 40 * rank - 20) for rank, use in enumerate(_USES)),
        lists=0,
        backup=moment(locale, "2026-11-30 03:00"),
        charter=_charter(locale),
        conformity=_conformity(locale),
    )


def operations_states(locale: str = "fr") -> dict[str, views.OperationsPage]:
    page, findings = full(locale), _findings(locale)
    return {
        "operations-full": page,
        "operations-well": replace(page, findings=replace(findings, wrong=findings.wrong[1:])),
        "operations-degraded": replace(
            page,
            status="degraded",
            lines=("degraded: mails: 3 wait, the oldest for 742 s",),
            findings=replace(findings, wrong=()),
            psc=replace(_PSC, state="out", latencies=()),
            day=replace(_day(locale), is_complete=False, plots=(_not_counted(locale),), reasons=()),
            clients=replace(_clients(locale), searched_to=""),
            lists=2,
            conformity=replace(
                _conformity(locale),
                broken=(
                    views.BrokenRuleView(
                        means="Mot de passe", rule="rie-1.exi-04", asks="Deux facteurs à chaque connexion."
                    ),
                ),
            ),
            backup="",
            charter=replace(_charter(locale), accepted=None, left=None),
        ),
        "operations-unavailable": replace(
            page,
            # A table of each plot takes long to read.
            day=replace(_day(locale), plots=()),
            status="unavailable",
            lines=("unavailable: charter: none is published: `idp charter publish`",),
            psc=replace(_PSC, state="misconfigured"),
            charter=views.CharterView(),
        ),
        "operations-untold": replace(
            page,
            status="unavailable",
            lines=("unavailable: database: it does not answer",),
            findings=None,
            day=None,
            clients=None,
            work=None,
            psc=None,
            lists=None,
            backup=None,
            charter=None,
            conformity=None,
            certificates=(),
        ),
    }


def states(locale: str) -> list[State]:
    return [
        State(name, "operations.html", page, in_interaction=False)
        for name, page in operations_states(locale).items()
    ]
