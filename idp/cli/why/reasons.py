"""Why somebody cannot sign in: one reason, the first that holds.

Contains the rules, in the order in which they are asked: what keeps the person out whatever they do, then what became
of their last try (`tries`), then what stands in the way of the next one. Not here: the facts (`situation`), the words.
"""

from collections.abc import Callable

from idp.cards.rpps import is_luhn_valid
from idp.cli.let_in import Entering
from idp.cli.why.situation import Situation
from idp.cli.why.tries import TRIES, Verdict, last_door, of_last_try, shut
from idp.core.audit import AuditEvent

#: Tries that may lead to an account.
_FIRST_CONNECTION = frozenset(TRIES) - {
    AuditEvent.PASSWORD_REFUSED,
    AuditEvent.PASSWORD_THROTTLED,
    AuditEvent.PSC_LOGIN_ACCEPTED,
    AuditEvent.PASSKEY_REFUSED,
    AuditEvent.ACTIVATION_REFUSED,
}
#: Members of clients.yaml.
_DOORS_OF_CLIENT = ("minimum_acr", "authenticators")


Rule = Callable[[Situation], Verdict | None]


def verdict_of(situation: Situation) -> Verdict:
    """Returns the first that holds; that nothing does is one too."""
    found = (rule(situation) for rule in _RULES)
    return next(filter(None, found), Verdict(key="nothing", at=situation.now))


# What keeps the person out, whatever they do.


def _disabled(it: Situation) -> Verdict | None:
    account = it.account
    if account is None or account.may_sign_in:
        return None
    told = it.newest(AuditEvent.ACCOUNT_DISABLED)
    at, values = (told.at if told else it.now), {"motive": account.disabled_motive}
    return Verdict(key="disabled", variant="motive" if account.disabled_motive else "", at=at, values=values)


def _closing(it: Situation) -> Verdict | None:
    account = it.account
    if account is None or account.closing_at is None:
        return None
    told = it.newest(AuditEvent.CLOSE_REQUESTED)
    return Verdict(key="closing", at=told.at if told else it.now, values={"until": account.closing_at})


def _not_there(it: Situation) -> Verdict | None:
    """An RPPS was asked for, and has no account."""
    if it.rpps is None or it.account is not None:
        return None
    if it.erased_at is not None:
        return Verdict(key="erased", at=it.erased_at)
    # What stopped a first connection is the reason why there is no account yet.
    tried = next((one.event for one in it.events if one.event in TRIES), "")
    if tried in _FIRST_CONNECTION:
        return of_last_try(it)
    at = it.events[0].at if it.events else it.now
    return Verdict(key="never_enrolled", variant="" if is_luhn_valid(it.rpps) else "wrong_key", at=at)


# The application that was asked for.


def _application(it: Situation) -> Verdict | None:
    """It does not take the door that the person used last; of somebody who used none, the password."""
    refused = [one for one in it.entering if is_refused_by_client(one)]
    used = last_door(it) or "password"
    at = next((one for one in refused if one.door == used), None)
    if at is None:
        return None
    doors = [one.door for one in it.entering if one not in refused]
    return Verdict(
        key="application", at=it.now, values={"client": at.client.name, "door": used, "doors": doors}
    )


def is_refused_by_client(entering: Entering) -> bool:
    """Whether the client itself does not take this door, whoever the person is."""
    return any(reason.member in _DOORS_OF_CLIENT for reason in entering.reasons())


def _page(it: Situation) -> Verdict | None:
    if it.page is None:
        return None
    return Verdict(key="rule" if it.page.is_rule else "page", variant=it.page.problem, at=it.page.at)


# What stands in the way of the next try.


def _psc_is_out(it: Situation) -> Verdict | None:
    """Unless the last try is of after its beginning, and tells more."""
    since = it.psc_out_since
    if since is None or any(one.at > since and one.event in TRIES for one in it.since_success):
        return None
    return Verdict(key="psc_out", at=since)


def _state(it: Situation) -> Verdict | None:
    return Verdict(key="charter", at=it.now) if it.due_charters else shut(it, it.now)


def _nobody(it: Situation) -> Verdict | None:
    if not it.is_of_nobody or it.events:
        return None
    failed = it.given_up[0].reason if it.given_up else ""
    variant = it.nobody_by if not failed else f"{it.nobody_by}_failed"
    return Verdict(key="nobody", variant=variant, at=it.now, values={"said": failed})


def _came_in(it: Situation) -> Verdict | None:
    last = it.last_success
    if last is None:
        return None
    variant, values = ("but", {"clients": it.closed_to}) if it.closed_to else ("", {})
    return Verdict(key="came_in", variant=variant, at=last.at, values=values, record=last)


_RULES: tuple[Rule, ...] = (
    _disabled,
    _closing,
    _page,
    _not_there,
    _application,
    _psc_is_out,
    of_last_try,
    _state,
    _nobody,
    _came_in,
)
