"""Contains the answer to a relying party at its redirect_uri: in the address, by a form, or in a signed JWT.

RFC 6749 §4.1.2, OAuth 2.0 Form Post Response Mode, JARM (JWT Secured Authorization Response Mode). `fragment` is
refused: the scripts of a page can read it, and our only response type does not need it. Not here: the code (`issue`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.errors import ClientError, OAuthError, Rule
from idp.interaction.record import Interaction
from idp.pages.form_post import FormPostPage
from idp.signing.key_ring import Keys
from idp.signing.signer import Alg
from idp.web.addresses import redirect, with_query
from idp.web.rendering import Rendering

#: JARM §2.3: `jwt` is the default of the response type, for `code` the query.
RESPONSE_MODES = ("query", "form_post", "jwt", "query.jwt", "form_post.jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """A registered redirect_uri of a proved client, and the way in which it is to be answered."""

    client_id: str
    redirect_uri: str
    state: str | None
    mode: str = "query"
    #: Of the JWT modes.
    alg: Alg = "RS256"


class AuthorizationError(ClientError):
    """An error for a proved client at its proved redirect_uri."""

    def __init__(
        self, error: OAuthError, description: str, *, to: ReturnAddress, rule: Rule | None = None
    ) -> None:
        super().__init__(error, description, rule=rule)
        self.to = to

    @classmethod
    def of(cls, error: ClientError, *, to: ReturnAddress) -> "AuthorizationError":
        """Returns this error, for the client at this address."""
        found = cls(error.error, error.description, to=to, rule=error.rule)
        found.facts = error.facts
        return found


def address_of(interaction: Interaction, client: Client) -> ReturnAddress:
    """Returns where this interaction is answered. `client`: as it is registered now."""
    return ReturnAddress(
        client_id=interaction.client_id,
        redirect_uri=interaction.request["redirect_uri"],
        state=interaction.request.get("state"),
        mode=interaction.request.get("response_mode", "query"),
        alg=client.authorization_signed_response_alg,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationResponses:
    keys: Keys
    clock: Clock
    clients: ClientFile
    rendering: Rendering
    issuer: str
    #: How long a signed answer is good for: as long as the code in it.
    life: timedelta

    def success(self, request: Request, to: ReturnAddress, code: str) -> Response:
        return self._answer(request, to, {"code": code})

    def failure(self, request: Request, error: AuthorizationError) -> Response:
        parameters = {"error": str(error.error), "error_description": error.told}
        return self._answer(request, error.to, parameters)

    def _answer(self, request: Request, to: ReturnAddress, parameters: Mapping[str, str]) -> Response:
        # RFC 9207 §2: `iss` in every success and error.
        answer = {**parameters, "iss": self.issuer}
        if to.state is not None:
            answer["state"] = to.state
        if to.mode.endswith("jwt"):
            answer = {"response": self._signed(to, answer)}
        if to.mode.startswith("form_post"):
            return self._form(request, to, answer)
        return redirect(with_query(to.redirect_uri, answer))

    def _signed(self, to: ReturnAddress, answer: Mapping[str, str]) -> str:
        """Returns the answer as a JWT (JARM §2.1). Raises SignerUnavailable, KeyMissing."""
        expires_at = self.clock.now() + self.life
        claims = {**answer, "aud": to.client_id, "exp": int(expires_at.timestamp())}
        return self.keys.sign_jwt(claims, alg=to.alg)

    def _form(self, request: Request, to: ReturnAddress, answer: Mapping[str, str]) -> Response:
        """Returns a page that posts its form by itself, and has a button for browsers without scripts."""
        client = self.clients.get(to.client_id)
        frame = self.rendering.frame(request, client_name=client.name if client else None, base_path="")
        page = FormPostPage(action=to.redirect_uri, fields=tuple(answer.items()))
        return self.rendering.page("form_post.html", frame, page)
