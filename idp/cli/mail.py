"""`idp mail …`: what an operator asks about the mail relay."""

import argparse

from idp.adapters.mail.remedies import remedy
from idp.core.clock import SystemClock
from idp.settings import LOOPBACK_HOSTS, Settings
from idp.wiring.mail import build_transport


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Go to the relay as a mail would, and send none. Returns 1 when it would take none. Raises BadSetting."""
    mail = settings.mail
    transport = build_transport(settings, SystemClock())
    login = "with a user name" if mail.username else "without login"
    print(f"relay {mail.host}:{mail.port}, TLS {mail.tls}, {login}")
    if mail.tls == "none" and mail.host not in LOOPBACK_HOSTS:
        print("note  mails and their codes travel in the clear: CADUCEE_SMTP_TLS")
    try:
        transport.check()
    except OSError as error:
        print(f"FAULT {remedy(error)} ({type(error).__name__})")
        return 1
    print("ok    it answers, and lets us in")
    return 0
