"""The records of a login: facts that happened, and one Interaction per authorization request.

Contains pure values, and the functions that make one of another. Not here: storing them (`store`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.accounts.account import Account, AccountId, PostalAddress, ProvedIdentity
from idp.accounts.enrolment import proof_mark
from idp.core.replacing import replace
from idp.interaction.authenticator import AUTHENTICATORS, Acr, AuthenticatorId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationEvent:
    """One success of an authenticator. A fact: never edited, never a conclusion. `amr`: RFC 8176 §2 values only."""

    authenticator: AuthenticatorId
    amr: tuple[str, ...]
    at: datetime
    #: For Pro Santé Connect only: its acr, unchanged, and its authMode.
    upstream_acr: str | None = None
    upstream_auth_mode: str | None = None
    #: Pro Santé Connect's own session, which its logout tokens name.
    upstream_sid: str | None = None
    #: False: Pro Santé Connect did not say when it identified the person, and `at` is when it answered. Such an event
    #: does not prove that the person was identified a moment ago.
    is_moment_told: bool = True


def event_of(authenticator: AuthenticatorId, at: datetime) -> AuthenticationEvent:
    """Returns a success of an authenticator of ours, with the amr of its row."""
    return AuthenticationEvent(authenticator=authenticator, amr=AUTHENTICATORS[authenticator].amr, at=at)


@dataclass(frozen=True, slots=True)
class PendingEnrolment:
    """What the person typed, until the mailbox is proved. Never the password itself."""

    email: str
    password_hash: str = field(repr=False)
    address: PostalAddress


#: The way to start of `/authorize`.
AUTHORIZATION = "authorization"
#: The `client_id` of an interaction that no relying party asked for: no client can have it.
OF_NO_CLIENT = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One authorization request until its code or its error; one per tab."""

    id: str
    client_id: str
    #: The verified authorization request, single-valued.
    request: Mapping[str, str]
    needed: Acr
    #: prompt=none: no page may be shown.
    silent: bool
    #: SHA-256 of the secret by which its browser goes on, and no other one (RFC 9700 §4.7); renewed at each proof.
    browser: str
    locale: str
    started_at: datetime
    expires_at: datetime
    #: The name of the `Finish` by which it ends.
    started_by: str = AUTHORIZATION
    #: An essential acr: only these are accepted, whatever their rank. Empty: no condition.
    essential: tuple[Acr, ...] = ()
    #: Whom the login is for: the `sub` that the relying party expects (`id_token_hint`, `claims`). None: any person.
    subject: str | None = None
    events: tuple[AuthenticationEvent, ...] = ()
    account_id: AccountId | None = None
    #: The account's generation when this person was first proved; the epoch's number while there is no account.
    generation: int = 0
    #: The SSO session that some of the events were taken from.
    sid: str | None = None
    #: Those events.
    lent: tuple[AuthenticationEvent, ...] = ()
    #: The person said that this session is theirs, or proved something since: a shared station asks no more.
    confirmed: bool = False
    #: prompt=login, max_age: only events from this instant count.
    fresh_after: datetime | None = None
    #: A person proved by card or PSC for whose RPPS there is no account.
    identity: ProvedIdentity | None = None
    enrolment: PendingEnrolment | None = None
    #: What the person typed before, to fill the form again when they come back to it.
    enrolment_draft: Mapping[str, str] = field(default_factory=dict)
    #: The mark of the proof for which that was typed, in an interaction that expired since (`proof_mark`); "" for none.
    draft_of: str = ""
    #: The person chose a professional context here: `prompt=consent` is answered.
    has_chosen_context: bool = False
    #: The person began an expired interaction again, by a click.
    restarted: bool = False
    #: The browser was sent to the door at which the relying party hints, or the person asked for another one.
    is_past_hint: bool = False
    #: Set when the person refused or cancelled; how that is told is the way to start's (`Finish.failure`).
    refusal: str | None = None
    #: Sealed ID Token of Pro Santé Connect, for the logout hint.
    upstream_id_token: str | None = None
    #: Pro Santé Connect asked to begin again, and that was done without a word: the next time, the person is told.
    upstream_begun_again: bool = False
    #: Of the last proof, brought twice at once: either answer may be the last to arrive, so each one's secret opens it.
    also: tuple[str, ...] = ()
    #: What `browser` was before the last proof: it opens nothing, and is told how to begin again (docs/adr/0029).
    former: str | None = None
    #: Fingerprint of the cookie `browser` at the start, the same for all tabs. Empty: of the version before.
    family: str = ""
    version: int = 0

    @property
    def relying_party(self) -> str | None:
        """Returns the `client_id` of the relying party that asked, None if none did."""
        return self.client_id or None


