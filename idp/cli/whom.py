"""Contains whom an operator means: the person of an RPPS, an address, a `sub` or an account id, as pasted.

Not here: people found by a part of their name, or by their card (`accounts/seen`).
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from idp.accounts.account import Account
from idp.accounts.email_otp import masked_email
from idp.accounts.enrolment import typed_values, verified_email
from idp.accounts.repository import AccountNotFound
from idp.adapters.sql.account_search import SeveralAccounts, SqlAccountSearch
from idp.adapters.sql.accounts import SqlAccounts
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.cards.typed_text import one_line
from idp.core.ephemeral import StoreUnavailable


def one_meant(database: Engine, text: str) -> Account | None:
    """Returns the account; None: there is none, which is said. Raises InvalidRpps, SeveralAccounts."""
    found = meant(database, text)
    if len(found) > 1:
        rpps = ", ".join(account.identity.rpps for account in found)
        raise SeveralAccounts(f"several accounts have this address: name one of them by its RPPS ({rpps})")
    if not found:
        say_nobody(text)
    return found[0] if found else None


def meant(database: Engine, text: str) -> Sequence[Account]:
    """Returns the accounts: several of one address only. Raises InvalidRpps: it names nobody in any of these ways."""
    line = one_line(text)
    if is_address(line):
        return having_address(database, line)
    named = SqlAccountSearch(database).named(line)
    if named:
        return named
    try:
        account = SqlAccounts(database).find_by_rpps(parse_rpps(text))
    except InvalidRpps:
        raise InvalidRpps(
            "expected an RPPS number (eleven digits), an e-mail address, a `sub` or an account id"
        ) from None
    return () if account is None else (account,)


def having_address(database: Engine, line: str) -> Sequence[Account]:
    """Returns whose address it is, read as the forms of a person read it."""
    typed = typed_values({"email": line})["email"]
    return SqlAccounts(database).having_email(verified_email(typed) or typed)


def is_address(line: str) -> bool:
    return "@" in line


def say_nobody(text: str) -> None:
    what = "e-mail address" if is_address(text) else "RPPS"
    print(f"idp: no account has this {what}", file=sys.stderr)


def name_of(account: Account) -> str:
    """Returns how a command says whose account it is."""
    identity = account.identity
    return f"{identity.full_name}, RPPS {identity.rpps}, {masked_email(account.email)}"


@contextmanager
def gone_said() -> Iterator[None]:
    """Raises StoreUnavailable, in words, if the account was erased since it was read."""
    try:
        yield
    except AccountNotFound:
        raise StoreUnavailable("the account was erased meanwhile: nothing was written") from None
