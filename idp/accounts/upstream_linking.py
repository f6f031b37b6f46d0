"""What a proof by Pro Santé Connect does to the link of its person: first, known, changed, or claimed by two.

The account itself is found by RPPS; the `sub` is only compared with what it was (facts/security PS5, T5).
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

_EVENTS: Mapping[LinkOutcome, AuditEvent] = {
    LinkOutcome.FIRST: AuditEvent.PSC_LINKED,
    LinkOutcome.SUBJECT_CHANGED: AuditEvent.PSC_SUBJECT_CHANGED,
}
_NOTICES: Mapping[LinkOutcome, Notice] = {
    LinkOutcome.FIRST: Notice.PSC_LINKED,
    LinkOutcome.SUBJECT_CHANGED: Notice.PSC_SUBJECT_CHANGED,
}


@dataclass(frozen=True, slots=True)
class UpstreamProof:
    """What was proved of a person, as far as the link is concerned."""

    rpps: str
    subject: str
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLinking:
    links: UpstreamLinks
    notices: Notices
    audit: Audit
    store: EphemeralStore
    #: How long a person who must enrol first may take.
    life: timedelta

    def verify_subject(self, subject: str, account_id: AccountId | None) -> None:
        """Raises SubjectOfAnother: this `sub` came with another RPPS before."""
        if self.links.owner(subject) not in (None, account_id):
            raise SubjectOfAnother

    def verify_enrolment(self, identity: ProvedIdentity, accounts: AccountRepository) -> None:
        """Somebody else may have enrolled with this `sub` since it was proved. Raises SubjectOfAnother."""
        if identity.source != "psc":
            return
        # In this order: another tab of the same person makes the account before it links it.
        owner, account = self.links.owner(identity.evidence), accounts.find_by_rpps(identity.rpps)
        if owner is not None and (account is None or account.id != owner):
            raise SubjectOfAnother

    def link(self, account: Account, proof: UpstreamProof, now: datetime) -> None:
        """Raises SubjectOfAnother."""
        outcome = self.links.link(account.id, proof.subject, now, proof.claims)
        if outcome in _EVENTS:
            self.audit.record(_EVENTS[outcome], account_id=account.id)
            self.notices.tell(account, _NOTICES[outcome])

    def keep(self, interaction_id: str, proof: UpstreamProof) -> None:
        """Until this interaction made an account of the person."""
        kept = {"rpps": proof.rpps, "subject": proof.subject, "claims": dict(proof.claims)}
        self.store.put(Kind.UPSTREAM_PROOF, interaction_id, kept, self.life)

    def finish(self, interaction_id: str, account: Account, now: datetime) -> None:
        """Link the account just made, if it is the person kept: another card may have been inserted since.

        Whoever has just enrolled knows by what, so no notice. Raises SubjectOfAnother.
        """
        kept = self.store.take(Kind.UPSTREAM_PROOF, interaction_id)
        if kept is None or kept["rpps"] != account.identity.rpps:
            return
        outcome = self.links.link(account.id, kept["subject"], now, kept["claims"])
        if outcome is LinkOutcome.FIRST:
            self.audit.record(AuditEvent.PSC_LINKED, account_id=account.id)
