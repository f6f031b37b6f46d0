"""What a login by Pro Santé Connect does to the link of the account: first, known, changed, or of another person.

Contains comparing the `sub` with the linked one (facts/security PS5, T5), and telling the person. Not here: finding the
account, which is done by RPPS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.account import Account, AccountId, ProvedIdentity
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository
from idp.accounts.upstream_link import LinkOutcome, SubjectOfAnother, UpstreamLink, UpstreamLinks
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

    def link(self, account: Account, proof: UpstreamProof, now: datetime) -> Callable[[], None]:
        """Returns what links the account and tells the person of a first or changed `sub`: to be called in the unit of
        work of what was proved. The call raises SubjectOfAnother, which must leave that unit.
        """
        known = self.links.find(account.id)
        expected = _expected(known, proof)
        notices = (
            {expected: self.notices.written(account, _NOTICES[expected])} if expected in _NOTICES else {}
        )

        def write() -> None:
            outcome = self.links.link(account.id, proof.subject, now, proof.claims, proof.stated_at)
            if outcome in _EVENTS:
                self.audit.record(_EVENTS[outcome], account_id=account.id)
                # Another one where a second sign-in of the person linked it in this instant.
                post = notices.get(outcome) or self.notices.written(account, _NOTICES[outcome])
                post()

        return write

    def keep(self, interaction_id: str, proof: UpstreamProof) -> None:
        """Keep the proof until this interaction has created the person's account."""
        self.store.put(Kind.UPSTREAM_PROOF, interaction_id, to_plain(proof), self.life)

    def kept(self, interaction_id: str, rpps: str) -> UpstreamProof | None:
        """Returns the proof of this person that was kept, if any."""
        kept = self.store.get(Kind.UPSTREAM_PROOF, interaction_id)
        proof = None if kept is None else from_plain(UpstreamProof, kept.value)
        # Since it was kept, the person may have inserted a card that names another RPPS.
        return proof if proof is not None and proof.rpps == rpps else None

    def forget(self, interaction_id: str) -> None:
        """Call once the account is linked: until then a failure loses nothing."""
        self.store.take(Kind.UPSTREAM_PROOF, interaction_id)

    def link_enrolled(self, account: Account, proof: UpstreamProof, now: datetime) -> None:
        """Link the account just created, with the present unit of work. Raises SubjectOfAnother, which must leave it.

        No notice: the person enrolled a moment ago and knows how.
        """
        outcome = self.links.link(account.id, proof.subject, now, proof.claims, proof.stated_at)
        if outcome is LinkOutcome.FIRST:
            self.audit.record(AuditEvent.PSC_LINKED, account_id=account.id)


def _expected(known: UpstreamLink | None, proof: UpstreamProof) -> LinkOutcome:
    if known is None:
        return LinkOutcome.FIRST
    return LinkOutcome.KNOWN if known.subject == proof.subject else LinkOutcome.SUBJECT_CHANGED
