"""The records: what survives JSON, and what another person's event leaves of the first."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.account import PostalAddress, ProvedIdentity
from idp.cards.nomenclature import CodedLabel
from idp.core.records import from_plain, to_plain
from idp.interaction.authenticator import Acr
from idp.interaction.counting import counting_events
from idp.interaction.record import (
    AuthenticationEvent,
    Interaction,
    PendingEnrolment,
    with_event,
    with_identity,
    with_upstream,
    without_person,
    without_session,
)
from idp.interaction.session import Session
from tests.fakes import NOON
from tests.people import ALICE, BOB, an_account, an_event, an_identity, an_interaction

PENDING = PendingEnrolment(
    "a@b.example", "$argon2id$", PostalAddress(line1="1 rue", line2="", postal_code="75001", city="Paris")
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_time = st.datetimes(
    min_value=datetime.fromisoformat("2000-01-01"),
    max_value=datetime.fromisoformat("2100-01-01"),
    timezones=st.just(UTC),
)
_label = st.builds(CodedLabel, _text, _text)
_identity = st.builds(
    ProvedIdentity,
    rpps=_text,
    family_name=_text,
    given_name=_text,
    profession=st.none() | _label,
    specialities=st.lists(_label, max_size=3).map(tuple),
    source=st.sampled_from(["cps", "psc"]),
    verified_at=_time,
    evidence=_text,
)
_event = st.builds(
    AuthenticationEvent,
    authenticator=st.sampled_from(["psc", "cps", "password", "email_otp"]),
    amr=st.lists(_text, max_size=3).map(tuple),
    at=_time,
    upstream_acr=st.none() | _text,
    upstream_auth_mode=st.none() | _text,
)
_address = st.builds(PostalAddress, line1=_text, line2=_text, postal_code=_text, city=_text)
_pending = st.builds(PendingEnrolment, _text, _text, _address)
_interaction = st.builds(
    Interaction,
    id=_text,
    client_id=_text,
    request=st.dictionaries(_text, _text, max_size=4),
    needed=st.sampled_from(list(Acr)),
    silent=st.booleans(),
    browser=_text,
    locale=_text,
    started_at=_time,
    expires_at=_time,
    events=st.lists(_event, max_size=4).map(tuple),
    account_id=st.none() | _text,
    sid=st.none() | _text,
    fresh_after=st.none() | _time,
    identity=st.none() | _identity,
    enrolment=st.none() | _pending,
    enrolment_draft=st.dictionaries(_text, _text, max_size=4),
    confirmed=st.booleans(),
    refusal=st.none() | _text,
    upstream_id_token=st.none() | _text,
    version=st.just(0),
)
_session = st.builds(
    Session,
    sid=_text,
    account_id=_text,
    events=st.lists(_event, max_size=4).map(tuple),
    started_at=_time,
    last_seen_at=_time,
    upstream_id_token=st.none() | _text,
    version=st.just(0),
)


def _stored(record: object) -> dict[str, object]:
    value: dict[str, object] = json.loads(json.dumps(to_plain(record)))
    del value["version"]
    return value


@given(_interaction, st.integers(min_value=0, max_value=9))
def test_an_interaction_comes_back_from_json_as_it_was(interaction: Interaction, version: int) -> None:
    back = from_plain(Interaction, {**_stored(interaction), "version": version})
    assert back.version == version
    assert from_plain(Interaction, _stored(back)) == interaction


@given(_session)
def test_a_session_comes_back_from_json_as_it_was(session: Session) -> None:
    assert from_plain(Session, _stored(session)) == session


#: As the version before this converter wrote them, member by member.
_INTERACTION_BEFORE = """{
"id": "interaction-1", "client_id": "viatrajectoire",
"request": {"redirect_uri": "https://rp.test/cb", "state": "s"},
"needed": "urn:caducee:acr:pwd-otp", "silent": false, "browser": "ffff", "locale": "fr",
"started_at": "2026-11-23T12:00:00+00:00", "expires_at": "2026-11-23T12:15:00.000250+00:00",
"essential": ["urn:caducee:acr:cps", "urn:caducee:acr:psc"], "subject": null,
"events": [{"authenticator": "psc", "amr": ["sc", "pin"], "at": "2026-11-23T12:01:00+00:00",
"upstream_acr": "eidas1", "upstream_auth_mode": "CARD", "upstream_sid": "0b6f", "is_moment_told": true}],
"account_id": "account-alice", "sid": "sid", "fresh_after": "2026-11-23T12:00:00+00:00",
"identity": {"rpps": "10000000017", "family_name": "DUPONT-N\\u0152L", "given_name": "A\\u00efcha",
"profession": {"code": "10", "label": "M\\u00e9decin"}, "specialities": [{"code": "SM26", "label": "g"}],
"source": "cps", "verified_at": "2026-11-23T12:00:00+00:00", "evidence": "abab"},
"enrolment": {"email": "a@b.example", "password_hash": "$argon2id$",
"address": {"line1": "1 rue", "line2": "", "postal_code": "75001", "city": "Paris", "country": "FR"}},
"enrolment_draft": {"email": "a@b.example"}, "restarted": false, "refusal": null,
"upstream_id_token": "sealed"}"""
_SESSION_BEFORE = """{
"sid": "sid", "account_id": "account-alice",
"events": [{"authenticator": "password", "amr": ["pwd"], "at": "2026-11-23T12:01:00+00:00",
"upstream_acr": null, "upstream_auth_mode": null, "upstream_sid": null, "is_moment_told": true}],
"started_at": "2026-11-23T12:00:00+00:00", "last_seen_at": "2026-11-23T12:03:00.000250+00:00",
"upstream_id_token": null}"""


def _is_written_as_before(record: object, before: str) -> bool:
    """Every member that it had, octet for octet; newer ones may stand beside, also in the records inside."""
    written, known = _stored(record), json.loads(before)
    return json.dumps(_known_members(written, known)) == json.dumps(known)


def _known_members(written: Any, known: Any) -> Any:
    if not (isinstance(written, dict) and isinstance(known, dict)):
        return written
    return {name: _known_members(written[name], value) for name, value in known.items()}


def test_an_interaction_of_the_version_before_is_read_and_written_back_octet_for_octet() -> None:
    read = from_plain(Interaction, json.loads(_INTERACTION_BEFORE))
    assert read == Interaction(
        id="interaction-1",
        client_id="viatrajectoire",
        request={"redirect_uri": "https://rp.test/cb", "state": "s"},
        needed=Acr.PWD_OTP,
        silent=False,
        browser="ffff",
        locale="fr",
        started_at=NOON,
        expires_at=NOON + timedelta(minutes=15, microseconds=250),
        essential=(Acr.CPS, Acr.PSC),
        events=(an_event("psc", 1, upstream_acr="eidas1", upstream_auth_mode="CARD", upstream_sid="0b6f"),),
        account_id=ALICE,
        sid="sid",
        fresh_after=NOON,
        identity=an_identity(specialities=(CodedLabel("SM26", "g"),), evidence="abab"),
        enrolment=PENDING,
        enrolment_draft={"email": "a@b.example"},
        upstream_id_token="sealed",
    )
    assert _is_written_as_before(read, _INTERACTION_BEFORE)


def test_a_session_of_the_version_before_is_read_and_written_back_octet_for_octet() -> None:
    read = from_plain(Session, json.loads(_SESSION_BEFORE))
    assert read == Session(
        sid="sid",
        account_id=ALICE,
        events=(an_event("password", 1),),
        started_at=NOON,
        last_seen_at=NOON + timedelta(minutes=3, microseconds=250),
    )
    assert _is_written_as_before(read, _SESSION_BEFORE)


def test_an_event_written_before_pro_sante_connect_told_moments_is_read() -> None:
    plain = {"authenticator": "cps", "amr": ["sc"], "at": "2026-11-23T12:00:00+00:00"}
    assert from_plain(AuthenticationEvent, plain) == an_event("cps", amr=("sc",))


def _full_of_alice() -> Interaction:
    return an_interaction(
        events=(an_event("psc", 1),),
        account_id=ALICE,
        sid="sid-of-alice",
        upstream_id_token="sealed-of-alice",
        enrolment=PENDING,
        enrolment_draft={"email": "a@b.example"},
        has_chosen_context=True,
    )


def test_one_more_event_of_the_same_person_is_added_to_the_others() -> None:
    more = with_event(_full_of_alice(), an_event("cps", 2), an_account())
    assert [event.authenticator for event in more.events] == ["psc", "cps"]
    assert (more.sid, more.upstream_id_token) == ("sid-of-alice", "sealed-of-alice")
    assert more.has_chosen_context


def test_an_event_of_another_person_clears_everything_of_the_first() -> None:
    bobs = with_event(_full_of_alice(), an_event("cps", 2), an_account(id=BOB))
    assert bobs == an_interaction(events=(an_event("cps", 2),), account_id=BOB)


def test_the_first_event_of_somebody_clears_the_identity_proved_before() -> None:
    proved = with_identity(an_interaction(), an_event("cps", 1), an_identity(rpps="10000000025"))
    known = with_event(proved, an_event("cps", 2), an_account())
    assert (known.identity, known.events) == (None, (an_event("cps", 2),))


def test_a_choice_of_who_left_is_asked_of_the_next_person_again() -> None:
    chosen = _full_of_alice()
    assert not without_person(chosen, ALICE).has_chosen_context
    assert without_person(chosen, BOB).has_chosen_context
    lent = dataclasses.replace(chosen, lent=chosen.events)
    assert not without_session(lent).has_chosen_context
    proved = with_event(lent, an_event("cps", 2), an_account())
    assert without_session(proved).has_chosen_context


def test_somebody_nobody_enrolled_clears_the_person_before() -> None:
    proved = with_identity(_full_of_alice(), an_event("cps", 2), an_identity())
    assert proved == an_interaction(events=(an_event("cps", 2),), identity=an_identity())


def test_what_was_typed_stays_for_the_same_person_on_the_same_proof() -> None:
    typed = an_interaction(identity=an_identity(), enrolment=PENDING, enrolment_draft={"city": "Paris"})
    again = with_identity(typed, an_event("cps", 2), an_identity(verified_at=NOON + timedelta(minutes=1)))
    assert (again.enrolment, again.enrolment_draft) == (PENDING, {"city": "Paris"})


def test_what_was_typed_goes_with_another_person_another_card_or_another_door() -> None:
    typed = an_interaction(identity=an_identity(), enrolment=PENDING, enrolment_draft={"city": "Paris"})
    for change in ({"rpps": "10000000025"}, {"evidence": "cd" * 32}, {"source": "psc"}):
        other = with_identity(typed, an_event("cps", 2), an_identity(**change))
        assert (other.enrolment, other.enrolment_draft) == (None, {}), change


def test_the_request_itself_is_never_changed_by_events() -> None:
    before = _full_of_alice()
    for after in (
        with_event(before, an_event("cps", 2), an_account(id=BOB)),
        with_identity(before, an_event("cps", 2), an_identity()),
        with_upstream(before, "sealed"),
    ):
        kept = ("id", "client_id", "request", "needed", "browser", "expires_at", "fresh_after")
        assert all(getattr(after, name) == getattr(before, name) for name in kept)


def test_what_was_proved_before_the_account_voided_its_past_is_not_added_to() -> None:
    voided = an_account().next_generation()
    again = with_event(_full_of_alice(), an_event("cps", 2), voided)
    assert again == an_interaction(events=(an_event("cps", 2),), account_id=ALICE, generation=1)


#: The clock of one node may be behind another's by as much.
_BEHIND = -1.5


def test_what_is_proved_in_an_interaction_is_not_dated_before_it_whatever_the_clock_says() -> None:
    """It begins on one node, which a relying party asks for a login; the password comes to another."""
    begun = an_interaction(fresh_after=NOON)
    proved = with_event(begun, an_event("password", _BEHIND), an_account())
    assert counting_events(proved) == (an_event("password"),)
    assert without_session(proved).events == (an_event("password"),)
    unknown = with_identity(begun, an_event("cps", _BEHIND), an_identity())
    assert counting_events(unknown) == (an_event("cps"),)


def test_pro_sante_connect_dates_its_own_proof() -> None:
    known = with_event(an_interaction(), an_event("psc", -60), an_account())
    assert known.events == (an_event("psc", -60),)


def test_an_event_of_the_session_is_no_login_though_its_clock_was_ahead() -> None:
    session = (an_event("cps", -_BEHIND),)
    seeded = an_interaction(events=session, lent=session, account_id=ALICE, sid="sid", fresh_after=NOON)
    assert counting_events(seeded) == ()
    proved = with_event(seeded, an_event("password", 1), an_account())
    assert counting_events(proved) == (an_event("password", 1),)
    # Nor does it come back once the session is over.
    assert without_session(proved).events == (an_event("password", 1),)


def test_an_event_of_the_session_within_max_age_counts() -> None:
    session = (an_event("cps", -5),)
    aged = an_interaction(events=session, lent=session, fresh_after=NOON - timedelta(minutes=10))
    assert counting_events(aged) == session
