"""Fakes of our ports, honest about what the port promises. Not here: a fake of code that is not a port."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from idp.accounts.account import Account, AccountId, ProvedIdentity
from idp.accounts.charter import HOUSE, CharterEvidence, CharterRevision, NoCharterPublished
from idp.accounts.identity_change import IdentityChange
from idp.accounts.notices import Notice
from idp.accounts.open_sessions import ListedSession, NothingToTell, OpenSession
from idp.accounts.proofs import IdentityProof
from idp.accounts.repository import AccountNotFound, RppsTaken, StaleAccount
from idp.accounts.standing import Granted, Standing
from idp.adapters.unit import forget, forget_all, present_request, present_unit, remember, remembered
from idp.cards.reader import PinState, ReaderCard, ReaderFailed, ReaderFault, StoredCertificate
from idp.core.audit import AuditEvent, Fact
from idp.core.ephemeral import Kind, Limited, Place, Put, StaleRecord, StoreUnavailable, Versioned
from idp.core.mailer import Mail
from idp.interaction.hub import Done, Failed
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.upstream import UpstreamLogin, UpstreamLogout, UpstreamRequest

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """Stands still until told to advance."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def advance(self, **delta: float) -> datetime:
        self.at += timedelta(**delta)
        return self.at


@dataclass
class _Record:
    text: str
    version: int
    dies_at: datetime


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), allow_nan=False)


def _checked(ttl: timedelta) -> timedelta:
    # The bounds that both real stores keep.
    if not timedelta(milliseconds=1) <= ttl <= timedelta(days=31):
        raise ValueError(f"the life of a record is out of bounds: {ttl}")
    return ttl


