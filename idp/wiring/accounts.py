"""Contains passwords, mail codes and their throttle, notices, built from the settings. Not here: a sign-in."""

import structlog

from idp.accounts.email_otp import MailCodes
from idp.accounts.erasure import Pseudonyms
from idp.accounts.password import Passwords
from idp.accounts.spread import Spread
from idp.accounts.throttle import PasswordThrottle
from idp.accounts.waits import Waits
from idp.adapters.argon2.builds import choose
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.sql.outbox import SqlOutbox
from idp.core.audit import Audit
from idp.core.sealing import derive_key
from idp.core.share import THREADS, Share, share
from idp.flows.shared.notice_mail import NoticeMailer
from idp.settings import Settings
from idp.web.mails import Mails
from idp.wiring.resources import Resources

log = structlog.get_logger()


def build_mail_codes(resources: Resources) -> MailCodes:
    s = resources.settings
    return MailCodes(
        store=resources.store,
        durable=resources.durable,
        key=derive_key(s.keys.application, "mail_code"),
        limits=s.mail_code,
    )


def build_throttle(resources: Resources) -> PasswordThrottle:
    s = resources.settings
    return PasswordThrottle(
        durable=resources.durable,
        key=derive_key(s.keys.application, "throttle"),
        limits=s.password,
    )


def build_spread(resources: Resources, audit: Audit) -> Spread:
    s = resources.settings
    return Spread(
        store=resources.store, audit=audit, key=derive_key(s.keys.application, "spread"), limits=s.spread
    )


def build_waits(resources: Resources) -> Waits:
    return Waits(build_throttle(resources), build_mail_codes(resources))


def build_passwords(settings: Settings, own: Share | None = None) -> Passwords:
    """Returns them: no more hashes at once than this process has cores, and half of its threads left to other doors.

    `own`: None for a process that serves alone.
    """
    own = own or share(processes=1, threads=THREADS)
    return Passwords(settings.password, choose().library, parallel=own.cores, admitted=own.threads // 2)


def build_notices(resources: Resources, mails: Mails) -> NoticeMailer:
    outbox = SealedOutbox(SqlOutbox(resources.database, resources.clock), resources.sealer)
    settings = resources.settings
    return NoticeMailer(
        outbox=outbox,
        mails=mails,
        clock=resources.clock,
        life=settings.mail.notice_life,
        help_desk=settings.where.help_desk,
    )


def build_pseudonyms(settings: Settings) -> Pseudonyms:
    return Pseudonyms(derive_key(settings.keys.application, "charter_evidence"))


def tell_build() -> None:
    """Tell the log which argon2 this process computes with (docs/operate.md)."""
    build = choose()
    log.info("argon2", build=build.name, reason=build.reason)
