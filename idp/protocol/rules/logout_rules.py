"""Contains the rules of /end_session. What breaks one is left aside, and the person signs out all the same.

Not here: what ends (`logout/end_session`).
"""

from idp.core.errors import OAuthError, Rule

_INVALID = OAuthError.INVALID_REQUEST

ADDRESS_UNREGISTERED = Rule(
    id="post_logout_redirect_uri_unregistered",
    error=_INVALID,
    description="post_logout_redirect_uri is not registered for this client: it is compared to the character",
    cure="Add the very address to post_logout_redirect_uris, or set the application to one of those.",
    clause="RP-Initiated Logout §3",
    member="post_logout_redirect_uris",
    is_page=True,
)
NOBODY_NAMED = Rule(
    id="logout_client_missing",
    error=_INVALID,
    description="post_logout_redirect_uri without an id_token_hint or a client_id that say whose it is",
    cure="Send the last ID Token as id_token_hint.",
    clause="RP-Initiated Logout §2",
    is_page=True,
)
CLIENT_UNKNOWN = Rule(
    id="logout_client_unknown",
    error=_INVALID,
    description="no client of this client_id is registered here",
    cure="Compare client_id with clients.yaml.",
    clause="RP-Initiated Logout §2",
    member="client_id",
    is_page=True,
)
HINT_NOT_OURS = Rule(
    id="logout_hint_not_ours",
    error=_INVALID,
    description="id_token_hint is not an ID Token of ours, or is encrypted",
    cure="Send the last ID Token as it came, decrypted: neither an access token nor one of Pro Santé Connect.",
    clause="RP-Initiated Logout §2",
    is_page=True,
)
HINT_OF_OTHER_CLIENT = Rule(
    id="logout_hint_of_other_client",
    error=_INVALID,
    description="id_token_hint was issued to another client than client_id names",
    cure="Leave client_id out.",
    clause="RP-Initiated Logout §2",
    is_page=True,
)
