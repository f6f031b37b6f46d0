"""What `idp why` says of a person beside the reason, as lines and as JSON.

Personal data of the person asked for stands here, for whoever asked: no whole address, and no secret. Not here: the
reason and its words (`words`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.accounts.account import Account
from idp.accounts.email_otp import masked_email
from idp.accounts.throttle import Closed
from idp.cli.why.situation import Situation
from idp.cli.why.tries import Verdict, door_of
from idp.cli.why.words import Words, named
from idp.core.audit_record import AuditRecord
from idp.interaction.reference import reference_of
from idp.web.catalogues import Translator
from idp.web.local_time import local_day, local_time

_WIDTH = 18


@dataclass(frozen=True, slots=True)
class Known:
    words: Words

    @property
    def t(self) -> Translator:
        return self.words.t

    def lines(self, it: Situation) -> Iterator[str]:
        is_anything_known = False
        for label, told in self._known(it):
            for row, text in enumerate(told):
                yield f"{(self.t(f'label.{label}') if row == 0 else ''):<{_WIDTH}} {text}"
                is_anything_known = True
        events = it.listed or it.events
        if is_anything_known:
            yield ""
        yield self.t("label.events") if events else self.t("label.no_events", days=it.reach.days)
        yield from (f"  {self.event(one)}" for one in events[: self.words.most])
        if len(events) > self.words.most:
            yield f"  {self.t('label.more', count=len(events) - self.words.most)}"

    def _known(self, it: Situation) -> Iterator[tuple[str, Sequence[str]]]:
        account = it.account
        if account is not None:
            yield "person", [f"{account.identity.full_name}, RPPS {account.identity.rpps}"]
            yield "account", list(self._account(account))
            yield "password", list(self._password(it, account))
            yield "mail", list(self._mail(it, account))
        yield "waits", list(self._waits(it))
        if account is not None:
            due = ", ".join(it.due_charters)
            yield (
                "charters",
                [self.t("told.charters_due", names=due) if due else self.t("told.charters_done")],
            )
        yield "cards", list(self._proofs(it, "cps"))
        yield "psc", list(self._proofs(it, "psc"))
        if account is not None:
            yield "sessions", list(self._sessions(it)) or [self.t("told.session_none")]
        elif it.erased_at is not None:
            yield "account", [self.t("told.erased", at=self._day(it.erased_at))]

    def _account(self, account: Account) -> Iterator[str]:
        state = self.t("told.enabled" if account.may_sign_in else "told.disabled")
        yield self.t("told.account", state=state, day=self._day(account.created_at), locale=account.locale)
        if account.signed_in_at is not None:
            yield self.t("told.signed_in", day=self._day(account.signed_in_at))

    def _password(self, it: Situation, account: Account) -> Iterator[str]:
        chosen = account.password_changed_at
        if not account.has_password:
            yield self.t("told.password_none")
        else:
            yield (
                self.t("told.password_chosen", day=self._day(chosen))
                if chosen
                else self.t("told.password_there")
            )
        if account.has_passkey:
            yield self.t("told.passkey")

    def _mail(self, it: Situation, account: Account) -> Iterator[str]:
        yield self.t("told.address", address=masked_email(account.email))
        if account.is_mailbox_shared:
            yield self.t("told.address_shared")
        for mail in it.waiting:
            yield self.t("told.waiting", at=local_time(mail.posted_at, self.words.locale), tries=mail.tries)
        for mail in it.given_up[:3]:
            at = local_time(mail.given_up_at or mail.posted_at, self.words.locale)
            yield self.t("told.failed", at=at, said=mail.reason)
        if it.no_code != "nothing":
            yield self.t("told.no_code", why=self.words.why("", it.no_code))

    def _waits(self, it: Situation) -> Iterator[str]:
        if it.waits_until is not None:
            yield self.t("told.waits_until", until=local_time(it.waits_until, self.words.locale))
        if isinstance(it.strangers_meet, Closed):
            yield self.t("told.waits_closed")

    def _proofs(self, it: Situation, source: str) -> Iterator[str]:
        for proof in (one for one in it.proofs if one.source == source):
            yield self.t(
                "told.proof" if source == "cps" else "told.proof_psc",
                first=self._day(proof.first_at),
                last=self._day(proof.last_at),
                profession=proof.profession.label if proof.profession else "-",
                evidence=proof.evidence[:16],
            )
        subject = "card" if source == "cps" else "psc"
        for one in [one for one in it.listed if one.event == f"{subject}:login:refused"][:3]:
            why = self.words.why(subject, str(one.facts.get("reason", "")))
            yield self.t("told.card_refused", at=local_time(one.at, self.words.locale), why=why)

    def _sessions(self, it: Situation) -> Iterator[str]:
        for listed in it.sessions:
            session = listed.session
            browser = " ".join(filter(None, (session.origin.browser, session.origin.system))) or "?"
            names = ", ".join(map(self.words.client, listed.applications)) or "-"
            at, door = local_time(session.started_at, self.words.locale), self.t(f"door.{session.door}")
            yield self.t("told.session", at=at, door=door, browser=browser, applications=names)

    def event(self, one: AuditRecord) -> str:
        what = self.t(f"event.{one.event.replace(':', '_')}")
        reason = str(one.facts.get("reason", "") or one.facts.get("motive", ""))
        why = f" : {self.words.why(one.event.partition(':')[0], reason)}" if reason else ""
        client = self.t("told.at_client", client=self.words.client(one.client_id)) if one.client_id else ""
        by = self.t("told.by", by=one.operator) if one.operator else ""
        named = f"  [{reference}]" if (reference := reference_of(one.interaction_id or "")) else ""
        at = local_time(one.at, self.words.locale)
        return self.t("told.event", at=at, what=what, why=why, client=f"{client}{by}{named}")

    def _day(self, at: datetime) -> str:
        return local_day(at, self.words.locale)

    def json(self, it: Situation, verdict: Verdict) -> Mapping[str, Any]:
        return {
            "reason": {
                "key": named(verdict),
                "at": _instant(verdict.at),
                "text": self.words.reason(it, verdict),
                "say": self.words.say(it, verdict),
            },
            "known": {label: told for label, told in self._known(it) if told},
            "events": [self._event_json(one) for one in (it.listed or it.events)[: self.words.most]],
        }

    def _event_json(self, one: AuditRecord) -> Mapping[str, Any]:
        told = {
            "at": _instant(one.at),
            "event": one.event,
            "door": door_of(one),
            "client": one.client_id,
            "reason": one.facts.get("reason"),
            "reference": reference_of(one.interaction_id or ""),
            "operator": one.operator,
        }
        return {name: value for name, value in told.items() if value}


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
