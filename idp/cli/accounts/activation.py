"""Contains `idp accounts activate`: a code for a person whom an administrator knows, and who has neither card nor
Pro Santé Connect. Not here: what the code opens (`flows/activation`), other commands of one account (`opening`)."""

import argparse
import sys

from idp.accounts.account import Account
from idp.accounts.activation import is_identity_old, new_activation
from idp.accounts.email_otp import masked_email
from idp.accounts.notices import Notice
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.rpps import parse_rpps
from idp.cli.asking import require_wish
from idp.core.audit import AuditEvent
from idp.settings import Settings
from idp.settings.closing import months
from idp.wiring.accounts import build_notices
from idp.wiring.audit import build_audit
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_web


def activate(settings: Settings, options: argparse.Namespace) -> int:
    """Print a code that counts once; the account is as before until it is used."""
    resources = open_resources(settings)
    account = SqlAccounts(resources.database).find_by_rpps(parse_rpps(options.rpps))
    refusal = _refusal(resources, account)
    if account is None or refusal is not None:
        print(f"idp: {refusal}", file=sys.stderr)
        return 1
    print(
        f"{account.identity.full_name}, RPPS {account.identity.rpps}\n"
        f"checked: {options.checked}\n"
        f"the code by mail that follows goes to {masked_email(account.email)}"
    )
    require_wish("Did you see this person, and is it them?", "no code was made", is_said=options.yes)
    _issue(resources, account, options.checked)
    return 0


def _refusal(resources: Resources, account: Account | None) -> str | None:
    """Returns why there is no code for this person, None when there may be one."""
    if account is None:
        return "no account has this RPPS; the first connection takes the card or Pro Santé Connect"
    settings = resources.settings
    has_passkeys = settings.passkey.is_demanded_at(settings.where.issuer)
    identity_life = months(settings.closing.identity_proved_every)
    reasons = (
        ("the account is disabled: `idp accounts enable` first", not account.may_sign_in),
        (
            "other accounts have this e-mail address: a code there would prove nothing",
            account.is_mailbox_shared,
        ),
        ("the password door is closed (PASSWORD_DOOR)", not settings.password.door),
        ("the password wants a passkey (PASSKEYS=demand), which this person could not add", has_passkeys),
        (
            "the identity was proved too long ago (ACCOUNT_IDENTITY_PROVED_EVERY): card or Pro Santé Connect",
            is_identity_old(account, resources.clock.now(), identity_life),
        ),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _issue(resources: Resources, account: Account, checked: str) -> None:
    settings, now = resources.settings, resources.clock.now()
    code, activation = new_activation(account, now, settings.password.activation_life)
    notices = build_notices(resources, build_web(settings, resources.clock).mails)
    post = notices.written(account, Notice.ACTIVATION_ISSUED)
    with SqlUnitOfWork(resources.database).together():
        SqlActivations(resources.database).put(activation)
        build_audit(settings, resources.database, resources.clock).record(
            AuditEvent.ACTIVATION_ISSUED, account_id=account.id, checked=checked
        )
        post()
    print(
        f"\n    {code}\n\n"
        f"Shown once. Good once, until {activation.ends_at:%Y-%m-%d %H:%M} UTC; a code of before is void.\n"
        f"The person opens {settings.where.issuer}/, « Se connecter », « Mot de passe oublié ? », and types it there."
    )
