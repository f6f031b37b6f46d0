"""`idp mails …`: mails given up, tried again or forgotten. The output shows no whole address, and nothing of a mail."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from idp.accounts.email_otp import masked_email
from idp.adapters.sql.database import open_database
from idp.adapters.sql.dead_mails import DeadMail, SqlDeadMails
from idp.adapters.sql.queues import SqlQueues
from idp.cli.visible import json_text
from idp.core.clock import SystemClock
from idp.core.heartbeats import Waiting
from idp.settings import Settings

_ROW = "{:>6}  {:<20}  {:>5}  {:<22}  {:<30}  {}"
_NOTHING_TO_DO = 3


def list_mails(settings: Settings, options: argparse.Namespace) -> int:
    """Print them, newest first, and how many wait to be sent."""
    database = open_database(settings.where.database)
    waiting, dead = SqlQueues(database).mails(SystemClock().now()), SqlDeadMails(database)
    given_up = dead.newest(options.last)
    if options.json:
        told = {"waiting": _told_of(waiting), "given_up": [_told(mail) for mail in given_up]}
        print(json_text(told))
        return 0
    print(_ROW.format("ID", "GIVEN UP (UTC)", "TRIES", "WHY", "TO", "SUBJECT"))
    for mail in given_up:
        why = mail.reason if mail.may_be_sent else f"{mail.reason} (code)"
        row = (mail.id, _text(mail.died_at), mail.attempts, why, masked_email(mail.recipient), mail.subject)
        print(_ROW.format(*row))
    print(_line_of(waiting))
    return 0


def retry(settings: Settings, options: argparse.Namespace) -> int:
    """Put them back into the outbox, for as long as a new notice. A code is never sent again."""
    dead, now, life = _dead(settings), SystemClock().now(), settings.mail.notice_life
    return _done(options, lambda mail_id: dead.retry(mail_id, now, life), "to be sent again")


def drop(settings: Settings, options: argparse.Namespace) -> int:
    """Forget them."""
    return _done(options, _dead(settings).drop, "forgotten")


def _dead(settings: Settings) -> SqlDeadMails:
    return SqlDeadMails(open_database(settings.where.database))


def _done(options: argparse.Namespace, act: Callable[[int | None], int], what: str) -> int:
    done = some = act(None if options.all_of_them else options.mail)
    while options.all_of_them and some:
        some = act(None)
        done += some
    if not done:
        print("idp: no such mail, or none that may be sent: `idp mails list`", file=sys.stderr)
        return _NOTHING_TO_DO
    print(f"{done} {what}")
    return 0


def _line_of(waiting: Waiting) -> str:
    since = f", the oldest since {_text(waiting.oldest_at)}" if waiting.oldest_at else ""
    return f"{waiting.number} waiting to be sent{since}"


def _told_of(waiting: Waiting) -> dict[str, Any]:
    since = waiting.oldest_at
    return {"number": waiting.number, "oldest_at": None if since is None else _text(since)}


def _told(mail: DeadMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "to": masked_email(mail.recipient),
        "subject": mail.subject,
        "reason": mail.reason,
        "tries": mail.attempts,
        "posted_at": _text(mail.created_at),
        "given_up_at": _text(mail.died_at),
        "may_be_sent": mail.may_be_sent,
    }


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
