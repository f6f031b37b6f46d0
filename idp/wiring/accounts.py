"""Contains passwords, mail codes and their throttle, notices, built from the settings. Not here: a sign-in."""

import structlog

from idp.accounts.email_otp import MailCodes
from idp.accounts.erasure import Pseudonyms
from idp.accounts.leaked_passwords import LeakedPasswords
from idp.accounts.password import Passwords
from idp.accounts.password_rules import PasswordPolicy
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
from idp.settings.files import read_words
from idp.settings.password import PasswordSettings
from idp.web.mails import Mails
from idp.wiring.operator_files import unreadable
from idp.wiring.resources import Resources

_SERVICE_WORDS = ("caducee", "viatrajectoire", "trajectoire")
#: Some hundred thousand passwords, which take a second or two of each start.
_MOST_LEAKED_BYTES = 4 * 1024 * 1024

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


def build_policy(settings: Settings) -> PasswordPolicy:
    """Returns the rule of new passwords, with the operator's own list. Raises BadSetting: a file that cannot serve."""
    return PasswordPolicy(settings.password, _SERVICE_WORDS, _leaked(settings.password))


def _leaked(limits: PasswordSettings) -> LeakedPasswords:
    if limits.leaked_file is None or not limits.door:
        return LeakedPasswords()
    try:
        text = read_words(limits.leaked_file, _MOST_LEAKED_BYTES)
    except OSError as error:
        raise unreadable("PASSWORD_LEAKED_FILE", "a readable UTF-8 file of passwords", error) from error
    return LeakedPasswords.of(text.splitlines(), shortest=limits.min)


def build_notices(resources: Resources, mails: Mails) -> NoticeMailer:
    outbox = SealedOutbox(SqlOutbox(resources.database, resources.clock), resources.sealer)
    settings = resources.settings
    return NoticeMailer(
        outbox=outbox,
        mails=mails,
        clock=resources.clock,
        life=settings.mail.notice_life,
        help_desk=settings.help_line,
    )


def build_pseudonyms(settings: Settings) -> Pseudonyms:
    return Pseudonyms(derive_key(settings.keys.application, "charter_evidence"))


def tell_build() -> None:
    """Tell the log which argon2 this process computes with (docs/operate.md)."""
    build = choose()
    log.info("argon2", build=build.name, reason=build.reason)
