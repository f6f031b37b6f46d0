"""What the events of a login are worth (docs/adr/0005).

Contains which paths reach which acr, and what the ID Token may claim. Not here: what each authenticator is and earns
(`authenticator`, the table).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from idp.interaction.authenticator import AUTHENTICATORS, Acr, AuthenticatorId, Path, Paths
from idp.interaction.record import AuthenticationEvent

#: A complete path and what it earns, in the order of the rows: strongest first.
EARNED: Mapping[Path, Acr] = {
    (*row.after, row.id): row.acr for row in AUTHENTICATORS.values() if row.acr is not None
}
RANK: Mapping[Acr, int] = {row.acr: row.rank for row in AUTHENTICATORS.values() if row.acr is not None}

#: For each acr, the paths that earn it.
WAYS: Mapping[Acr, Paths] = {
    acr: tuple(path for path, earned in EARNED.items() if earned is acr) for acr in Acr
}
#: For each acr asked for, every path that is at least as strong.
LADDER: Mapping[Acr, Paths] = {
    needed: tuple(path for path, earned in EARNED.items() if RANK[earned] >= RANK[needed]) for needed in Acr
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """What the ID Token will say. `auth_time` is the moment the path was completed."""

    acr: Acr
    #: The completed path: such as ("psc",), ("cps",), ("passkey",) or ("password", "email_otp").
    path: Path
    amr: tuple[str, ...]
    auth_time: datetime
    upstream_acr: str | None
    upstream_auth_mode: str | None


def newest(events: Iterable[AuthenticationEvent]) -> Mapping[AuthenticatorId, AuthenticationEvent]:
    """Returns the newest event of each authenticator."""
    latest: dict[AuthenticatorId, AuthenticationEvent] = {}
    for event in sorted(events, key=lambda event: event.at):
        latest[event.authenticator] = event
    return latest


@lru_cache(maxsize=256)
def paths_for(needed: Acr, essential: tuple[Acr, ...]) -> Paths:
    """Returns the paths that are strong enough and, under an essential acr, earn exactly one of its values."""
    return tuple(path for path in LADDER[needed] if not essential or EARNED[path] in essential)


def assurance_of(
    events: Iterable[AuthenticationEvent], paths: Iterable[Path] = tuple(EARNED)
) -> Assurance | None:
    """Returns what the strongest completed path is worth, the most recent among equals; None when none is complete."""
    latest = newest(events)
    complete = [path for path in paths if all(step in latest for step in path)]
    if not complete:
        return None

    def finished_at(path: Path) -> datetime:
        return max(latest[step].at for step in path)

    path = max(complete, key=lambda path: (RANK[EARNED[path]], finished_at(path)))
    # facts/security AC1: the acr is that of the whole path, never of its strongest step.
    last = latest[path[-1]]
    return Assurance(
        acr=EARNED[path],
        path=path,
        amr=tuple(dict.fromkeys(value for step in path for value in latest[step].amr)),
        auth_time=finished_at(path),
        upstream_acr=last.upstream_acr,
        upstream_auth_mode=last.upstream_auth_mode,
    )
