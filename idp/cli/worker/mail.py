"""`idp mail …`: what an operator asks about the mail relay."""

import argparse
import sys
from html import escape

from idp.adapters.mail.remedies import remedy
from idp.adapters.mail.smtp import UnsendableMail, end
from idp.core.clock import Clock, SystemClock
from idp.core.mailer import Mail, MailPutOff, MailRefused
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


def test(settings: Settings, options: argparse.Namespace) -> int:
    """Hand the relay a mail for this address, past the worker. Returns 1 when it takes none, 2 for what is no address.
    Raises BadSetting."""
    clock, mail = SystemClock(), settings.mail
    transport = build_transport(settings, clock)
    try:
        with transport.opened() as session:
            transport.hand_over(session, _sample(settings, clock, options.address))
            end(session)
    except UnsendableMail as refusal:
        print(f"idp: {refusal}: name@domain", file=sys.stderr)
        return 2
    except (MailRefused, MailPutOff) as refusal:
        print(f"FAULT {mail.host}:{mail.port} does not take it: {refusal}")
        return 1
    except OSError as error:
        print(f"FAULT {remedy(error)} ({type(error).__name__})")
        return 1
    print(f"{mail.host}:{mail.port} took a mail from {mail.sender} for {options.address}")
    print("it has arrived when it is in that mailbox, and not among the unwanted ones: look there")
    return 0


def _sample(settings: Settings, clock: Clock, address: str) -> Mail:
    where, now = settings.where, f"{clock.now():%Y-%m-%d %H:%M} UTC"
    text = (
        f"Ce message d'essai vient de {where.issuer}. Un administrateur l'a demandé le {now}.\n"
        "S'il est arrivé, les codes de connexion arrivent aussi.\n\n"
        f"This is a test mail of {where.issuer}, sent by an administrator at {now}.\n"
        "Where it has arrived, sign-in codes arrive too.\n"
    )
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in text.strip().split("\n\n"))
    html = f'<!DOCTYPE html><html lang="fr"><title>Essai</title><body>{paragraphs}</body></html>'
    return Mail(to=address, subject="Essai d'envoi / Test mail", text=text, html=html)
