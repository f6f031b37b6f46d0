"""Contains the reminders of announced charters, built. Not here: when the worker posts them (`cli/worker`)."""

from idp.accounts.charter_reminders import CharterReminders
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.sql.charter_reminders import SqlToRemind
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.queues import SqlQueues
from idp.adapters.sql.work import SqlUnitOfWork
from idp.flows.shared.charter_reminder_mail import CharterReminderMailer
from idp.wiring.relying_parties import build_clients
from idp.wiring.resources import Resources
from idp.wiring.web import build_mails


def build_charter_reminders(resources: Resources) -> CharterReminders:
    settings, database, clock = resources.settings, resources.database, resources.clock
    clients, queues = build_clients(settings, clock), SqlQueues(database)

    def demanding(charter: str) -> tuple[str, ...]:
        return tuple(one.name for one in clients.registry().values() if charter in one.charters)

    return CharterReminders(
        work=SqlUnitOfWork(database),
        to_remind=SqlToRemind(database, clock),
        mails=CharterReminderMailer(
            outbox=SealedOutbox(SqlOutbox(database, clock), resources.sealer),
            mails=build_mails(settings),
            issuer=settings.where.issuer,
            life=settings.mail.notice_life,
            demanding=demanding,
        ),
        waiting=lambda: queues.mails(clock.now()).number,
        audit=resources.audit,
        clock=clock,
        before=settings.charter.reminded_before,
    )
