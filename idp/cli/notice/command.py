"""Contains `idp notice`: what the operator says on every page. Not here: how pages get it (`web/announcements`)."""

import argparse
import sys
from datetime import datetime

from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.visible import json_text
from idp.core.announcement import Announced, announce, announced, withdraw
from idp.core.audit import AuditEvent
from idp.settings import Settings
from idp.settings.announcements import LONGEST
from idp.wiring.resources import open_resources

_NOTHING_TO_DO, _WRONG_USE = 3, 2


def set_notice(settings: Settings, options: argparse.Namespace) -> int:
    """Put it in place of the one before, with its audit event, in one commit."""
    resources = open_resources(settings)
    now = resources.clock.now()
    since = options.since if options.since and options.since > now else None
    until = options.until or (since or now) + settings.announcements.life
    said = Announced(fr=options.fr, en=options.en or "", level=options.level, since=since, until=until)
    if fault := _fault(said, now):
        print(f"idp: {fault}", file=sys.stderr)
        return _WRONG_USE
    with SqlUnitOfWork(resources.database).together():
        announce(resources.durable, said, now)
        begins = {} if since is None else {"since": since.isoformat()}
        resources.audit.record(
            AuditEvent.NOTICE_SET, text=said.fr, level=said.level, **begins, until=until.isoformat()
        )
    if not said.en:
        print("no --en: pages in English have the French text")
    print(f"notice set: {_when(said, now)}, on every node within {_seconds(settings)} s")
    return 0


def show(settings: Settings, options: argparse.Namespace) -> int:
    resources = open_resources(settings)
    said, now = announced(resources.durable), resources.clock.now()
    if options.json:
        print(json_text(said and {**said.told(), "is_shown": said.holds(now)}))
    elif said is None:
        print("no notice is set")
    else:
        print(f"{said.level}, {_when(said, now)}\nfr: {said.fr}\nen: {said.en or '(the French text)'}")
    return 0


def clear(settings: Settings, options: argparse.Namespace) -> int:
    resources = open_resources(settings)
    if announced(resources.durable) is None:
        print("no notice is set")
        return _NOTHING_TO_DO
    with SqlUnitOfWork(resources.database).together():
        withdraw(resources.durable)
        resources.audit.record(AuditEvent.NOTICE_CLEARED)
    print(f"notice cleared: gone from every node within {_seconds(settings)} s")
    return 0


def _fault(said: Announced, now: datetime) -> str:
    if said.until <= max(now, said.since or now):
        return "--until must be after now, and after --from"
    if said.until - now > LONGEST:
        return f"--until must be within {LONGEST.days} days; set it again then"
    return ""


def _when(said: Announced, now: datetime) -> str:
    until = f"until {said.until:%Y-%m-%dT%H:%M}Z"
    return f"shown {until}" if said.holds(now) else f"from {said.since:%Y-%m-%dT%H:%M}Z {until}"


def _seconds(settings: Settings) -> int:
    every = settings.announcements.read_every
    return int(every.total_seconds())
