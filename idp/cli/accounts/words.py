"""Contains how a command shows an account and a session, as lines and as JSON. Not here: finding them
(`seen`), what a person reads (`pages`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from idp.accounts.account import Account
from idp.accounts.email_otp import masked_email
from idp.accounts.erasure import KeptEvidence
from idp.accounts.open_sessions import ListedSession
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.proofs import SqlProofs
from idp.interaction.session import Session
from idp.wiring.resources import Resources


def brief(account: Account) -> dict[str, Any]:
    identity = account.identity
    return {
        "rpps": identity.rpps,
        "name": identity.full_name,
        "profession": identity.profession.label if identity.profession else None,
        "email": masked_email(account.email),
        "enabled": account.may_sign_in,
        "closing_at": _instant(account.closing_at),
        "account_id": account.id,
        "sub": account.subject,
    }


def brief_line(account: Account) -> str:
    told = brief(account)
    closing = "" if account.closing_at is None else ", closing"
    state = f"{'enabled' if account.may_sign_in else 'DISABLED'}{closing}"
    return (
        f"{told['rpps']}  {told['name']}, {told['profession'] or '-'}  {told['email']}  {state}  {account.id}"
    )


def whole(resources: Resources, account: Account) -> dict[str, Any]:
    closure = account.password_closure
    return {
        **brief(account),
        "motive": account.disabled_motive,
        "made_at": _instant(account.created_at),
        "language": account.locale,
        "email_proved_at": _instant(account.email_verified_at),
        "email_noted": None if account.email_offer is None else masked_email(account.email_offer.email),
        "is_mailbox_shared": account.is_mailbox_shared,
        "is_password_closed_by_sharing": account.is_closed_by_sharing,
        "password_closed_for": None if closure is None else str(closure.motive),
        "signed_in_on": None if account.signed_in_at is None else f"{account.signed_in_at:%Y-%m-%d}",
        "proofs": [
            {
                "source": proof.source,
                "first_at": _instant(proof.first_at),
                "last_at": _instant(proof.last_at),
                "profession": proof.profession.label if proof.profession else None,
                "evidence": proof.evidence[:16],
            }
            for proof in SqlProofs(resources.database).of(account.id)
        ],
        "changes": [
            {"at": _instant(change.at), "source": change.after.source, "fields": list(change.fields)}
            for change in SqlAccounts(resources.database).history(account.id)
        ],
    }


def evidence_told(kept: KeptEvidence) -> dict[str, Any]:
    evidence = kept.evidence
    return {
        "erased_at": _instant(kept.erased_at),
        "charter": evidence.charter,
        "revision": evidence.revision,
        "accepted_at": _instant(evidence.accepted_at),
        "authenticator": evidence.authenticator,
        "text_sha256": evidence.text_sha256,
    }


def session_told(listed: ListedSession, session: Session) -> dict[str, Any]:
    row = listed.session
    origin = row.origin
    return {
        "sid": row.sid,
        "door": row.door,
        "browser": origin.browser,
        "system": origin.system,
        "network": origin.network,
        "since": _instant(row.started_at),
        "last_seen_at": _instant(session.last_seen_at),
        "ends_at": _instant(row.ends_at),
        "applications": list(listed.applications),
    }


def session_lines(told: Mapping[str, Any]) -> Iterator[str]:
    browser = " on ".join(filter(None, (told["browser"], told["system"]))) or "unknown browser"
    yield f"{told['sid']}  {browser}, by {told['door']}, from {told['network'] or 'an unknown network'}"
    since, seen = told["since"][:16], told["last_seen_at"][:16]
    yield f"    since {since}Z, last seen {seen}Z; applications: {' '.join(told['applications']) or 'none'}"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def account_lines(
    resources: Resources, account: Account | None, erased: Sequence[KeptEvidence]
) -> Iterator[str]:
    for kept in erased:
        evidence = kept.evidence
        yield (
            f"erased {kept.erased_at:%Y-%m-%d}: charter {evidence.charter} {evidence.revision}, accepted "
            f"{evidence.accepted_at:%Y-%m-%d}, by {evidence.authenticator or '-'}, text {evidence.text_sha256}"
        )
    if account is None:
        return
    yield f"{account.identity.full_name}, {'enabled' if account.may_sign_in else 'DISABLED'}"
    if account.disabled_motive:
        yield f"motive: {account.disabled_motive}"
    if account.closing_at is not None:
        yield f"closed by the person: erased after {account.closing_at:%Y-%m-%d %H:%M} UTC"
    yield f"account {account.id}, made {account.created_at:%Y-%m-%d}, language {account.locale}"
    yield f"e-mail: {masked_email(account.email)}, proved {account.email_verified_at:%Y-%m-%d}"
    if account.email_offer is not None:
        offer = account.email_offer
        yield f"noted {offer.at:%Y-%m-%d}, not proved: {masked_email(offer.email)} (`idp accounts set-email`)"
    if account.is_mailbox_shared:
        door = "closed" if account.is_closed_by_sharing else "open with a passkey"
        yield f"the mailbox is that of another account too: the password door is {door}"
    if account.signed_in_at is not None:
        yield f"last sign-in: {account.signed_in_at:%Y-%m-%d}, to within a day"
    for proof in SqlProofs(resources.database).of(account.id):
        profession = proof.profession.label if proof.profession else "-"
        dates = f"{proof.first_at:%Y-%m-%d} to {proof.last_at:%Y-%m-%d}"
        yield f"proved by {proof.source}  {dates}  {profession}  {proof.evidence[:16]}"
    for change in SqlAccounts(resources.database).history(account.id):
        yield f"changed {change.at:%Y-%m-%d} by {change.after.source}: {', '.join(change.fields)}"
