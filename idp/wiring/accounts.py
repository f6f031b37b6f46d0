"""Contains passwords, mail codes and their throttle, built from the settings. Not here: a sign-in."""

import os

from idp.accounts.email_otp import MailCodes
from idp.accounts.password import Passwords
from idp.accounts.throttle import PasswordThrottle
from idp.accounts.waits import Waits
from idp.core.sealing import derive_key
from idp.settings import Settings
from idp.wiring.resources import Resources


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


def build_waits(resources: Resources) -> Waits:
    return Waits(build_throttle(resources), build_mail_codes(resources))


def build_passwords(settings: Settings) -> Passwords:
    return Passwords(settings.password, parallel=os.cpu_count() or 1)
