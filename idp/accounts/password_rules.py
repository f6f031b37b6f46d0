"""Which passwords are accepted: length, what is left without the guessable parts, strength (facts/security PW1).

Contains `PasswordPolicy`, asked for a first password and for a new one, and the words that are known of a person.
Not here: how the guessable parts are found (`accounts/guessable`), the hash (`accounts/password`).
"""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from idp.accounts.account import Account, PostalAddress, ProvedIdentity
from idp.accounts.guessable import folded, own_length, words_in
from idp.accounts.leaked_passwords import LeakedPasswords
from idp.accounts.password import normalised
from idp.settings.password import PasswordSettings

#: zxcvbn's own bound, against its cost on long texts. What follows only adds strength.
_ESTIMATED = 72
#: What zxcvbn takes for a letter in disguise. It tries every reading of all that occur, seconds long for twenty kinds:
#: no more than so many are shown to it, and the others as a sign that stands for nothing.
_DISGUISES, _MOST_DISGUISES, _PLAIN_SIGN = frozenset("4@8({[<369!1|0$5+7%2"), 6, "~"
#: zxcvbn's score 3 begins at 10^8 guesses.
_MILLIONS = 100
#: zxcvbn keeps the words of the current caller in a dictionary of its module: only one thread may use it at a time.
_one_estimate = threading.Lock()
#: A profession is typed in its other forms too: infirmière, cardiologue. So much of a long word is in all of them.
_STEM, _ENDING = 6, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """What is known of whose password it will be. `address`: as proved, or as typed in the same form."""

    identity: ProvedIdentity
    email: str
    address: PostalAddress

    @staticmethod
    def of(account: Account) -> "KnownPerson":
        return KnownPerson(identity=account.identity, email=account.email, address=account.address)


@cache
def _commonplaces() -> frozenset[str]:
    text = resources.files(__package__).joinpath("blocklist.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _mail_words(email: str) -> set[str]:
    """The address in one, and the words of both its sides but the last, « .fr »."""
    local, _, domain = email.rpartition("@")
    whole = "".join(re.findall(r"[^\W_]+", folded(email)))
    return {whole} | words_in(" ".join((local, *domain.split(".")[:-1])))


def _profession_words(identity: ProvedIdentity) -> set[str]:
    labels = [one.label for one in (identity.profession, *identity.specialities) if one is not None]
    words = words_in(" ".join(labels))
    return words | {word[: max(_STEM, len(word) - _ENDING)] for word in words if len(word) > _STEM}


def personal_words(person: KnownPerson) -> frozenset[str]:
    """Returns the words an attacker knows about this person, folded: of these no password may be made."""
    identity, address = person.identity, person.address
    told = (identity.family_name, identity.given_name, identity.rpps, address.line1, address.line2)
    words = words_in(" ".join((*told, address.postal_code, address.city)))
    return frozenset(words | _mail_words(person.email) | _profession_words(identity))


class JudgeBusy(Exception):
    """Another password is being judged, and the caller does not wait for it."""


def _with_few_disguises(text: str) -> str:
    kinds = [c for c in dict.fromkeys(text) if c in _DISGUISES]
    return text.translate(dict.fromkeys(map(ord, kinds[_MOST_DISGUISES:]), _PLAIN_SIGN))


def _is_weak(password: str, known: Iterable[str], *, may_wait: bool) -> bool:
    """Raises JudgeBusy."""
    if not _one_estimate.acquire(blocking=may_wait):
        raise JudgeBusy
    try:
        # Only now: its dictionaries are 13 MiB, and most processes never see a new password.
        from zxcvbn import zxcvbn

        found = zxcvbn(_with_few_disguises(folded(password)[:_ESTIMATED]), user_inputs=[*known])
    finally:
        _one_estimate.release()
    return bool(found["guesses"] < _MILLIONS * 10**6)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """`service_words`: names of this service, which are no password either."""

    limits: PasswordSettings
    service_words: tuple[str, ...]
    leaked: LeakedPasswords = field(default_factory=LeakedPasswords)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The numbers that the messages name."""
        limits = self.limits
        own = min(limits.own, limits.min)
        return {"minimum": limits.min, "maximum": limits.max, "own": own, "millions": _MILLIONS}

    def fault(self, person: KnownPerson, password: str, *, may_wait: bool = True) -> str | None:
        """Returns why this person may not have this password, as a catalogue key, or None. Raises JudgeBusy, if it may
        not wait.

        Length, guessable parts and strength; no composition rule.
        """
        numbers, text = self.numbers, normalised(password)
        known = personal_words(person) | {*self.service_words}
        rules: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("enrolment.required", lambda: not text),
            ("enrolment.password_short", lambda: len(text) < numbers["minimum"]),
            ("enrolment.password_long", lambda: len(text) > numbers["maximum"]),
            ("enrolment.password_common", lambda: own_length(text, _commonplaces()) < numbers["own"]),
            ("enrolment.password_leaked", lambda: text in self.leaked),
            # Broken by what is known of the person, alone or beside commonplaces: « lefebvre marie hopital ».
            (
                "enrolment.password_personal",
                lambda: own_length(text, _commonplaces() | known) < numbers["own"],
            ),
            ("enrolment.password_weak", lambda: _is_weak(text, known, may_wait=may_wait)),
        )
        return next((key for key, is_broken in rules if is_broken()), None)

    def is_listed(self, password: str) -> bool:
        """Whether the lists of common and leaked passwords have it now, which may have learned it since it was chosen.

        Without the person and the estimate, which make `fault` slow: every sign-in by password asks.
        """
        text = normalised(password)
        return own_length(text, _commonplaces()) < self.numbers["own"] or text in self.leaked
