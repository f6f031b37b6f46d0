"""Contains each claim of a person at a relying party: whether it passes, and what withholds it.

The claims are those of the functions that issue (`protocol/claims`): here they get names and cures. Not here: what
keeps the person out altogether (`cli/let_in`), the command and its words on the screen (`claims`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idp.cli.let_in import Entering, Reason
from idp.clients.registry import Client
from idp.clients.scopes import CLAIMS_OF_SCOPE, ID_TOKEN_CLAIMS
from idp.interaction.assurance import Assurance
from idp.interaction.authenticator import AUTHENTICATORS
from idp.protocol.claims.account_claims import (
    authentication_claims,
    id_token_names,
    named_claims,
    released_names,
)
from idp.protocol.claims.subject import Subjects
from idp.protocol.claims.upstream_claims import asks_upstream, upstream_claims

PRESENT, ABSENT, WITHHELD, AT_SIGN_IN = "present", "absent", "withheld", "made at the sign-in"
_SCOPE_OF = {claim: scope for scope, claims in CLAIMS_OF_SCOPE.items() for claim in claims}
#: Stands for what only the sign-in knows.
_THEN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`value`: None unless it is present. `reasons`: none where it passes."""

    name: str
    state: str
    value: Any = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What the client receives of the person, at a request of all its scopes, after this sign-in."""

    entering: Entering
    subjects: Subjects
    has_psc: bool

    @property
    def client(self) -> Client:
        return self.entering.client

    def userinfo(self) -> Iterator[Claim]:
        client, standing = self.client, self.entering.standing
        names = released_names(client.scopes, (), client.releasable)
        told = upstream_claims(standing.told, names, None)
        found = {**self._subject(), **named_claims(standing.account, names), **told}
        for name in _SCOPE_OF:
            yield self._claim(name, found, () if name in names else self._at_registration(name))

    def id_token(self) -> Iterator[Claim]:
        client, standing = self.client, self.entering.standing
        names = ("sub", *id_token_names(client, " ".join(client.scopes), ()))
        found = {**self._subject(), **named_claims(standing.account, names)}
        for name in _SCOPE_OF:
            own = () if name in names else (*self._at_registration(name), *self._in_id_token(name))
            yield self._claim(name, found, own)
        closed = self.entering.reasons()
        for name in self._of_sign_in():
            yield Claim(name=name, state=WITHHELD if closed else AT_SIGN_IN, reasons=closed)

    def _claim(self, name: str, found: Mapping[str, Any], own: tuple[Reason, ...]) -> Claim:
        """`own`: what withholds this one, by whichever door the person comes."""
        reasons = (*self.entering.reasons(), *own)
        if reasons:
            return Claim(name=name, state=WITHHELD, reasons=reasons)
        if name in found:
            return Claim(name=name, state=PRESENT, value=found[name])
        return Claim(name=name, state=ABSENT, reasons=(self._lacking(name),))

    def _subject(self) -> dict[str, str]:
        return {"sub": self.subjects.of(self.entering.account, self.client)}

    def _of_sign_in(self) -> Mapping[str, Any]:
        path = self.entering.path
        amr = tuple(value for step in path for value in AUTHENTICATORS[step].amr)
        then = Assurance(
            acr=self.entering.acr,
            path=path,
            amr=amr or (_THEN,),
            auth_time=self.entering.now,
            upstream_acr=_THEN,
            upstream_auth_mode=_THEN,
        )
        return authentication_claims(then, _THEN)

    def _at_registration(self, name: str) -> tuple[Reason, ...]:
        return (*self._scope(name), *self._cut(name))

    def _scope(self, name: str) -> Iterator[Reason]:
        scope = _SCOPE_OF[name]
        if scope not in self.client.scopes:
            yield Reason(
                by="scope",
                wrong=f"its scope `{scope}` is not registered",
                change=f"add `{scope}` to `scopes`, and let the application ask for it",
                member="scopes",
            )

    def _cut(self, name: str) -> Iterator[Reason]:
        kept = self.client.claims
        if kept is not None and name not in ("sub", *kept):
            yield Reason(
                by="registration",
                wrong="`claims` names those that the client may receive, and leaves this one out",
                change="add it to `claims`, or take `claims` away: all of its scopes then",
                member="claims",
            )

    def _in_id_token(self, name: str) -> Iterator[Reason]:
        if name != "sub" and name not in ID_TOKEN_CLAIMS:
            yield Reason(
                by="registration",
                wrong="what Pro Santé Connect said is at userinfo only",
                change="none: let the application ask userinfo",
            )
        elif name not in ("sub", *self.client.id_token_claims):
            yield Reason(
                by="registration",
                wrong="`id_token_claims` leaves it out of ID Tokens",
                change="add it to `id_token_claims`; or let the application ask userinfo, or for it by `claims`",
                member="id_token_claims",
            )

    def _lacking(self, name: str) -> Reason:
        if asks_upstream((name,)) and not self.has_psc:
            return Reason(
                by="setting",
                wrong="only Pro Santé Connect says it, and it is not configured here",
                change="configure Pro Santé Connect",
                setting="PSC_ENVIRONMENT",
            )
        if asks_upstream((name,)):
            return Reason(
                by="person",
                wrong="Pro Santé Connect has not said it of this person, or no exercice was chosen",
                change="the person signs in by Pro Santé Connect, and chooses where asked",
            )
        return Reason(
            by="person",
            wrong="nothing is known of it: what proved the identity does not say it",
            change="a card or Pro Santé Connect that says it, at a later sign-in",
        )
