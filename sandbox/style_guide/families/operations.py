"""Contains the administrators' page in its states."""

from dataclasses import replace

from idp.pages import operations as views
from idp.pages import operations_day as days
from sandbox.style_guide.state import State

_HOURS = [f"{hour % 24:02d} h 00" for hour in range(17, 41)]


def plot(name: str, kinds: tuple[str, ...], most: int, **more: bool) -> days.Plot:
    hours = [
        days.HourView(
            hour, tuple(most * (24 - abs(rank - 16)) // 24 // (1 + 7 * at) for at in range(len(kinds)))
        )
        for rank, hour in enumerate(_HOURS)
    ]
    return days.Plot(name=name, kinds=kinds, hours=tuple(hours), **more)


_DOOR = ("accepted", "refused")
_DAY = days.DayView(
    counted_at="16 h 42",
    is_complete=True,
    plots=(
        plot("psc", _DOOR, 412, is_open=True),
        plot("cps", _DOOR, 96, is_open=True),
        plot("password", (*_DOOR, "throttled"), 57, is_open=False),
        plot("email_otp", _DOOR, 41),
        plot("passkey", _DOOR, 0, is_open=True),
        plot("mail_codes", ("sent", "not_sent"), 44),
        plot("sessions", ("session",), 540),
        plot("codes", ("code",), 1310),
    ),
    reasons=(
        days.Reason("password", "wrong", 128),
        days.Reason("cps", "expired", 17),
        days.Reason("psc", "cancelled", 9),
    ),
)
_NOT_COUNTED = days.Plot(
    name="cps",
    kinds=_DOOR,
    hours=tuple(days.HourView(hour, None if rank < 9 else (rank, 1)) for rank, hour in enumerate(_HOURS)),
    is_open=True,
)


def _end(name: str, days: int) -> views.EndView:
    return views.EndView(name=name, at="12 janvier 2027", days=days, is_soon=days < 30)


_CLIENTS = views.ClientsView(
    clients=(
        views.ClientView(
            client_id="viatrajectoire",
            name="ViaTrajectoire",
            codes=1200,
            used="30 novembre 2026, 16 h 41",
            ends=(_end("secret", 12), _end("key", 400)),
        ),
        views.ClientView(
            client_id="grand-age",
            name="Trajectoire Grand Âge",
            codes=0,
            used="",
            ends=(_end("certificate", -3),),
        ),
    ),
    searched_to="1 septembre 2026",
)
_WORK = views.WorkView(
    queues=(
        views.QueueView(name="mails", number=3, oldest="30 novembre 2026, 16 h 30", is_late=True),
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
_KEYS = tuple(
    views.KeyView(
        kid=f"{alg}-4b1c8d2f0e9a7b6c5d4e3f2a1b0c9d8e7f6a5b4c",
        alg=alg,
        state=state,
        since="3 mars 2026",
        until=until,
    )
    for alg, state, until in (
        ("RS256", "active", ""),
        ("RS256", "published", "12 décembre 2026"),
        ("ES256", "retired", "2 décembre 2026"),
    )
)
_USES = (
    "issuer",
    "psc_client",
    "card_host",
    "card_authorities",
    "relying_party_authorities",
    "operations_page",
)
_CERTIFICATES = tuple(_end(use, 40 * rank - 20) for rank, use in enumerate(_USES))
_CHARTER = views.CharterView(
    revision="2026-1",
    published_on="3 mars 2026",
    accepted=8125,
    left=431,
    announced="2027-1",
    due_from="1 janvier 2027",
    waiting=7012,
    counted_at="16 h 30",
)

_FINDINGS = views.FindingsView(
    at="16 h 42",
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

_CONFORMITY = views.ConformityView(
    at="16 h 30",
    means=(
        views.MeansView(name="Carte CPx, directe", is_open=True, met=21, not_met=0, not_ours=4),
        views.MeansView(name="Mot de passe", is_open=False, met=18, not_met=2, not_ours=5),
    ),
    broken=(),
)

FULL = views.OperationsPage(
    node="idp-1",
    at="30 novembre 2026, 16 h 42",
    status="ready",
    lines=(),
    findings=_FINDINGS,
    day=_DAY,
    clients=_CLIENTS,
    work=_WORK,
    psc=_PSC,
    keys=_KEYS,
    certificates=_CERTIFICATES,
    lists=0,
    backup="30 novembre 2026, 3 h 00",
    charter=_CHARTER,
    conformity=_CONFORMITY,
)


#: A table of each plot takes long to read.
_SHORT = replace(_DAY, plots=())


def operations_states() -> dict[str, views.OperationsPage]:
    return {
        "operations-full": FULL,
        "operations-well": replace(FULL, findings=replace(_FINDINGS, wrong=_FINDINGS.wrong[1:])),
        "operations-degraded": replace(
            FULL,
            status="degraded",
            lines=("degraded: mails: 3 wait, the oldest for 742 s",),
            findings=replace(_FINDINGS, wrong=()),
            psc=replace(_PSC, state="out", latencies=()),
            day=replace(_DAY, is_complete=False, plots=(_NOT_COUNTED,), reasons=()),
            clients=replace(_CLIENTS, searched_to=""),
            lists=2,
            conformity=replace(
                _CONFORMITY,
                broken=(
                    views.BrokenRuleView(
                        means="Mot de passe", rule="rie-1.exi-04", asks="Deux facteurs à chaque connexion."
                    ),
                ),
            ),
            backup="",
            charter=replace(_CHARTER, accepted=None, left=None),
        ),
        "operations-unavailable": replace(
            FULL,
            day=_SHORT,
            status="unavailable",
            lines=("unavailable: charter: none is published: `idp charter publish`",),
            psc=replace(_PSC, state="misconfigured"),
            charter=views.CharterView(),
        ),
        "operations-untold": replace(
            FULL,
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
        for name, page in operations_states().items()
    ]
