"""Contains `idp accounts set-email`: an address noted for a person, who proves it after the card or Pro Santé Connect.

It changes nothing by itself: with an address of their choice, whoever gives the command would be the person
(docs/adr/0063). Not here: the change (`flows/email_again`, `flows/shared/email_changing`).
"""

import argparse
import sys
from dataclasses import replace
from datetime import datetime

from idp.accounts.account import Account, EmailOffer
from idp.accounts.email_change import EmailChanges
from idp.accounts.email_otp import masked_email
from idp.accounts.enrolment import typed_values, verified_email
from idp.accounts.notices import Notice
from idp.accounts.repository import save_changed
from idp.adapters.sql.account_rows import normalise_email
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.whom import gone_said, name_of, one_meant
from idp.core.audit import AuditEvent
from idp.settings import Settings
from idp.wiring.accounts import build_notices
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_mails

_FAILED, _WRONG_USE, _NOTHING_TO_DO = 1, 2, 3


def set_email(settings: Settings, options: argparse.Namespace) -> int:
    email = verified_email(typed_values({"email": options.address})["email"])
    if email is None:
        return _say("no address that mail can be sent to (before the @: letters without accents)", _WRONG_USE)
    resources = open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return _FAILED
    if normalise_email(email) == normalise_email(account.email):
        return _say(f"{name_of(account)}: the account has this address already", _NOTHING_TO_DO)
    refusal = _refusal(resources, account, email)
    if refusal:
        return _say(f"{name_of(account)}: {refusal}", _FAILED)
    rule, now = settings.email, resources.clock.now()
    until = now + rule.offer_life
    _offer(resources, account, EmailOffer(email, now), options.checked, until)
    print(
        f"{name_of(account)}: {masked_email(email)} is noted, both addresses are told. Nothing changes until the "
        "person signs in by card or Pro Santé Connect, and types the code that goes there then; "
        f"asked about until {until:%Y-%m-%d}."
    )
    return 0


def _refusal(resources: Resources, account: Account, email: str) -> str:
    if not account.may_sign_in:
        return "it is disabled: `enable` it before"
    settings = resources.settings
    rule = settings.email
    changes = EmailChanges(
        durable=resources.durable,
        accounts=SqlAccounts(resources.database),
        life=rule.change_life,
        is_sharing_allowed=rule.shared,
    )
    if changes.owner_of(email, account) is not None:
        return "that address is another account's; each person needs their own (SHARED_MAILBOXES)"
    return ""


def _offer(resources: Resources, account: Account, offer: EmailOffer, checked: str, until: datetime) -> None:
    notices = build_notices(resources, build_mails(resources.settings))
    tell_here = notices.written(account, Notice.EMAIL_OFFERED_ELSEWHERE, until=until)
    tell_there = notices.written(
        replace(account, email=offer.email, is_mailbox_shared=False), Notice.EMAIL_OFFERED, until=until
    )

    def also() -> None:
        resources.audit.record(AuditEvent.EMAIL_OFFERED, account_id=account.id, checked=checked)
        tell_here()
        tell_there()

    with gone_said():
        save_changed(
            SqlUnitOfWork(resources.database),
            SqlAccounts(resources.database),
            account.id,
            lambda row: row.with_offer(offer.email, offer.at),
            also,
        )


def _say(text: str, status: int) -> int:
    print(f"idp: {text}", file=sys.stderr)
    return status