@dataclass
class MemoryStore:
    """`EphemeralStore` in a dictionary: values go through JSON, dead records are never given, counters have windows.

    Within a unit and within a request it waits and remembers as Redis does.
    """

    clock: FixedClock = field(default_factory=FixedClock)
    is_down: bool = False
    records: dict[tuple[Kind, str], _Record] = field(default_factory=dict)
    #: Members and their ends.
    sets: dict[tuple[Kind, str], dict[str, datetime]] = field(default_factory=dict)

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        self._write_with_unit(partial(self._write, kind, key, _json(value), 0, _checked(ttl)))

    def add(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, after: Put | None = None
    ) -> bool:
        text, life = _json(value), _checked(ttl)
        self._send_waiting()
        self._put_at_once(after)
        if self._living(kind, key) is not None:
            forget_all()
            return False
        self._write(kind, key, text, 0, life)
        return True

    def get(self, kind: Kind, key: str) -> Versioned | None:
        record = remembered((id(self), kind, key))
        if record is None:
            self._send_waiting()
            record = self._living(kind, key)
            if record is None:
                return None
            remember((id(self), kind, key), replace(record))
        return Versioned(json.loads(record.text), record.version)

    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        self._send_waiting()
        found = [self._living(*place) for place in places]
        return [None if one is None else Versioned(json.loads(one.text), one.version) for one in found]

    def take(self, kind: Kind, key: str, *, after: Put | None = None) -> Mapping[str, Any] | None:
        self._send_waiting()
        self._put_at_once(after)
        record = self._living(kind, key)
        forget((id(self), kind, key))
        self.records.pop((kind, key), None)
        return None if record is None else dict(json.loads(record.text))

    def swap(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        *,
        expected_version: int,
        ttl: timedelta | None = None,
    ) -> None:
        text, life = _json(value), None if ttl is None else _checked(ttl)
        self._send_waiting()
        if not self._replace(kind, key, text, expected_version, life):
            forget_all()
            raise StaleRecord

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        place, text, life = (id(self), kind, key), _json(value), _checked(ttl)
        write = partial(self._replace, kind, key, text, expected_version, life)
        if (unit := present_unit()) is not None:
            unit.put_ahead(self._send, write)
        elif (request := present_request()) is not None:
            known = remembered(place)
            forget(place)
            if known is not None and known.version == expected_version:
                remember(place, replace(known, text=text, version=expected_version + 1))
            request.put_off(self._send, write)
        else:
            self._send([write])

    def put_counted(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, counter: Limited
    ) -> bool:
        text, life = _json(value), _checked(ttl)
        if self.count(*counter.place, counter.window) > counter.most:
            return False
        self._write(kind, key, text, 0, life)
        return True

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        life = _checked(ttl)
        self._send_waiting()
        record = self._living(kind, key)
        forget((id(self), kind, key))
        if record is None:
            self._write(kind, key, "{}", 1, life)
            return 1
        record.version += 1
        return record.version

    def count_all(self, counters: Sequence[Limited]) -> Sequence[int]:
        lives = [_checked(counter.window) for counter in counters]
        counts = [self.counted(*counter.place) + 1 for counter in counters]
        if all(count <= counter.most for count, counter in zip(counts, counters, strict=True)):
            for counter, life in zip(counters, lives, strict=True):
                self.count(*counter.place, life)
        return counts

    def count_or_refuse(self, *counters: tuple[Limited, Exception]) -> None:
        counts = self.count_all([counter for counter, _refusal in counters])
        for (counter, refusal), count in zip(counters, counts, strict=True):
            if count > counter.most:
                raise refusal

    def counted(self, kind: Kind, key: str) -> int:
        self._send_waiting()
        record = self._living(kind, key)
        return 0 if record is None else record.version

    def foresee(self, kind: Kind, key: str) -> None:
        """It is here."""

    def note_member(self, kind: Kind, key: str, member: str, ttl: timedelta) -> int:
        life = _checked(ttl)
        self.members(kind, key)
        self.sets.setdefault((kind, key), {})[member] = self.clock.now() + life
        return self.members(kind, key)

    def members(self, kind: Kind, key: str) -> int:
        self._send_waiting()
        self._living(kind, key)
        now = self.clock.now()
        return sum(dies_at > now for dies_at in self.sets.get((kind, key), {}).values())

    def drop_member(self, kind: Kind, key: str, member: str) -> None:
        self._write_with_unit(lambda: self.sets.get((kind, key), {}).pop(member, None))

    def clear(self, places: Sequence[Place]) -> None:
        for place in places:
            self._write_with_unit(partial(self._delete, *place))

    def is_alive(self) -> bool:
        return not self.is_down

    def _write_with_unit(self, write: Callable[[], object]) -> None:
        if (unit := present_unit()) is not None:
            unit.put_ahead(self._send, write)
        else:
            self._send([write])

    def _put_at_once(self, put: Put | None) -> None:
        if put is not None:
            self._write(put.kind, put.key, _json(put.value), 0, _checked(put.ttl))

    def _delete(self, kind: Kind, key: str) -> None:
        self._living(kind, key)
        forget((id(self), kind, key))
        self.records.pop((kind, key), None)

    def _send(self, writes: list[Callable[[], object]]) -> None:
        self._send_waiting()
        for write in writes:
            write()

    def _send_waiting(self) -> None:
        if (request := present_request()) is not None:
            for write in request.taken_along(self._send):
                write()

    def _living(self, kind: Kind, key: str) -> _Record | None:
        if self.is_down:
            raise StoreUnavailable("down")
        record = self.records.get((kind, key))
        return record if record is not None and record.dies_at > self.clock.now() else None

    def _write(self, kind: Kind, key: str, text: str, version: int, life: timedelta) -> None:
        self._living(kind, key)
        forget((id(self), kind, key))
        self.records[kind, key] = _Record(text, version, self.clock.now() + life)

    def _replace(self, kind: Kind, key: str, text: str, expected: int, life: timedelta | None) -> bool:
        record = self._living(kind, key)
        if record is None or record.version != expected:
            return False
        kept = record.dies_at - self.clock.now()
        self._write(kind, key, text, expected + 1, kept if life is None else life)
        return True

    def written(self) -> str:
        """Everything it holds, keys and values, to search for what must not be there."""
        records = [f"{kind} {key} {record.text}" for (kind, key), record in self.records.items()]
        return "\n".join(
            [*records, *(f"{kind} {key} {members}" for (kind, key), members in self.sets.items())]
        )


class PersonalFact(AssertionError):
    """The audit was told what it must not know."""


