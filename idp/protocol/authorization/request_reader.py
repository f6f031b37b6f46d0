"""Contains the ways an authorization request comes: plain, signed (RFC 9101), pushed (RFC 9126).

Not here: verifying it once it is opened (`authorization_request`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.errors import ClientError, OAuthError, Problem, RuleBroken
from idp.protocol.authorization.authorization_request import (
    REFERENCE,
    AuthorizationRequest,
    Received,
    RequestVerification,
    proved_client,
)
from idp.protocol.authorization.authorization_response import AuthorizationError
from idp.protocol.authorization.pushed_requests import PushedRequests, is_reference
from idp.protocol.authorization.request_object import RequestObjects
from idp.protocol.rules import request_rules as rules
from idp.protocol.rules.refusals import RefusedOnPage
from idp.web.parameters import without_empty

#: The page when the request is lost, and with it the address to answer at.
_PAGES = {OAuthError.INVALID_REQUEST_URI: Problem.PUSHED_REQUEST_GONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReader:
    clients: ClientFile
    verification: RequestVerification
    objects: RequestObjects
    pushed: PushedRequests

    def from_browser(self, values: "MultiDict[str, str]") -> AuthorizationRequest:
        """Returns the verified request of /authorize.

        Raises PageError before client and redirect_uri are proved, AuthorizationError after.
        """
        given = without_empty(values)
        client = proved_client(given, self.clients)
        return self.verification.verified(self._opened(given, client), client)

    def again(self, parameters: Mapping[str, str]) -> AuthorizationRequest:
        """Returns a request accepted before, in whichever way, under the registration of this moment.

        Raises the same.
        """
        values = MultiDict(parameters)
        reference = values.pop(REFERENCE, "")
        kept = Received(values=values, is_pushed=True, is_signed=True, reference=reference)
        return self.verification.verified(kept, proved_client(kept.values, self.clients))

    def use_up(self, client_id: str, parameters: Mapping[str, str]) -> bool:
        """Whether the request may bring its code: the first one, where it was pushed. `parameters`: as the interaction
        keeps them."""
        reference = parameters.get(REFERENCE)
        if reference is None:
            return True
        return self.pushed.use_up(
            reference, client_id, {name: value for name, value in parameters.items() if name != REFERENCE}
        )

    def from_client(self, values: "MultiDict[str, str]", client: Client, key: str | None = None) -> str:
        """Returns the `request_uri` of a request at /par, refused where /authorize would refuse it. Raises ClientError.

        `key`: thumbprint of a DPoP key proved beside the request, to which its code will be bound.
        """
        if "request_uri" in values:
            # RFC 9126 §2.1: a pushed request holds no `request_uri`.
            raise RuleBroken(rules.REQUEST_URI_PUSHED)
        opened = self.objects.opened(values, client)
        bound = _bound_to_key(opened.values, key)
        pushed = Received(values=bound, is_pushed=True, is_signed=opened.is_signed)
        try:
            self.verification.verified(pushed, client)
        except RefusedOnPage as shown:
            raise RuleBroken(shown.rule, facts=shown.facts) from shown
        return self.pushed.keep(pushed, client)

    def _opened(self, values: "MultiDict[str, str]", client: Client) -> Received:
        try:
            return self._received(values, client)
        except AuthorizationError:
            raise
        except ClientError as error:
            if "redirect_uri" not in values:
                page = _PAGES.get(error.error, Problem.BAD_REQUEST)
                raise RefusedOnPage.of(error, page, client.client_id) from error
            address = self.verification.proved_address(values, client)
            raise AuthorizationError.of(error, to=address) from error

    def _received(self, values: "MultiDict[str, str]", client: Client) -> Received:
        request_uris = values.getlist("request_uri")
        if len(request_uris) != 1 or not is_reference(request_uris[0]):
            return self.objects.opened(values, client)
        if "request" in values:
            # RFC 9101 §5, Core §6.1: one of the two. The reference is not used up: it is good for the right request.
            raise RuleBroken(rules.REQUEST_BESIDE_URI)
        pushed = self.pushed.find(request_uris[0], client)
        if pushed is None:
            raise RuleBroken(rules.REQUEST_URI_GONE)
        if pushed.is_used:
            # Told where, and in the mode in which, the code went (RFC 9126 §7.3): nothing beside the reference counts.
            address = self.verification.proved_address(pushed.received.values, client)
            raise AuthorizationError.of(RuleBroken(rules.REQUEST_URI_USED), to=address)
        return pushed.received


def _bound_to_key(values: "MultiDict[str, str]", key: str | None) -> "MultiDict[str, str]":
    """Returns the request with `dpop_jkt` of the key proved (RFC 9449 §10.1). Raises ClientError: it names another."""
    if key is None:
        return values
    if values.get("dpop_jkt", key) != key:
        raise RuleBroken(rules.DPOP_JKT_OF_OTHER_KEY)
    bound = values.copy()
    bound.setdefault("dpop_jkt", key)
    return bound