def opened_by(interaction: Interaction) -> tuple[str, ...]:
    """Returns the fingerprints of the secrets that open it, that of this browser first."""
    return (interaction.browser, *interaction.also)


def with_event(interaction: Interaction, event: AuthenticationEvent, account: Account) -> Interaction:
    """Returns the interaction with one more event. Another person's event replaces all that was known of the first.

    So does an event of the same person after all that they had proved was voided. `account`: the row that the event was
    verified against.
    """
    dated = _dated(interaction, event)
    if interaction.account_id == account.id and not account.has_voided(interaction.generation):
        return replace(
            interaction,
            events=(*interaction.events, dated),
            identity=None,
            confirmed=interaction.sid is not None,
        )
    # facts/security T46: nothing of one person is ever added to what another one proved.
    return replace(
        of_nobody(interaction), events=(dated,), account_id=account.id, generation=account.generation
    )


def with_identity(
    interaction: Interaction, event: AuthenticationEvent, identity: ProvedIdentity, epoch: int = 0
) -> Interaction:
    """Returns the interaction of a person proved by card or PSC who has no account: their event alone.

    Nothing of a person proved before is kept. What was already typed is kept only for the same person on the same proof
    (facts/security CP7). `epoch`: in which it was proved (`accounts/epochs`).
    """
    is_same = _is_same_proof(interaction.identity, identity)
    is_typed_for_it = is_same or interaction.draft_of == proof_mark(identity)
    return replace(
        of_nobody(interaction),
        events=(_dated(interaction, event),),
        identity=identity,
        generation=epoch,
        enrolment=interaction.enrolment if is_same else None,
        enrolment_draft=interaction.enrolment_draft if is_typed_for_it else {},
        draft_of=interaction.draft_of if is_typed_for_it else "",
    )


def is_same_person(one: Interaction, other: Interaction) -> bool:
    """Whether both are of one account, or of one person without an account by the same card or `sub`."""
    if one.account_id is None or other.account_id is None:
        return one.account_id == other.account_id and _is_same_proof(one.identity, other.identity)
    return one.account_id == other.account_id


def _is_same_proof(one: ProvedIdentity | None, other: ProvedIdentity | None) -> bool:
    if one is None or other is None:
        return False
    return (one.rpps, one.source, one.evidence) == (other.rpps, other.source, other.evidence)


def with_upstream(interaction: Interaction, sealed_id_token: str) -> Interaction:
    """Returns the interaction with the sealed ID Token of Pro Santé Connect, for the logout hint of its session."""
    return replace(interaction, upstream_id_token=sealed_id_token)


def begun_again(interaction: Interaction) -> Interaction:
    """Returns the interaction whose person is sent to Pro Santé Connect a second time without a word."""
    return replace(interaction, upstream_begun_again=True)


def own_events(interaction: Interaction) -> tuple[AuthenticationEvent, ...]:
    """Returns what was proved in this interaction itself."""
    if interaction.sid is not None and not interaction.lent:
        # Of the version before, which took events at the start only, and did not keep which.
        return tuple(event for event in interaction.events if event.at >= interaction.started_at)
    return tuple(event for event in interaction.events if event not in interaction.lent)


def without_session(interaction: Interaction) -> Interaction:
    """Returns what was proved in this interaction itself: the session that lent it events is over."""
    own = own_events(interaction)
    return replace(
        interaction,
        events=own,
        account_id=interaction.account_id if own else None,
        sid=None,
        lent=(),
        confirmed=False,
        has_chosen_context=interaction.has_chosen_context and bool(own),
        upstream_id_token=interaction.upstream_id_token if own else None,
    )


def _dated(interaction: Interaction, event: AuthenticationEvent) -> AuthenticationEvent:
    """Returns the event, if it is ours not dated before the interaction in which it happened: the clocks of two nodes
    differ. Pro Santé Connect dates its own, which may be hours old."""
    if event.authenticator == "psc":
        return event
    return replace(event, at=max(event.at, interaction.started_at))


def without_person(interaction: Interaction, account_id: AccountId) -> Interaction:
    """Returns the interaction without what this person proved in it: they left the browser."""
    return of_nobody(interaction) if interaction.account_id == account_id else interaction


def of_nobody(interaction: Interaction) -> Interaction:
    """Returns the request alone, without what any person proved, typed or chose."""
    return replace(
        interaction,
        events=(),
        account_id=None,
        generation=0,
        sid=None,
        lent=(),
        confirmed=False,
        identity=None,
        enrolment=None,
        enrolment_draft={},
        draft_of="",
        has_chosen_context=False,
        upstream_id_token=None,
    )
