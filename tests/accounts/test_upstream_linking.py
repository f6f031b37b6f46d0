"""The link of an account to Pro Santé Connect's `sub`: who is linked, who is refused, and what the person is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from idp.accounts.account import AccountId
from idp.accounts.notices import Notice
from idp.accounts.upstream_link import LinkOutcome, SubjectOfAnother, UpstreamLink
from idp.accounts.upstream_linking import UpstreamLinking, UpstreamProof, proof_of
from idp.core.audit import AuditEvent
from tests.fakes import NOON, MemoryAccounts, MemoryStore, RecordingAudit, RecordingNotices
from tests.people import ALICE, ALICE_RPPS, BOB, an_account, an_identity

SUBJECT, OTHER_RPPS = "f:1:8", "10000000025"
PROOF = UpstreamProof(rpps=ALICE_RPPS, subject=SUBJECT, claims={"SubjectRefPro": {}})


@dataclass
class MemoryLinks:
    """`UpstreamLinks` in a dictionary."""

    links: dict[AccountId, UpstreamLink] = field(default_factory=dict)

    def find(self, account_id: AccountId) -> UpstreamLink | None:
        return self.links.get(account_id)

    def owner(self, subject: str) -> AccountId | None:
        return next((one.account_id for one in self.links.values() if one.subject == subject), None)

    def link(
        self,
        account_id: AccountId,
        subject: str,
        now: datetime,
        claims: Mapping[str, object],
        stated_at: datetime | None = None,
    ) -> LinkOutcome:
        if self.owner(subject) not in (None, account_id):
            raise SubjectOfAnother
        known = self.find(account_id)
        linked_at = known.linked_at if known else now
        self.links[account_id] = UpstreamLink(
            account_id=account_id,
            subject=subject,
            linked_at=linked_at,
            seen_at=stated_at or now,
            claims=claims,
        )
        if known is None:
            return LinkOutcome.FIRST
        return LinkOutcome.KNOWN if known.subject == subject else LinkOutcome.SUBJECT_CHANGED


@dataclass
class Room:
    store: MemoryStore
    links: MemoryLinks = field(default_factory=MemoryLinks)
    notices: RecordingNotices = field(default_factory=RecordingNotices)
    audit: RecordingAudit = field(default_factory=RecordingAudit)

    def __post_init__(self) -> None:
        self.linking = UpstreamLinking(
            links=self.links,
            notices=self.notices,
            audit=self.audit,
            store=self.store,
            life=timedelta(minutes=15),
        )


def test_a_proof_bears_the_date_of_what_it_says(room: Room) -> None:
    said = NOON - timedelta(hours=3)
    proof = proof_of(an_identity(source="psc", evidence=SUBJECT, stated_at=said), {"SubjectRole": []})
    room.linking.link(an_account(), proof, NOON)()
    assert (room.links.links[ALICE].linked_at, room.links.links[ALICE].seen_at) == (NOON, said)
    assert room.links.links[ALICE].claims == {"SubjectRole": []}


def finish(room: Room) -> None:
    """The end of the enrolment of interaction-1."""
    proof = room.linking.kept("interaction-1", ALICE_RPPS)
    if proof is not None:
        room.linking.link_enrolled(an_account(), proof, NOON)
        room.linking.forget("interaction-1")


@pytest.fixture
def room(store: MemoryStore) -> Room:
    return Room(store)


def test_first_and_changed_sub_are_told_and_a_known_one_is_no_news(room: Room) -> None:
    for subject in (SUBJECT, SUBJECT, "f:1:9"):
        room.linking.link(an_account(), replace(PROOF, subject=subject), NOON)()
    assert room.notices.told == [(ALICE, Notice.PSC_LINKED), (ALICE, Notice.PSC_SUBJECT_CHANGED)]
    assert room.audit.names() == [AuditEvent.PSC_LINKED, AuditEvent.PSC_SUBJECT_CHANGED]


def test_sub_of_another_person_is_refused(room: Room) -> None:
    room.linking.link(an_account(), PROOF, NOON)()
    room.linking.verify_subject(SUBJECT, ALICE)
    room.linking.verify_subject("never seen", None)
    for other in (BOB, None):
        with pytest.raises(SubjectOfAnother):
            room.linking.verify_subject(SUBJECT, other)


def test_sub_that_another_person_enrolled_with_meanwhile_ends_an_enrolment(room: Room) -> None:
    accounts = MemoryAccounts()
    enrolling = an_identity(source="psc", evidence=SUBJECT, rpps=OTHER_RPPS)
    room.linking.verify_enrolment(enrolling, accounts)
    accounts.add(an_account())
    room.linking.link(an_account(), PROOF, NOON)()
    with pytest.raises(SubjectOfAnother):
        room.linking.verify_enrolment(enrolling, accounts)
    # Another tab of the same person is no other person.
    room.linking.verify_enrolment(an_identity(source="psc", evidence=SUBJECT), accounts)


def test_enrolment_by_card_is_none_of_pro_sante_connect_s(room: Room) -> None:
    """Whatever its evidence: what a card proves is compared with no `sub`."""
    room.linking.link(an_account(), PROOF, NOON)()
    room.linking.verify_enrolment(an_identity(source="cps", evidence=SUBJECT), MemoryAccounts())


def test_proof_kept_during_an_enrolment_links_the_new_account_once_and_without_a_mail(room: Room) -> None:
    room.linking.keep("interaction-1", PROOF)
    for _ in range(2):
        finish(room)
    link = room.links.find(ALICE)
    assert link is not None
    assert (link.subject, link.claims) == (SUBJECT, PROOF.claims)
    assert (room.audit.names(), room.notices.told) == ([AuditEvent.PSC_LINKED], [])


def test_enrolment_without_a_kept_proof_links_nothing(room: Room) -> None:
    room.linking.keep("interaction-2", PROOF)
    finish(room)
    assert room.links.links == {}


def test_kept_proof_of_another_rpps_links_nothing_to_the_person_of_the_card(room: Room) -> None:
    room.linking.keep("interaction-1", replace(PROOF, rpps=OTHER_RPPS))
    finish(room)
    assert (room.links.links, room.audit.names()) == ({}, [])


def test_account_that_another_tab_linked_meanwhile_is_not_told_as_linked_again(room: Room) -> None:
    room.linking.link(an_account(), PROOF, NOON)()
    room.linking.keep("interaction-1", PROOF)
    finish(room)
    assert room.audit.names() == [AuditEvent.PSC_LINKED]