@dataclass
class RecordingAudit:
    """Raises on an event that is not declared, and on facts that look like a person: 11 digits, an address. `about`:
    the RPPS given beside each."""

    events: list[tuple[AuditEvent, dict[str, Any]]] = field(default_factory=list)
    about: list[str | None] = field(default_factory=list)

    def record(
        self,
        event: AuditEvent,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        interaction_id: str | None = None,
        rpps: str | None = None,
        **facts: Fact,
    ) -> None:
        self.about.append(rpps)
        told = {"account_id": account_id, "client_id": client_id, "interaction_id": interaction_id, **facts}
        for name, value in told.items():
            digits = sum(character.isdigit() for character in str(value))
            if isinstance(value, str) and ("@" in value or (digits >= 11 and value.isdigit())):
                raise PersonalFact(name)
        self.events.append((AuditEvent(event), told))

    def names(self) -> list[AuditEvent]:
        return [event for event, _facts in self.events]


@dataclass
class RecordingOutbox:
    mails: list[tuple[Mail, int]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def post(self, mail: Mail, *, expires_after_seconds: int, topic: str = "") -> None:
        self.mails.append((mail, expires_after_seconds))

    def supersede(self, topic: str) -> None:
        self.withdrawn.append(topic)

    def withdraw(self, topic: str) -> bool:
        self.withdrawn.append(topic)
        return False


@dataclass
class FakeCharters:
    """`CharterRepository` in memory."""

    revisions: list[CharterRevision] = field(default_factory=list)
    evidence: list[CharterEvidence] = field(default_factory=list)

    def current(self, charter: str = HOUSE) -> CharterRevision:
        published = [revision for revision in self.revisions if revision.charter == charter]
        if not published:
            raise NoCharterPublished(charter)
        return published[-1]

    def newest(self, charter: str = HOUSE) -> CharterRevision:
        return self.current(charter)

    def publish(self, revision: CharterRevision) -> None:
        self.revisions.append(revision)

    def accept(self, evidence: CharterEvidence) -> bool:
        self.evidence.append(evidence)
        return True

    def evidence_of(self, account_id: str) -> list[CharterEvidence]:
        return [known for known in self.evidence if known.account_id == account_id]


#: What a CPS3 can do; a CPS4 adds RSA_PKCS_PSS.
CPS3_MECHANISMS = frozenset({"RSA_PKCS", "SHA1_RSA_PKCS", "SHA256_RSA_PKCS", "SHA_1", "SHA256"})


@dataclass
class FakeCard:
    """One card: three tries, then blocked, as a real one and unlike SoftHSM2. `keys`: by CKA_ID."""

    certificates: list[StoredCertificate]
    keys: dict[bytes, Any] = field(default_factory=dict)
    pin: str | None = "1234"
    tries: int = 3
    label: str = "CPS3v3-2900000001"
    mechanisms: frozenset[str] = CPS3_MECHANISMS
    has_pin_pad: bool = False

    @property
    def pin_state(self) -> PinState:
        states = {3: PinState.FULL, 2: PinState.LOW, 1: PinState.LAST, 0: PinState.LOCKED}
        return PinState.NONE if self.pin is None else states[self.tries]


@dataclass
class FakeReader:
    """`CardReader` over cards in memory. `presented`: every PIN the card heard of. `trouble`: at the next signature."""

    inserted: list[FakeCard]
    presented: list[str | None] = field(default_factory=list)
    trouble: ReaderFault | None = None

    def cards(self) -> list[ReaderCard]:
        return [
            ReaderCard(
                label=card.label,
                serial=card.label[-10:],
                model="IAS ECC",
                reader="Fake reader",
                pin=card.pin_state,
                has_pin_pad=card.has_pin_pad,
                mechanisms=card.mechanisms,
            )
            for card in self.inserted
        ]

    def certificates(self, card: ReaderCard) -> list[StoredCertificate]:
        return self._card(card).certificates

    def keys_without_pin(self, card: ReaderCard) -> list[bytes]:
        found = self._card(card)
        return list(found.keys) if found.pin is None else []

    def sign(self, card: ReaderCard, key_id: bytes, digest_info: bytes, pin: str | None) -> bytes:
        found = self._card(card)
        self.presented.append(pin)
        if self.trouble is not None:
            raise ReaderFailed(self.trouble)
        if found.pin is None:
            raise ReaderFailed(ReaderFault.CONTACTLESS)
        if found.tries == 0:
            raise ReaderFailed(ReaderFault.PIN_LOCKED)
        if pin != found.pin and not found.has_pin_pad:
            found.tries -= 1
            raise ReaderFailed(ReaderFault.PIN_WRONG if found.tries else ReaderFault.PIN_LOCKED)
        found.tries = 3
        if key_id not in found.keys:
            raise ReaderFailed(ReaderFault.NO_KEY)
        return _raw_pkcs1(found.keys[key_id], digest_info)

    def _card(self, card: ReaderCard) -> FakeCard:
        for found in self.inserted:
            if found.label == card.label:
                return found
        raise ReaderFailed(ReaderFault.CARD_REMOVED)


def _raw_pkcs1(key: Any, digest_info: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 over a DigestInfo made elsewhere (RFC 8017 §8.2.1), as CKM_RSA_PKCS."""
    numbers, octets = key.private_numbers(), key.key_size // 8
    padded = b"\x00\x01" + b"\xff" * (octets - len(digest_info) - 3) + b"\x00" + digest_info
    return pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(octets, "big")


@dataclass
class FakeUpstream:
    """Answers with `login`, or raises `trouble`."""

    login: UpstreamLogin | None = None
    trouble: Exception | None = None
    asked_fresh: list[bool] = field(default_factory=list)

    def is_out(self) -> bool:
        return self.trouble is not None

    def is_misconfigured(self) -> bool:
        return False

    def begin(self, *, fresh: bool, broker: str | None = None) -> UpstreamRequest:
        if self.trouble is not None:
            raise self.trouble
        self.asked_fresh.append(fresh)
        return UpstreamRequest(
            "https://upstream.test/authorize", f"state-{len(self.asked_fresh)}", {"nonce": "n"}
        )

    def complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, now: datetime
    ) -> UpstreamLogin:
        if self.trouble is not None:
            raise self.trouble
        assert self.login is not None
        return self.login

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        if self.trouble is not None:
            raise self.trouble
        return UpstreamLogout("jti-1", token, None)

    def logout_url(self, id_token: str | None, *, return_url: str, state: str) -> str | None:
        return f"https://upstream.test/logout?state={state}"


@dataclass
class MemoryAccounts:
    """`AccountRepository` in a dictionary. `meanwhile` runs once before a save, as another login would."""

    accounts: dict[str, Account] = field(default_factory=dict)
    changes: list[IdentityChange] = field(default_factory=list)
    ended_sids: set[str] = field(default_factory=set)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def get(self, account_id: AccountId) -> Account:
        if account_id not in self.accounts:
            raise AccountNotFound
        return self.accounts[account_id]

    def get_signed_in(self, account_id: AccountId, sid: str) -> Account:
        if sid in self.ended_sids:
            raise AccountNotFound
        return self.get(account_id)

    def find_by_rpps(self, rpps: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.identity.rpps == rpps), None)

    def having_email(self, email: str) -> tuple[Account, ...]:
        return tuple(one for one in self.accounts.values() if one.email == email)

    def add(self, account: Account) -> None:
        if self.find_by_rpps(account.identity.rpps):
            raise RppsTaken
        self.accounts[account.id] = account

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()
        if self.get(account.id).version != account.version:
            raise StaleAccount
        self.accounts[account.id] = replace(account, version=account.version + 1)
        if change is not None:
            self.changes.append(change)

    def history(self, account_id: AccountId) -> tuple[IdentityChange, ...]:
        return tuple(one for one in self.changes if one.account_id == account_id)


@dataclass
class MemoryStandings:
    """`Standings` of these accounts: no charter is due, there is no grant. `asked`: for which charters."""

    accounts: MemoryAccounts
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def of(self, account_id: AccountId, demanded: tuple[str, ...], *, told_to: str | None = None) -> Standing:
        self.asked.append(demanded)
        return Standing(account=self.accounts.get(account_id), due=())

    def of_grant(
        self, grant_id: str, demanded: tuple[str, ...], *, told_to: str | None = None
    ) -> Granted | None:
        return None

    def of_refresh_token(self, grant_id: str, demanded: tuple[str, ...]) -> Granted | None:
        return None


@dataclass
class MemoryProofs:
    """`Proofs` in a dictionary."""

    proofs: dict[tuple[str, str, str], IdentityProof] = field(default_factory=dict)

    def record(self, account_id: AccountId, identity: ProvedIdentity) -> None:
        key = (account_id, identity.source, identity.evidence)
        known = self.proofs.get(key)
        first = known.first_at if known else identity.verified_at
        self.proofs[key] = IdentityProof(
            source=identity.source,
            evidence=identity.evidence,
            profession=identity.profession,
            first_at=first,
            last_at=identity.verified_at,
        )

    def of(self, account_id: AccountId) -> tuple[IdentityProof, ...]:
        found = (proof for (owner, _s, _e), proof in self.proofs.items() if owner == account_id)
        return tuple(sorted(found, key=lambda proof: proof.first_at))


@dataclass
class RecordingLastSignIns:
    """`LastSignIns` in a list."""

    written: list[tuple[AccountId, datetime]] = field(default_factory=list)

    def record(self, account_id: AccountId, at: datetime) -> None:
        self.written.append((account_id, at))


@dataclass
class RecordingNotices:
    """`told`: those that were posted, not those only written."""

    told: list[tuple[AccountId, Notice]] = field(default_factory=list)

    def written(
        self, account: Account, notice: Notice, until: datetime | None = None, motive: str = ""
    ) -> Callable[[], None]:
        return lambda: self.told.append((account.id, notice))


@dataclass
class MemoryOpenSessions:
    """`OpenSessions` in a dictionary. `ended`: the `sid` of those that somebody ended."""

    rows: dict[str, OpenSession] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def note(self, session: OpenSession) -> None:
        known = self.rows.get(session.sid)
        tell_at = session.tell_at if known is None or known.tell_at is None else known.tell_at
        self.rows[session.sid] = replace(session, tell_at=tell_at)

    def of(self, account_id: AccountId, now: datetime) -> Sequence[ListedSession]:
        living = [one for one in self._theirs(account_id) if one.ends_at > now and one.sid not in self.ended]
        return [ListedSession(one, ()) for one in reversed(living)]

    def to_tell(self, now: datetime) -> Sequence[AccountId]:
        due = (row for row in self.rows.values() if row.tell_at is not None and row.tell_at <= now)
        return list(dict.fromkeys(row.account_id for row in due))

    def untold(self, account_id: AccountId) -> Sequence[OpenSession]:
        return [row for row in self._theirs(account_id) if row.tell_at is not None]

    def told(self, sids: Collection[str]) -> None:
        untold = [sid for sid in sids if self.rows[sid].tell_at is not None]
        if not untold:
            raise NothingToTell
        for sid in untold:
            self.rows[sid] = replace(self.rows[sid], tell_at=None)

    def _theirs(self, account_id: AccountId) -> list[OpenSession]:
        theirs = (row for row in self.rows.values() if row.account_id == account_id)
        return sorted(theirs, key=lambda row: row.started_at)


class WorkAtOnce:
    """`UnitOfWork` over fakes, which write at once: nothing waits for the end of a block, and nothing is undone."""

    def request(self) -> AbstractContextManager[None]:
        return nullcontext()

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def as_one_step(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class FakeFinish:
    """`Finish` of a way to start that no relying party asked for. `answer` makes what the browser gets of a word."""

    answer: Callable[[str], Any] = str
    name: str = "home"
    #: The person that the login is for; None: any.
    expected: AccountId | None = None
    #: Runs when the hub asks whether the end is ready: another tab, or an outage.
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    ends: list[Done | Failed] = field(default_factory=list)

    def is_expected(self, interaction: Interaction, account: Account) -> bool:
        return self.expected in (None, account.id)

    def require_ready(self, interaction: Interaction) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def success(self, asked: Any, done: Done) -> Any:
        self.ends.append(done)
        return self.answer(f"welcome {done.account.id}")

    def failure(self, asked: Any, failed: Failed) -> Any:
        self.ends.append(failed)
        return self.answer(f"left: {failed.reason}")

    def restart(self, asked: Any, expired: Interaction) -> Any:
        return self.answer(f"again: {expired.id}")


def out_of_order() -> None:
    """For `meanwhile`."""
    raise InteractionRefused(InteractionRefusal.NOT_NOW, "out of order")


class Uncounted:
    """`Guesses` of a test that is about something else."""

    def refused(self, *_told: object) -> None: ...
