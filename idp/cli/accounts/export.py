"""Contains `idp accounts export`: the copy of a person's data that « Mes données » gives, as a file. Not here: what is
in it (`accounts/personal_data`)."""

import argparse
import sys
from contextlib import nullcontext

from idp.accounts.notices import Notice
from idp.accounts.personal_data import copy_of
from idp.adapters.sql.personal_data import SqlPersonalData
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.new_file import new_file
from idp.cli.visible import json_text
from idp.cli.whom import name_of, one_meant
from idp.core.audit import AuditEvent
from idp.interaction.personal_copy import all_kept
from idp.settings import Settings
from idp.wiring.accounts import build_notices
from idp.wiring.itinerary import build_sessions
from idp.wiring.resources import open_resources
from idp.wiring.web import build_mails


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Raises OSError: the file is there already, or cannot be written; nothing was noted then, and nobody told."""
    resources = open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    kept = all_kept(SqlPersonalData(resources.database), build_sessions(resources), account.id)
    text = json_text(copy_of(kept, resources.clock.now()))
    post = build_notices(resources, build_mails(resources.settings)).written(account, Notice.DATA_COPIED)
    with nullcontext(sys.stdout) if options.stdout else new_file(options.out) as out:
        with SqlUnitOfWork(resources.database).together():
            resources.audit.record(AuditEvent.DATA_EXPORTED, account_id=account.id, by="operator")
            post()
        # Once it is noted: what cannot be written down is not handed over.
        out.write(f"{text}\n")
    where = "above" if options.stdout else f"in {options.out}, readable by its owner alone"
    print(f"{name_of(account)}: all that is kept of this person is {where}", file=sys.stderr)
    return 0
