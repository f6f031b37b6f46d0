"""Contains secrets of persons as the settings want them: passwords, mail codes, waits. Not here: a sign-in."""

import os

from idp.accounts.email_otp import MailCodeLimits, MailCodes, random_code
from idp.accounts.password import Passwords
from idp.accounts.throttle import PasswordThrottle
from idp.core.sealing import derive_key
from idp.settings import Settings
from idp.wiring.resources import Resources


def build_mail_codes(resources: Resources) -> MailCodes:
    s = resources.settings
    return MailCodes(
        store=resources.store,
        durable=resources.durable,
        key=derive_key(s.application_key, "mail_code"),
        limits=MailCodeLimits(
            life=s.mail_code_life,
            digits=s.mail_code_digits,
            tries=s.mail_code_tries,
            failures_per_day=s.mail_code_failures_per_day,
            per_minute=s.mail_codes_per_minute,
            per_hour=s.mail_codes_per_hour,
            per_day=s.mail_codes_per_day,
            per_network=s.mail_codes_per_ip,
            network_window=s.mail_codes_per_ip_window,
        ),
        # Settings refuse a fixed code off loopback.
        draw=(lambda digits: s.mail_code_fixed) if s.mail_code_fixed else random_code,
    )


def build_throttle(resources: Resources) -> PasswordThrottle:
    s = resources.settings
    return PasswordThrottle(
        store=resources.store,
        durable=resources.durable,
        key=derive_key(s.application_key, "throttle"),
        free_tries=s.password_free_tries,
        tries_per_day=s.password_tries_per_day,
        failures_in_a_row=s.password_failures_in_a_row,
        first_wait=s.password_first_wait,
    )


def build_passwords(settings: Settings) -> Passwords:
    return Passwords(
        pepper=settings.password_pepper.encode(),
        time_cost=settings.argon2_time,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        parallel=os.cpu_count() or 1,
        queue=settings.hash_queue,
    )
