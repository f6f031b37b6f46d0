"""An identity proved again: what counts as a change, what is kept of it, and what the person is told."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.identity_change import changed_fields, merged
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.notices import Notice
from idp.cards.nomenclature import CodedLabel
from idp.core.audit import AuditEvent
from tests.fakes import NOON, MemoryAccounts, MemoryProofs, RecordingAudit, RecordingNotices, WorkAtOnce
from tests.people import ALICE, an_account, an_identity

LATER = NOON + timedelta(days=30)
GENERAL, GERIATRICS = CodedLabel("SM26", "Qualifié en médecine générale"), CodedLabel("SM18", "Gériatrie")


def proved(**changes: object) -> ProvedIdentity:
    """The same person by Pro Santé Connect, a month later."""
    return an_identity(**{"source": "psc", "verified_at": LATER, "evidence": "f:1:8", **changes})


@dataclass
class Room:
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    notices: RecordingNotices = field(default_factory=RecordingNotices)
    audit: RecordingAudit = field(default_factory=RecordingAudit)
    proofs: MemoryProofs = field(default_factory=MemoryProofs)

    def apply(self, identity: ProvedIdentity) -> Account:
        updates = IdentityUpdates(
            work=WorkAtOnce(),
            accounts=self.accounts,
            notices=self.notices,
            audit=self.audit,
            proofs=self.proofs,
        )
        updates.apply(self.accounts.get(ALICE), identity)
        return self.accounts.get(ALICE)


@pytest.fixture
def room() -> Room:
    room = Room()
    room.accounts.add(an_account())
    return room


def test_same_identity_renews_its_date_and_tells_nobody(room: Room) -> None:
    account = room.apply(proved())
    assert (account.identity.source, account.identity.verified_at) == ("psc", LATER)
    assert (room.accounts.changes, room.notices.told) == ([], [])
    assert room.audit.names() == [AuditEvent.PROOF_ADDED]
    room.apply(proved(verified_at=LATER + timedelta(days=1)))
    assert room.audit.names() == [AuditEvent.PROOF_ADDED]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"family_name": "MARTIN"}, ("family_name",)),
        ({"given_name": "Nadia"}, ("given_name",)),
        ({"profession": CodedLabel("60", "Infirmier")}, ("profession",)),
        (
            {"family_name": "MARTIN", "profession": CodedLabel("60", "Infirmier")},
            ("family_name", "profession"),
        ),
    ],
)
def test_another_name_or_profession_is_kept_in_the_history_and_told(
    room: Room, changes: dict[str, object], fields: tuple[str, ...]
) -> None:
    account = room.apply(proved(**changes))
    assert account.identity == proved(**changes)
    (change,) = room.accounts.history(ALICE)
    assert (change.before, change.after, change.at) == (an_identity(), proved(**changes), LATER)
    assert change.fields == fields
    assert room.notices.told == [(ALICE, Notice.IDENTITY_CHANGED)]
    assert room.audit.events[1:] == [
        (
            AuditEvent.IDENTITY_CHANGED,
            {
                "account_id": ALICE,
                "client_id": None,
                "interaction_id": None,
                "source": "psc",
                "fields": " ".join(fields),
            },
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"family_name": "Dupont Noel".replace("oe", "œ")},
        {"given_name": "AICHA"},
        {"profession": CodedLabel("10", "Médecin (autre libellé)")},
    ],
)
def test_another_spelling_is_no_change(room: Room, changes: dict[str, object]) -> None:
    account = room.apply(proved(**changes))
    assert account.identity == proved(**changes)
    assert (room.accounts.changes, room.notices.told) == ([], [])


def test_other_specialities_are_kept_in_the_history_without_a_mail(room: Room) -> None:
    room.apply(proved(specialities=(GENERAL, GERIATRICS)))
    assert [change.fields for change in room.accounts.history(ALICE)] == [("specialities",)]
    assert room.notices.told == []


def test_what_the_newest_proof_does_not_say_is_kept(room: Room) -> None:
    silent = proved(family_name="", given_name="", profession=None, specialities=())
    account = room.apply(silent)
    assert replace(account.identity, source="cps", verified_at=NOON, evidence="ab" * 32) == an_identity()
    assert room.accounts.changes == []


def test_card_with_one_of_two_specialities_takes_none_away() -> None:
    both = proved(specialities=(GENERAL, GERIATRICS))
    card = an_identity(specialities=(GENERAL,))
    assert merged(both, card).specialities == (GENERAL, GERIATRICS)
    # The same source, saying less than before, is believed.
    assert merged(both, proved(specialities=(GENERAL,))).specialities == (GENERAL,)


def test_alternating_doors_make_no_endless_history(room: Room) -> None:
    by_psc = proved(given_name="Aicha", specialities=(GENERAL, GERIATRICS))
    by_card = an_identity(given_name="AÏCHA", verified_at=LATER)
    for identity in (by_psc, by_card) * 3:
        room.apply(identity)
    assert len(room.accounts.changes) == 1
    assert room.notices.told == []


def test_account_saved_meanwhile_is_read_again(room: Room) -> None:
    def accept_charter() -> None:
        room.accounts.save(replace(room.accounts.get(ALICE), charter_revision="2026-2"))

    room.accounts.meanwhile.append(accept_charter)
    account = room.apply(proved(family_name="MARTIN"))
    assert (account.identity.family_name, account.charter_revision) == ("MARTIN", "2026-2")
    assert len(room.accounts.changes) == 1


def test_account_that_others_save_at_every_try_is_left_as_they_saved_it_and_the_login_goes_on(
    room: Room,
) -> None:
    def another_login() -> None:
        account = room.accounts.get(ALICE)
        room.accounts.accounts[ALICE] = replace(account, version=account.version + 1)

    room.accounts.meanwhile += [another_login] * 10
    account = room.apply(proved(family_name="MARTIN"))
    assert account == room.accounts.get(ALICE)
    assert account.identity == an_identity()
    assert (room.accounts.changes, room.notices.told) == ([], [])


def test_two_tabs_with_one_new_name_make_one_change(room: Room) -> None:
    room.accounts.meanwhile.append(lambda: room.apply(proved(family_name="MARTIN")) and None)
    room.apply(proved(family_name="MARTIN"))
    assert len(room.accounts.changes) == 1
    assert len(room.notices.told) == 1


def test_comparison_is_by_code_and_by_letters() -> None:
    before = an_identity(family_name="D'ARC-ŒUVRÉ")
    assert changed_fields(before, an_identity(family_name="d’arc œuvre")) == ()
    assert changed_fields(before, an_identity(family_name="DARC")) == ("family_name",)
    assert changed_fields(an_identity(), an_identity(profession=None)) == ("profession",)


ISSUED = NOON - timedelta(days=400)
RENEWED = NOON - timedelta(days=20)


def a_card(name: str, issued: datetime | None = ISSUED, **changes: object) -> ProvedIdentity:
    return an_identity(family_name=name, stated_at=issued, **changes)


def by_psc(name: str, said: datetime | None = LATER, **changes: object) -> ProvedIdentity:
    return proved(family_name=name, stated_at=said, **changes)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (a_card("MARTIN", RENEWED), a_card("DUPONT", ISSUED)),
        (by_psc("MARTIN"), a_card("DUPONT", RENEWED)),
        (by_psc("MARTIN"), by_psc("DUPONT", LATER - timedelta(minutes=20))),
        (a_card("MARTIN", LATER + timedelta(days=9)), by_psc("DUPONT")),
        (by_psc("MARTIN"), by_psc("DUPONT", None)),
    ],
    ids=["card after card", "psc after card", "psc after psc", "card after psc", "undated after psc"],
)
def test_what_was_said_before_puts_no_older_name_back(
    room: Room, newer: ProvedIdentity, older: ProvedIdentity
) -> None:
    room.apply(newer)
    told, changes = list(room.notices.told), list(room.accounts.changes)
    account = room.apply(replace(older, verified_at=LATER + timedelta(days=10)))
    assert (account.identity.family_name, account.identity.stated_at) == ("MARTIN", newer.stated_at)
    # It proves all the same that the person is there.
    assert (account.identity.verified_at, account.identity.source) == (
        LATER + timedelta(days=10),
        older.source,
    )
    assert (room.notices.told, room.accounts.changes) == (told, changes)
    assert room.apply(newer).identity.family_name == "MARTIN"


def test_what_was_said_later_brings_its_name_whatever_came_between(room: Room) -> None:
    for said in (by_psc("MARTIN"), a_card("DUPONT")):
        room.apply(said)
    account = room.apply(a_card("MARTIN-BLANC", LATER + timedelta(days=1)))
    assert account.identity.family_name == "MARTIN-BLANC"


def test_an_older_answer_that_comes_while_a_newer_one_is_saved_changes_nothing(room: Room) -> None:
    room.accounts.meanwhile.append(lambda: room.apply(by_psc("MARTIN")) and None)
    account = room.apply(by_psc("DUPONT", NOON))
    assert account.identity.family_name == "MARTIN"


def test_a_proof_without_names_does_not_make_the_known_ones_newer(room: Room) -> None:
    room.apply(a_card("MARTIN", RENEWED))
    room.apply(by_psc("", given_name=""))
    account = room.apply(a_card("MARTIN-BLANC", NOON))
    assert account.identity.family_name == "MARTIN-BLANC"


def test_an_older_card_takes_no_speciality_away_however_often_it_comes(room: Room) -> None:
    room.apply(by_psc("MARTIN", specialities=(GENERAL, GERIATRICS)))
    for _ in range(3):
        account = room.apply(a_card("MARTIN", specialities=(GENERAL,)))
    assert account.identity.specialities == (GENERAL, GERIATRICS)


def test_an_older_card_of_another_profession_brings_its_profession_and_specialities(room: Room) -> None:
    room.apply(a_card("MARTIN", RENEWED, specialities=(GENERAL, GERIATRICS)))
    account = room.apply(a_card("MARTIN", ISSUED, profession=PHARMACIST, specialities=(GENERAL,)))
    assert account.identity.profession == PHARMACIST
    assert account.identity.specialities == (GENERAL,)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (an_identity(given_name="", family_name="SUKARNO"), ("", "SUKARNO")),  # a card is whole
        (proved(given_name="SUKARNO", family_name=""), ("SUKARNO", "")),
        (proved(given_name="", family_name="MARTIN"), ("AÏCHA", "MARTIN")),
    ],
)
def test_one_name_is_not_completed_with_itself(said: ProvedIdentity, kept: tuple[str, str]) -> None:
    known = an_identity(given_name="AÏCHA", family_name="Sukarno")
    identity = merged(known, said)
    assert (identity.given_name, identity.family_name) == kept


PHARMACIST = CodedLabel("21", "Pharmacien")


def card(number: int, at: timedelta, **changes: object) -> ProvedIdentity:
    return an_identity(evidence=f"{number:064x}", verified_at=NOON + at, **changes)


def test_second_profession_is_added_with_its_card_and_its_date_and_told_once(room: Room) -> None:
    day = timedelta(days=1)
    account = room.apply(card(2, day, profession=PHARMACIST))
    assert account.identity.profession == PHARMACIST
    assert room.notices.told == [(ALICE, Notice.IDENTITY_CHANGED)]
    first, second = room.proofs.of(ALICE)
    assert (first.evidence, first.profession, first.first_at) == (
        an_identity().evidence,
        an_identity().profession,
        NOON,
    )
    assert (second.source, second.profession, second.first_at) == ("cps", PHARMACIST, NOON + day)


def test_going_from_one_card_to_the_other_is_no_news(room: Room) -> None:
    room.apply(card(2, timedelta(days=1), profession=PHARMACIST))
    told, changes = list(room.notices.told), list(room.accounts.changes)
    for day in range(2, 8, 2):
        room.apply(an_identity(verified_at=NOON + timedelta(days=day)))
        account = room.apply(card(2, timedelta(days=day + 1), profession=PHARMACIST))
        assert account.identity.profession == PHARMACIST
    assert (room.notices.told, room.accounts.changes) == (told, changes)
    assert len(room.proofs.of(ALICE)) == 2


def test_renewed_card_is_one_more_proof_and_needs_nothing(room: Room) -> None:
    room.apply(card(3, timedelta(days=900)))
    assert [proof.evidence for proof in room.proofs.of(ALICE)] == [an_identity().evidence, f"{3:064x}"]
    assert (room.notices.told, room.accounts.changes) == ([], [])


def test_new_name_on_the_card_of_a_known_profession_is_told_all_the_same(room: Room) -> None:
    room.apply(card(2, timedelta(days=1), profession=PHARMACIST))
    room.apply(card(4, timedelta(days=2), family_name="MARTIN"))
    assert room.notices.told == [(ALICE, Notice.IDENTITY_CHANGED)] * 2
    assert "family_name" in room.accounts.changes[-1].fields
