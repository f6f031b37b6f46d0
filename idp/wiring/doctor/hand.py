"""Contains what the inquiries share: settings, and the stores, opened when the first of them asks. Not here: an
inquiry."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import Engine

from idp.adapters.redis_store import RedisStore
from idp.core.clock import Clock, SystemClock
from idp.settings import Settings
from idp.wiring.parts import Parts
from idp.wiring.resources import Resources, open_redis, open_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """`resources`: raises what opening the database does; `redis`: BadSetting. `parts`: of a process that serves."""

    settings: Settings
    resources: Callable[[], Resources]
    redis: Callable[[], RedisStore]
    clock: Clock
    parts: Parts | None = None

    @property
    def redis_url(self) -> str:
        """Returns it; empty: there is none."""
        settings = self.settings
        return settings.where.redis

    @property
    def database(self) -> Engine:
        """Raises what opening it does."""
        return self.resources().database

    def now(self) -> datetime:
        return self.clock.now()


def hand_of_command(settings: Settings, closing: ExitStack) -> Hand:
    """Returns that of a command, which opens both for itself; `closing` closes them."""
    # One after the other: a Redis that is down must not hide what the database says.
    alone = replace(settings, where=replace(settings.where, redis=""))

    # The inquiry into the store is the first to ask, and the others wait for it: each is opened once.
    @cache
    def resources() -> Resources:
        opened = open_resources(alone)
        closing.callback(opened.database.dispose)
        return replace(opened, settings=settings)

    @cache
    def redis() -> RedisStore:
        opened = open_redis(settings.where.redis)
        closing.callback(opened.close)
        return opened

    return Hand(settings=settings, resources=resources, redis=redis, clock=SystemClock())


def hand_of_process(parts: Parts) -> Hand:
    """Returns that of a process that serves: its own stores."""
    return Hand(
        settings=parts.settings,
        resources=lambda: parts.resources,
        redis=lambda: cast(RedisStore, parts.store),
        parts=parts,
        clock=parts.clock,
    )
