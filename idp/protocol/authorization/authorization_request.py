"""Contains what a relying party asks at /authorize and /par, verified and single-valued. Not here: the person."""

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.errors import ClientError, Problem, Rule, RuleBroken
from idp.interaction.assurance import RANK
from idp.interaction.authenticator import Acr
from idp.protocol.authorization.authorization_response import (
    RESPONSE_MODES,
    AuthorizationError,
    ReturnAddress,
)
from idp.protocol.authorization.hints import HINTS, DoorsOf, verify_hints
from idp.protocol.claims.claims_request import ClaimsRequest, read_claims_request
from idp.protocol.engine.engine import PARAMETERS, Engine
from idp.protocol.jose.id_token_hint import BadHint, EncryptedHint, ReadHint
from idp.protocol.rules import request_rules as rules
from idp.protocol.rules.authorization_rules import CHECKS
from idp.protocol.rules.checks import Asked, require
from idp.protocol.rules.form_rules import REQUEST_TOO_LONG, read_single
from idp.protocol.rules.nearest import how_it_differs
from idp.protocol.rules.refusals import RefusedOnPage
from idp.web.parameters import is_short

#: Verified here, and kept beside what the engine verifies.
_OURS = ("prompt", "claims", "login_hint", *HINTS)
#: OpenID Connect Core §3.1.2.6: refused with codes of their own. A request object that was opened is not among them.
_NOT_SUPPORTED = ("request", "request_uri", "registration")
#: All parameters that we read; every other is ignored (RFC 6749 §3.1).
RECOGNISED = frozenset({*PARAMETERS, *_OURS, *_NOT_SUPPORTED, "id_token_hint"})
#: Under this name the Interaction keeps the reference of a pushed request.
REFERENCE = "request_uri"
#: Of a parameter that stands there not at all, more than once, or is not registered.
_OF_CLIENT_ID = (rules.CLIENT_ID_MISSING, rules.CLIENT_ID_REPEATED, rules.CLIENT_UNKNOWN)
_OF_REDIRECT_URI = (
    rules.REDIRECT_URI_MISSING,
    rules.REDIRECT_URI_REPEATED,
    rules.REDIRECT_URI_UNREGISTERED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The parameters of a request, and the way they came."""

    values: "MultiDict[str, str]"
    #: By /par (RFC 9126): the client authenticated before the browser came.
    is_pushed: bool = False
    #: In a request object signed by the client (RFC 9101).
    is_signed: bool = False
    #: The `request_uri` by which the browser brought it, "" without one: used up by its code.
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """Verified. `parameters` is what the Interaction keeps; `scopes` is cut to the client's."""

    client: Client
    parameters: Mapping[str, str]
    prompts: frozenset[str]
    max_age: int | None
    needed: Acr
    claims: ClaimsRequest
    #: The `sub` that a hint or `claims` names.
    subject: str | None

    @property
    def is_silent(self) -> bool:
        return "none" in self.prompts

    @property
    def wants_login(self) -> bool:
        """Whether a new login is asked for.

        `select_account` does too: another account is chosen by signing in with it.
        """
        return bool(self.prompts & {"login", "select_account"})


def proved_client(values: "MultiDict[str, str]", clients: ClientFile) -> Client:
    """Returns the client. RFC 6749 §4.1.2.1: before anything else. Raises PageError: a page, never a redirect."""
    client_ids = values.getlist("client_id")
    client = clients.get(client_ids[0]) if len(client_ids) == 1 else None
    if client is None:
        rule = _rule_of(client_ids, *_OF_CLIENT_ID)
        raise RefusedOnPage(Problem.UNKNOWN_CLIENT, rule, facts=clients.where())
    return client


def _rule_of(given: list[str], missing: Rule, repeated: Rule, unregistered: Rule) -> Rule:
    return unregistered if len(given) == 1 else repeated if given else missing


def _needed(client: Client, acr_values: str) -> Acr:
    """Returns the acr to reach: the lowest of `acr_values` that we know, and at least the client's minimum.

    Core §3.1.2.1: `acr_values` is a wish, which any of its values satisfies.
    """
    asked = acr_values.split()
    known = [acr for acr in Acr if acr in asked] if asked else []
    wished = min(known, key=lambda acr: RANK[acr], default=Acr.PWD_OTP)
    return max(client.minimum_acr, wished, key=lambda acr: RANK[acr])


def _flat(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Returns the parameters, each once (facts/security AZ9). Raises RuleBroken."""
    parameters = read_single(values, limit, RECOGNISED)
    if sum(map(len, parameters.values())) > 2 * limit:
        raise RuleBroken(REQUEST_TOO_LONG)
    return parameters


def _subject(
    parameters: Mapping[str, str], claims: ClaimsRequest, client: Client, read_hint: ReadHint
) -> str | None:
    """Returns the `sub` of the person that the relying party expects, None for any. Raises ClientError."""
    hint = parameters.get("id_token_hint")
    if not hint:
        return claims.subject
    try:
        found = read_hint(hint)
    except EncryptedHint as error:
        raise RuleBroken(rules.HINT_ENCRYPTED) from error
    except BadHint as error:
        raise RuleBroken(rules.HINT_NOT_OURS) from error
    # The `sub` in a token of another client may be of another sector: it would name no person here.
    if found.client_id != client.client_id or claims.subject not in (None, found.subject):
        raise RuleBroken(rules.HINT_OF_OTHER_CLIENT)
    return found.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVerification:
    """Makes a verified request of a received one."""

    engine: Engine
    read_hint: ReadHint
    doors_of: DoorsOf
    parameter_bytes: int
    #: What may be kept of a request.
    kept_bytes: int

    def verified(self, received: Received, client: Client) -> AuthorizationRequest:
        """Returns the verified request.

        Raises PageError before the redirect_uri is proved, AuthorizationError after.
        """
        address = self.proved_address(received.values, client)
        try:
            return self._verified(received, client)
        except ClientError as error:
            raise AuthorizationError.of(error, to=address) from error

    def proved_address(self, values: "MultiDict[str, str]", client: Client) -> ReturnAddress:
        """Returns where to answer. Comes after the client. Raises PageError: a page, never a redirect."""
        redirect_uris, states = values.getlist("redirect_uri"), values.getlist("state")
        # facts/security AZ1, AZ2; RFC 9700 §2.1: string comparison, before any other parameter is looked at.
        if len(redirect_uris) != 1 or redirect_uris[0] not in client.answered_at:
            facts = how_it_differs(redirect_uris, client.redirect_uris)
            rule = _rule_of(redirect_uris, *_OF_REDIRECT_URI)
            raise RefusedOnPage(Problem.UNKNOWN_CLIENT, rule, asked_by=client.client_id, facts=facts)
        mode = values.get("response_mode", "query")
        return ReturnAddress(
            client_id=client.client_id,
            redirect_uri=redirect_uris[0],
            state=states[0] if len(states) == 1 and len(states[0]) <= self.parameter_bytes else None,
            mode=mode if mode in RESPONSE_MODES else "query",
            alg=client.authorization_signed_response_alg,
        )

    def _verified(self, received: Received, client: Client) -> AuthorizationRequest:
        parameters = _flat(received.values, self.parameter_bytes)
        require(
            CHECKS,
            Asked(
                client=client,
                parameters=parameters,
                is_pushed=received.is_pushed,
                is_signed=received.is_signed,
            ),
        )
        # facts/security AZ14: scopes are cut to the client's own; unknown ones are ignored.
        asked = parameters["scope"].split()
        parameters["scope"] = " ".join(scope for scope in client.scopes if scope in asked)
        verify_hints(parameters, client, self.doors_of)
        claims = read_claims_request(parameters.get("claims"), client)
        request = self.engine.parse(parameters)
        kept = {**request, **{name: parameters[name] for name in _OURS if parameters.get(name)}}
        if not is_short(kept, self.kept_bytes):
            raise RuleBroken(REQUEST_TOO_LONG)
        if received.reference:
            kept[REFERENCE] = received.reference
        return AuthorizationRequest(
            client=client,
            parameters=kept,
            prompts=frozenset(parameters.get("prompt", "").split()),
            max_age=int(request["max_age"]) if "max_age" in request else None,
            needed=_needed(client, parameters.get("acr_values", "")),
            claims=claims,
            subject=_subject(parameters, claims, client, self.read_hint),
        )
