"""The records: what survives JSON, and what another person's event leaves of the first."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.account import PostalAddress, ProvedIdentity
from idp.cards.nomenclature import CodedLabel
from idp.interaction.authenticator import Acr
from idp.interaction.record import (
    AuthenticationEvent,
    Interaction,
    PendingEnrolment,
    interaction_from_json,
    to_json,
    with_event,
    with_identity,
    with_upstream,
)
from idp.interaction.session import Session, session_from_json
from tests.fakes import NOON
from tests.people import ALICE, BOB, an_event, an_identity, an_interaction

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
    value: dict[str, object] = json.loads(json.dumps(to_json(record)))
    del value["version"]
    return value


@given(_interaction, st.integers(min_value=0, max_value=9))
def test_an_interaction_comes_back_from_json_as_it_was(interaction: Interaction, version: int) -> None:
    back = interaction_from_json(_stored(interaction), version)
    assert back.version == version
    assert interaction_from_json(_stored(back), 0) == interaction


@given(_session)
def test_a_session_comes_back_from_json_as_it_was(session: Session) -> None:
    assert session_from_json(_stored(session), 0) == session


def _full_of_alice() -> Interaction:
    return an_interaction(
        events=(an_event("psc", 1),),
        account_id=ALICE,
        sid="sid-of-alice",
        upstream_id_token="sealed-of-alice",
        enrolment=PENDING,
        enrolment_draft={"email": "a@b.example"},
    )


def test_one_more_event_of_the_same_person_is_added_to_the_others() -> None:
    more = with_event(_full_of_alice(), an_event("cps", 2), ALICE)
    assert [event.authenticator for event in more.events] == ["psc", "cps"]
    assert (more.sid, more.upstream_id_token) == ("sid-of-alice", "sealed-of-alice")


def test_an_event_of_another_person_clears_everything_of_the_first() -> None:
    bobs = with_event(_full_of_alice(), an_event("cps", 2), BOB)
    assert bobs == an_interaction(events=(an_event("cps", 2),), account_id=BOB)


def test_the_first_event_of_somebody_clears_the_identity_proved_before() -> None:
    proved = with_identity(an_interaction(), an_event("cps", 1), an_identity(rpps="10000000025"))
    known = with_event(proved, an_event("cps", 2), ALICE)
    assert (known.identity, known.events) == (None, (an_event("cps", 2),))


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
        with_event(before, an_event("cps", 2), BOB),
        with_identity(before, an_event("cps", 2), an_identity()),
        with_upstream(before, "sealed"),
    ):
        kept = ("id", "client_id", "request", "needed", "browser", "expires_at", "fresh_after")
        assert all(getattr(after, name) == getattr(before, name) for name in kept)
