"""Contains what a relying party asks of /end_session, read (RP-Initiated Logout 1.0 §2). Not here: what ends."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idp.clients.client_file import ClientFile
from idp.protocol.jose.id_token_hint import BadHint, Hint, read_hint
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


@dataclass(frozen=True, slots=True)
class LogoutRequests:
    clients: ClientFile
    keys: Keys
    issuer: str

    def read(self, parameters: Mapping[str, str]) -> LogoutRequest:
        """Returns what may be used of it; a hint that is none is no hint."""
        hint = self._hint(parameters.get("id_token_hint"))
        client_id = hint.client_id if hint else parameters.get("client_id")
        client = self.clients.get(client_id) if client_id else None
        ui_locales = parameters.get("ui_locales", "")
        # RP-Initiated Logout §2: if both are given, client_id must be the audience of the hint.
        if client is None or parameters.get("client_id", client.client_id) != client.client_id:
            return dataclasses.replace(NOTHING, ui_locales=ui_locales)
        wished = parameters.get("post_logout_redirect_uri")
        is_registered = wished in client.left_for
        return LogoutRequest(
            client_id=client.client_id,
            return_url=wished if is_registered else None,
            # §4: what is not valid is not used (facts/security LO2); the rest of the request is.
            is_misdirected=bool(wished) and not is_registered,
            state=parameters.get("state"),
            hint_sid=hint.sid if hint else None,
            ui_locales=ui_locales,
        )

    def _hint(self, token: str | None) -> Hint | None:
        if not token:
            return None
        try:
            return read_hint(token, keys=self.keys, issuer=self.issuer)
        except BadHint:
            return None


def return_to(asked: LogoutRequest) -> str | None:
    """Returns the registered address, with the `state` that was given (RP-Initiated Logout §3)."""
    if asked.return_url is None:
        return None
    return with_query(asked.return_url, {"state": asked.state} if asked.state else {})
