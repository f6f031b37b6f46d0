"""What a login by Pro Santé Connect does to the link of the account: first, known, changed, or of another person.

Contains comparing the `sub` with the linked one (facts/security PS5, T5), and telling the person. Not here: finding the
account, which is done by RPPS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.account import Account, AccountId, ProvedIdentity
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository
from idp.accounts.upstream_link import LinkOutcome, SubjectOfAnother, UpstreamLinks
from idp.core.audit import Audit, AuditEvent
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.records import from_plain, to_plain

_EVENTS: Mapping[LinkOutcome, AuditEvent] = {
    LinkOutcome.FIRST: AuditEvent.PSC_LINKED,
    LinkOutcome.SUBJECT_CHANGED: AuditEvent.PSC_SUBJECT_CHANGED,
}
_NOTICES: Mapping[LinkOutcome, Notice] = {
    LinkOutcome.FIRST: Notice.PSC_LINKED,
    LinkOutcome.SUBJECT_CHANGED: Notice.PSC_SUBJECT_CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProof:
    """What Pro Santé Connect proved that concerns the link. `stated_at`: as in `ProvedIdentity`."""

    rpps: str
    subject: str
    claims: Mapping[str, object]
    stated_at: datetime | None = None


def proof_of(identity: ProvedIdentity, claims: Mapping[str, object]) -> UpstreamProof:
    """Returns the proof of an identity of source "psc", with the claims that came with it."""
    return UpstreamProof(
        rpps=identity.rpps, subject=identity.evidence, claims=claims, stated_at=identity.stated_at
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLinking:
    links: UpstreamLinks
    notices: Notices
    audit: Audit
    store: EphemeralStore
    #: How long a proof is kept for a person who must enrol first.
    life: timedelta

    def verify_subject(self, subject: str, account_id: AccountId | None) -> None:
        """Raises SubjectOfAnother when this `sub` came with another RPPS before."""
        if self.links.owner(subject) not in (None, account_id):
            raise SubjectOfAnother

    def verify_enrolment(self, identity: ProvedIdentity, accounts: AccountRepository) -> None:
        """Verify again at the end of an enrolment. Raises SubjectOfAnother.

        Another person may have enrolled with this `sub` since it was proved.
        """
        if identity.source != "psc":
            return
        # The owner is read first: another tab of the same person creates the account before it links it, so a link
        # without account is really another person's.
        owner, account = self.links.owner(identity.evidence), accounts.find_by_rpps(identity.rpps)
        if owner is not None and (account is None or account.id != owner):
            raise SubjectOfAnother

    def link(self, account: Account, proof: UpstreamProof, now: datetime) -> None:
        """Link the account, and tell the person of a first or changed `sub`. Raises SubjectOfAnother."""
        outcome = self.links.link(account.id, proof.subject, now, proof.claims, proof.stated_at)
        if outcome in _EVENTS:
            self.audit.record(_EVENTS[outcome], account_id=account.id)
            self.notices.tell(account, _NOTICES[outcome])

    def keep(self, interaction_id: str, proof: UpstreamProof) -> None:
        """Keep the proof until this interaction has created the person's account."""
        self.store.put(Kind.UPSTREAM_PROOF, interaction_id, to_plain(proof), self.life)

    def finish(self, interaction_id: str, account: Account, now: datetime) -> None:
        """Link the account just created, with the proof that was kept. Raises SubjectOfAnother.

        No notice: the person enrolled a moment ago and knows how.
        """
        kept = self.store.take(Kind.UPSTREAM_PROOF, interaction_id)
        proof = None if kept is None else from_plain(UpstreamProof, kept)
        # Since the proof was kept, the person may have inserted a card that names another RPPS.
        if proof is None or proof.rpps != account.identity.rpps:
            return
        outcome = self.links.link(account.id, proof.subject, now, proof.claims, proof.stated_at)
        if outcome is LinkOutcome.FIRST:
            self.audit.record(AuditEvent.PSC_LINKED, account_id=account.id)
