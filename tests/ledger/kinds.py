"""Every kind of damage by name, and what people must have felt of it: a damage that hurt nobody was none.

What is to hurt nobody (a node of two, a worker) is seen to have happened by itself (`damage`, `operating`). Not here:
how each is done.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.ledger.book import Outcome, Window
from tests.ledger.damage import Damage
from tests.ledger.operating import SLOW_SECONDS, Operating
from tests.ledger.visitors import BY_MAIL, BY_PSC

#: Whether people felt it, of what they were answered.
Sign = Callable[[Window], bool]
#: So many times as long as other damage: until somebody has waited.
_FROZEN = 10.0
#: How often what is over in a moment is done, until it met somebody.
_TRIES = 10
_WAITED_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`do`: as long as its block. `felt`: None, nobody has to. `times`: how long, in that of the run."""

    do: Callable[[Damage, Operating], AbstractContextManager[None]]
    felt: Sign | None = None
    times: float = 1.0
    #: Whether it goes on until it is felt; what was late is known afterwards only.
    until_felt: bool = field(default=True)
    #: Over in a moment, in which nobody may have asked: so often, until somebody felt it.
    tries: int = 1


def _failed(window: Window) -> bool:
    return window.of(Outcome.UNAVAILABLE, Outcome.UNKNOWN) > 0


def _new_sessions(window: Window) -> bool:
    return window.of(Outcome.ACKNOWLEDGED, act="sign in by card") > 0


def _late(seconds: float, act: str = "") -> Sign:
    """Somebody waited so long, or in vain."""
    return lambda window: (
        window.longest(act) >= seconds or window.of(Outcome.UNAVAILABLE, Outcome.UNKNOWN, act=act) > 0
    )


def _frozen(name: str, felt: Sign, *, until_felt: bool = False) -> Kind:
    return Kind(do=lambda damage, _: damage.frozen(name), felt=felt, times=_FROZEN, until_felt=until_felt)


def _killed(name: str, felt: Sign | None = None) -> Kind:
    """A supervisor starts it again at once: whoever asks a second later feels nothing."""
    return Kind(do=lambda damage, _: damage.killed(name), felt=felt, tries=_TRIES if felt else 1)


def _slow(do: Callable[[Damage, Operating], AbstractContextManager[None]], act: str) -> Kind:
    return Kind(do=do, felt=_late(SLOW_SECONDS, act), times=_FROZEN)


KINDS: Mapping[str, Kind] = {
    "kill -9 of a provider": _killed("idp-1"),
    "kill -9 of the worker": _killed("worker"),
    "kill -9 of PostgreSQL": _killed("postgresql", _failed),
    "kill -9 of the master of Redis": _killed("redis", _failed),
    "a provider frozen": _frozen("idp-2", _late(_WAITED_SECONDS)),
    "PostgreSQL frozen": _frozen("postgresql", _failed, until_felt=True),
    "Redis frozen": _frozen("redis", _failed, until_felt=True),
    "the mail relay frozen": _frozen("mail", _late(_WAITED_SECONDS, BY_MAIL)),
    "the mail relay slow": _slow(lambda _, operating: operating.slow_mail(), BY_MAIL),
    "Pro Santé Connect frozen": _frozen("psc", _late(_WAITED_SECONDS, BY_PSC)),
    "Pro Santé Connect slow": _slow(lambda _, operating: operating.slow_psc(), BY_PSC),
    "PostgreSQL restarted": Kind(
        do=lambda damage, _: damage.restarted_postgresql(), felt=_failed, tries=_TRIES
    ),
    "PostgreSQL on a full disk": Kind(do=lambda damage, _: damage.full_disk(), felt=_failed),
    "Redis full": Kind(do=lambda damage, _: damage.full_redis(), felt=_failed),
    # After a failover the one that is emptied may not be the master any more.
    "Redis emptied": Kind(do=lambda damage, _: damage.emptied_redis(), felt=_new_sessions, tries=3),
    "Redis failed over by Sentinel": Kind(do=lambda damage, _: damage.failed_over()),
    "Redis replaced by an older snapshot": Kind(do=lambda damage, _: damage.older_redis()),
    "the clock of a provider stepped, 5 minutes forward, then back": Kind(
        do=lambda _, operating: operating.wrong_clock()
    ),
    "a backup restored, with a new epoch": Kind(
        do=lambda _, operating: operating.new_epoch(), felt=_new_sessions
    ),
    "a provider of the former release, then of ours": Kind(
        do=lambda _, operating: operating.former_release(), times=5.0
    ),
}
