"""Reading what is known of whom the help desk asks for. Everything is read; nothing is written, and nothing counted.

Contains the way from a number, an address, a card or a reference to accounts and events. Not here: what was typed
(`asked`), the reason (`reasons`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from idp.accounts.account import Account
from idp.accounts.code_keys import CodeHolder
from idp.accounts.standing import Standing
from idp.adapters.sql.account_search import SqlAccountSearch
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit_reading import Asked as AskedOfTrail
from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.mails_to import SqlMailsTo
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.proofs import SqlProofs
from idp.adapters.sql.standings import SqlStandings
from idp.cli.by_card import by_card
from idp.cli.house import House
from idp.cli.let_in import Entering
from idp.cli.whom import having_address
from idp.cli.why.asked import Asked, By, also_sign_in
from idp.cli.why.reasons import is_refused_by_client
from idp.cli.why.situation import LISTED, Page, Situation
from idp.cli.why.tries import last_door
from idp.clients.registry import Client
from idp.core.audit import AuditEvent
from idp.core.audit_record import AuditRecord
from idp.core.ephemeral import Kind
from idp.interaction.authenticator import DOORS
from idp.settings.closing import months
from idp.wiring.accounts import build_mail_codes, build_pseudonyms, build_throttle
from idp.wiring.audit import build_audit_people
from idp.wiring.resources import Resources

_MOST = 400
#: A circuit that nobody closed for so long was that of a process that ended.
_OUTAGE = timedelta(days=1)
_NO_CLIENTS: Mapping[str, Client] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Where what was asked leads to. `accounts`: several only of an address or a card that is that of several.

    `events`: of the reference or card itself, the newest first. `request`: of a relying party, refused.
    """

    asked: Asked
    accounts: Sequence[Account] = ()
    events: Sequence[AuditRecord] = ()
    page: Page | None = None
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`reach`: how far back. `clients`, `house`: as far as they can be read; `client`: that was asked for."""

    resources: Resources
    reach: timedelta
    house: House | None = None
    clients: Mapping[str, Client] = field(default_factory=lambda: _NO_CLIENTS)
    client: Client | None = None

    def lead(self, asked: Asked) -> Lead:
        ways = {
            By.RPPS: self._by_rpps,
            By.EMAIL: self._by_email,
            By.CARD: self._by_card,
            By.REFERENCE: self._by_reference,
            By.ACCOUNT: self._by_account,
        }
        return ways[asked.by](asked)

    def situation(self, lead: Lead) -> Situation:
        """Returns that of the one account, else of the number that has none, else of the events alone."""
        account = lead.accounts[0] if lead.accounts else None
        rpps = account.identity.rpps if account else lead.asked.rpps
        events = self._of_person(account, rpps) if rpps is not None else lead.events
        situation = Situation(
            now=self._now,
            reach=self.reach,
            events=lead.events or events,
            listed=events,
            rpps=rpps,
            account=account,
            psc_out_since=self._psc_out_since(),
            identity_life=self._identity_life,
            page=lead.page,
            is_of_nobody=rpps is None and lead.page is None,
            nobody_by=str(lead.asked.by) if lead.asked.by in (By.EMAIL, By.ACCOUNT) else "",
        )
        if account is not None:
            return self._with_account(situation, account)
        if lead.asked.by is By.EMAIL:
            return replace(situation, mails=SqlMailsTo(self._database).of(lead.asked.text, self._now))
        return self._with_number(situation, rpps) if rpps is not None else situation

    @property
    def _now(self) -> datetime:
        clock = self.resources.clock
        return clock.now()

    @property
    def _identity_life(self) -> timedelta:
        settings = self.resources.settings
        return months(settings.closing.identity_proved_every)

    @property
    def _database(self) -> Any:
        return self.resources.database

    @property
    def _trail(self) -> SqlAuditTrail:
        return SqlAuditTrail(self._database)

    # From what was asked to accounts.

    def _by_rpps(self, asked: Asked) -> Lead:
        account = SqlAccounts(self._database).find_by_rpps(asked.text)
        return Lead(asked=asked, accounts=[account] if account else [])

    def _by_email(self, asked: Asked) -> Lead:
        return Lead(asked=asked, accounts=having_address(self._database, asked.text))

    def _by_account(self, asked: Asked) -> Lead:
        return Lead(asked=asked, accounts=self._accounts.named(asked.text))

    def _by_card(self, asked: Asked) -> Lead:
        seen = by_card(self._database, asked.text, self._now - self.reach)
        # The card is how the person is found; what matters is all that they tried.
        events = () if seen.accounts else [one for one in seen.events if one.event in LISTED]
        return Lead(asked=asked, accounts=seen.accounts, events=events)

    def _by_reference(self, asked: Asked) -> Lead:
        store = self.resources.store
        kept = store.get(Kind.REFUSED_REQUEST, asked.text)
        record = {} if kept is None else kept.value
        sign_in = str(record.get("interaction", ""))
        names = dict.fromkeys(filter(None, (asked.text, also_sign_in(asked), sign_in)))
        found = [one for name in names for one in self._search(AskedOfTrail(reference=name))]
        # A row that several names led to is one.
        once = {(one.chain, one.sequence): one for one in found}.values()
        records = sorted(once, key=lambda one: (one.at, one.sequence), reverse=True)
        accounts = self._accounts.existing(_accounts_in(records))
        # Of two persons of one sign-in, as where another card was inserted, nothing is told that is one's own.
        return Lead(
            asked=asked,
            accounts=accounts if len(accounts) == 1 else [],
            events=records,
            page=_page(record),
            request=record if "rule" in record else None,
        )

    @property
    def _accounts(self) -> SqlAccountSearch:
        return SqlAccountSearch(self._database)

    # From an account or a number to what is known.

    def _of_person(self, account: Account | None, rpps: str) -> Sequence[AuditRecord]:
        person = build_audit_people(self.resources.settings).of(rpps)
        account_id = None if account is None else account.id
        events = self._search(AskedOfTrail(account_id=account_id, person=person, events=LISTED))
        if account is None or (account.may_sign_in and account.closing_at is None):
            return events
        # When it was decided, however long ago.
        decided = [AuditEvent.ACCOUNT_DISABLED, AuditEvent.CLOSE_REQUESTED]
        found = self._trail.search(AskedOfTrail(account_id=account_id, events=decided), 1, newest=True)
        return [*events, *(one.record for one in found if one.record not in events)]

    def _with_number(self, situation: Situation, rpps: str) -> Situation:
        pseudonym = build_pseudonyms(self.resources.settings).of(rpps)
        kept = SqlErasures(self._database).evidence_of(pseudonym)
        erased_at = max((one.erased_at for one in kept), default=None)
        met = build_throttle(self.resources).met(rpps, "", self._now)
        return replace(situation, erased_at=erased_at, strangers_meet=met)

    def _with_account(self, situation: Situation, account: Account) -> Situation:
        rpps, now = account.identity.rpps, self._now
        holder = CodeHolder(rpps=rpps, browser="", purpose="login", email=account.email)
        known = replace(
            self._with_number(situation, rpps),
            no_code=str(build_mail_codes(self.resources).why_no_code(holder, now)),
            mails=SqlMailsTo(self._database).of(account.email, now),
            proofs=SqlProofs(self._database).of(account.id),
            sessions=SqlOpenSessions(self._database).of(account.id, now),
            due_charters=self._standing(account, ()).due,
        )
        return replace(known, entering=self._entering(account), closed_to=self._closed_to(known, account))

    def _standing(self, account: Account, demanded: tuple[str, ...]) -> Standing:
        return SqlStandings(self._database).of(account.id, demanded)

    def _entering(self, account: Account) -> Sequence[Entering]:
        if self.client is None or self.house is None:
            return ()
        standing = self._standing(account, self.client.charters)
        return [self._enters(self.house, self.client, standing, door) for door in DOORS]

    def _closed_to(self, situation: Situation, account: Account) -> Sequence[str]:
        """Returns the names of the applications that do not take the door used last."""
        door = last_door(situation)
        if self.house is None or not door or self.client is not None:
            return ()
        standing = self._standing(account, ())
        return [
            client.name
            for client in self.clients.values()
            if is_refused_by_client(self._enters(self.house, client, standing, door))
        ]

    def _enters(self, house: House, client: Client, standing: Standing, door: str) -> Entering:
        life = self._identity_life
        return Entering(
            doors=house.doors, identity_life=life, now=self._now, client=client, standing=standing, door=door
        )

    def _psc_out_since(self) -> datetime | None:
        events = [AuditEvent.PSC_OUTAGE_BEGAN, AuditEvent.PSC_OUTAGE_ENDED]
        found = self._trail.search(AskedOfTrail(events=events, since=self._now - _OUTAGE), 1, newest=True)
        is_out = bool(found) and found[0].record.event == AuditEvent.PSC_OUTAGE_BEGAN
        return found[0].record.at if is_out else None

    def _search(self, asked: AskedOfTrail) -> Sequence[AuditRecord]:
        """Returns the newest first."""
        found = self._trail.search(replace(asked, since=self._now - self.reach), _MOST, newest=True)
        return [one.record for one in reversed(found) if one.record.event in LISTED]


def _accounts_in(events: Iterable[AuditRecord]) -> list[str]:
    return [one.account_id for one in events if one.account_id is not None]


def _page(record: Mapping[str, Any]) -> Page | None:
    if not record:
        return None
    at = datetime.fromisoformat(record["at"])
    return Page(at=at, problem=record.get("rule") or record["problem"], is_rule="rule" in record)
