"""What `idp why` says first: the reason, and what to tell the person, in French or English.

Contains the sentences, ours and those of the page that the person read. Not here: the reason (`reasons`), what else is
known (`known`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from idp.accounts.account import Account
from idp.accounts.email_otp import masked_email
from idp.cli.visible import in_a_line
from idp.cli.why.situation import Situation
from idp.cli.why.tries import Verdict, last_door
from idp.web.catalogues import Translator, load_catalogues
from idp.web.local_time import local_time

_TEMPLATES = Path(__file__).parents[2] / "templates"
#: Words of the pages, by the subject of an event or the key of a verdict.
_OF_PAGES = {"card": "cps", "psc": "psc", "page": "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`strong`: "both", "cps", "psc" or "none": by which doors a person proves who they are here; `first`: the same of
    a first connection. `clients`: names of applications by client_id."""

    locale: str
    strong: str
    first: str
    clients: Mapping[str, str]
    most: int
    t: Translator
    pages: Translator

    @classmethod
    def of(cls, locale: str, **given: Any) -> "Words":
        own, pages = load_catalogues(_TEMPLATES / "why"), load_catalogues(_TEMPLATES)
        return cls(locale=locale, t=own.translator(locale), pages=pages.translator(locale), **given)

    # The first lines.

    def reason(self, it: Situation, verdict: Verdict) -> str:
        return self._said("reason", named(verdict), it, verdict)

    def say(self, it: Situation, verdict: Verdict) -> str:
        # What the person read says what to do.
        read = " ".join(self._page(verdict.key, verdict.variant, "text").split("\n")).strip()
        return read or self._said("say", named(verdict), it, verdict)

    def first_lines(self, it: Situation, verdict: Verdict) -> Iterator[str]:
        at = local_time(verdict.at, self.locale)
        yield self.t("first.sentence", at=at, reason=self.reason(it, verdict))
        yield self.t("first.say", say=self.say(it, verdict))
        facts = verdict.record.facts if verdict.record else {}
        if facts.get("is_believed") is False:
            yield self.t("first.unbelieved")

    def _said(self, table: str, key: str, it: Situation, verdict: Verdict) -> str:
        account = it.account
        values = {name: self._shown(value) for name, value in verdict.values.items()}
        if "doors" in verdict.values:
            values["doors"] = self.doors(verdict.values["doors"])
        common = {
            "at": local_time(verdict.at, self.locale),
            "title": self.why(verdict.key, verdict.variant),
            "rule": verdict.variant,
            "address": masked_email(account.email) if account else self.t("told.address_typed"),
            "days": it.reach.days,
            "strong": self.t(f"strong.{self.strong}"),
            "first": self.t(f"strong.{self.first}"),
            "door": last_door(it) or "none",
        }
        said = {"why": verdict.variant, **common, **values}
        said |= {"door": self.t(f"door.{said['door']}"), "why": self.why(verdict.key, str(said["why"]))}
        try:
            return self.t(f"{table}.{key}", **said)
        except KeyError:
            # A reason of another version of this service.
            return self.t(f"{table}.other", **said)

    def _shown(self, value: object) -> object:
        if isinstance(value, datetime):
            return local_time(value, self.locale)
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def doors(self, doors: object) -> str:
        """Returns the names of a list of doors."""
        named = [self.t(f"door.{door}") for door in doors] if isinstance(doors, list) else []
        return ", ".join(named) or self.t("door.none")

    def _page(self, key: str, variant: str, part: str) -> str:
        """Returns what the page of this refusal says, "" where there is none."""
        try:
            return self.pages(f"{_OF_PAGES[key]}.{variant}.{part}")
        except KeyError:
            return ""

    def why(self, key: str, reason: str) -> str:
        """Returns why, in a few words: those of the page, ours, or what the trail has."""
        title = self._page(key, reason, "title")
        if title:
            return title
        try:
            return self.t(f"why.{reason}")
        except KeyError:
            return in_a_line(reason)

    def client(self, client_id: str) -> str:
        """Returns the name of the application, as clients.yaml has it; what was asked for may be any text."""
        return self.clients.get(client_id, in_a_line(client_id))

    # Several, of whom none is told apart yet.

    def several(self, accounts: Sequence[Account]) -> Iterator[str]:
        yield self.t("told.several")
        for identity in (account.identity for account in accounts):
            names = identity.full_name
            name = " ".join(f"{part[:1]}•••" for part in names.split())
            yield "  " + self.t("told.one_of", name=name, digits=identity.rpps[-3:])


def named(verdict: Verdict) -> str:
    """Returns the name of the words; those of a page are of one name."""
    if verdict.key in _OF_PAGES or verdict.key in ("rule", "passkey", "activation") or not verdict.variant:
        return verdict.key
    return f"{verdict.key}_{verdict.variant}"
