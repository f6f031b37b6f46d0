"""Contains what a relying party asks of /end_session, read (RP-Initiated Logout 1.0 §2). Not here: what ends."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.errors import NO_FACTS, Problem, Rule
from idp.protocol.jose.id_token_hint import BadHint, Hint, read_hint
from idp.protocol.rules import logout_rules as rules
from idp.protocol.rules.nearest import how_it_differs
from idp.protocol.rules.refusals import RefusedOnPage
from idp.signing.key_ring import Keys
from idp.web.addresses import with_query


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """What a relying party asked for.

    `return_url`: None unless it is registered for the client that the request names.
    """

    client_id: str | None
    return_url: str | None
    state: str | None
    hint_sid: str | None
    ui_locales: str = ""
    #: Clients that were told, for the page that comes after those of Pro Santé Connect.
    told: Sequence[str] = ()
    #: The request asked for an address that this client has not registered.
    is_misdirected: bool = False


NOTHING = LogoutRequest(client_id=None, return_url=None, state=None, hint_sid=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """`client`: the one that hint or client_id name. `wished`: where the person is to go."""

    text: str | None
    hint: Hint | None
    named: str | None
    client: Client | None
    wished: str | None

    @property
    def is_registered(self) -> bool:
        return self.client is not None and self.wished in self.client.left_for


#: What is left aside, and why: the first that holds is told.
_FAULTS: Sequence[tuple[Rule, Callable[[_Given], bool]]] = (
    (rules.HINT_NOT_OURS, lambda given: bool(given.text) and given.hint is None),
    # RP-Initiated Logout §2: if both are given, client_id must be the audience of the hint.
    (
        rules.HINT_OF_OTHER_CLIENT,
        lambda given: given.hint is not None and _is_other(given, given.hint.client_id),
    ),
    (rules.CLIENT_UNKNOWN, lambda given: given.client is None and bool(given.hint or given.named)),
    (rules.NOBODY_NAMED, lambda given: given.client is None and bool(given.wished)),
    # §4: what is not valid is not used (facts/security LO2); the rest of the request is.
    (rules.ADDRESS_UNREGISTERED, lambda given: bool(given.wished) and not given.is_registered),
)


def _is_other(given: _Given, client_id: str) -> bool:
    return given.named not in (None, client_id)


@dataclass(frozen=True, slots=True)
class LogoutRequests:
    clients: ClientFile
    keys: Keys
    issuer: str

    def read(self, parameters: Mapping[str, str]) -> tuple[LogoutRequest, RefusedOnPage | None]:
        """Returns what may be used of it, and what is left aside; a hint that is none is no hint."""
        text, named = parameters.get("id_token_hint"), parameters.get("client_id")
        hint = self._hint(text)
        client_id = hint.client_id if hint else named
        client = self.clients.get(client_id) if client_id else None
        wished = parameters.get("post_logout_redirect_uri")
        given = _Given(text=text, hint=hint, named=named, client=client, wished=wished)
        fault = next((rule for rule, holds in _FAULTS if holds(given)), None)
        return _asked(given, parameters), _told(given, fault)

    def _hint(self, token: str | None) -> Hint | None:
        if not token:
            return None
        try:
            return read_hint(token, keys=self.keys, issuer=self.issuer)
        except BadHint:
            return None


def _asked(given: _Given, parameters: Mapping[str, str]) -> LogoutRequest:
    ui_locales = parameters.get("ui_locales", "")
    if given.client is None or _is_other(given, given.client.client_id):
        return dataclasses.replace(NOTHING, ui_locales=ui_locales)
    return LogoutRequest(
        client_id=given.client.client_id,
        return_url=given.wished if given.is_registered else None,
        is_misdirected=bool(given.wished) and not given.is_registered,
        state=parameters.get("state"),
        hint_sid=given.hint.sid if given.hint else None,
        ui_locales=ui_locales,
    )


def _told(given: _Given, rule: Rule | None) -> RefusedOnPage | None:
    if rule is None:
        return None
    client_id = given.client.client_id if given.client else None
    is_address = rule is rules.ADDRESS_UNREGISTERED and given.client is not None
    registered = given.client.post_logout_redirect_uris if given.client else ()
    facts = how_it_differs([given.wished or ""], registered) if is_address else NO_FACTS
    return RefusedOnPage(Problem.BAD_REQUEST, rule, asked_by=client_id, facts=facts)


def return_to(asked: LogoutRequest) -> str | None:
    """Returns the registered address, with the `state` that was given (RP-Initiated Logout §3)."""
    if asked.return_url is None:
        return None
    return with_query(asked.return_url, {"state": asked.state} if asked.state else {})
