"""Contains the rules of /authorize and /par that more than the parameters decide: who asks, where, signed, pushed.

Not here: what decides them (`authorization`), the rules for the parameters (`authorization_rules`).
"""

from idp.core.errors import OAuthError, Rule

_INVALID = OAuthError.INVALID_REQUEST

CLIENT_ID_MISSING = Rule(
    id="client_id_missing",
    error=_INVALID,
    description="client_id is missing",
    cure="Send client_id once, as it stands in clients.yaml.",
    clause="RFC 6749 §4.1.1",
    is_page=True,
)
CLIENT_ID_REPEATED = Rule(
    id="client_id_repeated",
    error=_INVALID,
    description="client_id is given more than once",
    cure="Send client_id once.",
    clause="RFC 6749 §3.1",
    is_page=True,
)
CLIENT_UNKNOWN = Rule(
    id="client_unknown",
    error=_INVALID,
    description="no client of this client_id is registered here",
    cure="Compare it with client_id in clients.yaml, letter by letter; `idp clients check` reads the file.",
    clause="RFC 6749 §4.1.2.1",
    member="client_id",
    is_page=True,
)
REDIRECT_URI_MISSING = Rule(
    id="redirect_uri_missing",
    error=_INVALID,
    description="redirect_uri is missing",
    cure="Send redirect_uri in each request, also where one address is registered.",
    clause="Core §3.1.2.1",
    is_page=True,
)
REDIRECT_URI_REPEATED = Rule(
    id="redirect_uri_repeated",
    error=_INVALID,
    description="redirect_uri is given more than once",
    cure="Send redirect_uri once.",
    clause="RFC 6749 §3.1",
    is_page=True,
)
REDIRECT_URI_UNREGISTERED = Rule(
    id="redirect_uri_unregistered",
    error=_INVALID,
    description="redirect_uri is not registered for this client: it is compared to the character",
    cure="Add the very address to redirect_uris, or set the application to one of those; an application behind a proxy "
    "often builds it with http or another host or port.",
    clause="RFC 9700 §2.1",
    member="redirect_uris",
    is_page=True,
)
CLIENT_GONE = Rule(
    id="client_gone",
    error=_INVALID,
    description="the client, or its redirect_uri, was removed from the registration during the sign-in",
    cure="None, if that was meant; otherwise put it back into clients.yaml.",
    clause="RFC 6749 §4.1.2.1",
    member="redirect_uris",
    is_page=True,
)
HINT_ENCRYPTED = Rule(
    id="id_token_hint_encrypted",
    error=_INVALID,
    description="id_token_hint is encrypted: decrypt it first",
    cure="Send the signed ID Token that is inside.",
    clause="Core §3.1.2.1",
)
HINT_NOT_OURS = Rule(
    id="id_token_hint_not_ours",
    error=_INVALID,
    description="id_token_hint is not an ID Token of ours",
    cure="Send the last ID Token as it came: neither an access token nor one of Pro Santé Connect, nor one whose key "
    "has left the key set.",
    clause="Core §3.1.2.1",
)
HINT_OF_OTHER_CLIENT = Rule(
    id="id_token_hint_of_other_client",
    error=_INVALID,
    description="id_token_hint was not issued to this client, or names another person than claims",
    cure="Send an ID Token of this very client_id.",
    clause="Core §3.1.2.1",
)
REQUEST_OBJECT_BESIDE = Rule(
    id="request_object_not_alone",
    error=_INVALID,
    description="one request object, and no request_uri beside it",
    cure="Send `request` once, or request_uri.",
    clause="RFC 9101 §5",
)
REQUEST_OBJECT_REFUSED = Rule(
    id="request_object_refused",
    error=OAuthError.INVALID_REQUEST_OBJECT,
    description="the request object is not one of this client's, for us, of now",
    cure="iss is the client_id, aud our issuer, exp at most an hour after nbf; signed with request_object_signing_alg "
    "by a key in jwks or jwks_uri. `part` of this refusal says what failed first.",
    clause="RFC 9101 §6",
    member="request_object_signing_alg",
)
REQUEST_OBJECT_OTHER = Rule(
    id="request_object_of_another_request",
    error=OAuthError.INVALID_REQUEST_OBJECT,
    description="the request object names another client or another request",
    cure="client_id stands inside and outside, and is the same; neither request nor request_uri stands inside.",
    clause="RFC 9101 §4",
)
REQUEST_OBJECT_TEXT = Rule(
    id="request_object_text",
    error=OAuthError.INVALID_REQUEST_OBJECT,
    description="a parameter of the request object is no Unicode text",
    cure="Write the JSON with whole Unicode characters.",
    clause="RFC 7493 §2.1",
)
REQUEST_OBJECT_TYPE = Rule(
    id="request_object_type",
    error=OAuthError.INVALID_REQUEST_OBJECT,
    description="a parameter of the request object has another type: all are strings but max_age and claims",
    cure="Write each parameter as a JSON string; max_age is a number, claims an object.",
    clause="RFC 9101 §4",
)
REQUEST_URI_PUSHED = Rule(
    id="request_uri_pushed",
    error=_INVALID,
    description="request_uri cannot be pushed",
    cure="Push the parameters themselves.",
    clause="RFC 9126 §2.1",
)
REQUEST_BESIDE_URI = Rule(
    id="request_beside_request_uri",
    error=_INVALID,
    description="no request object beside request_uri",
    cure="Send client_id and request_uri alone.",
    clause="RFC 9101 §5",
)
REQUEST_URI_GONE = Rule(
    id="request_uri_gone",
    error=OAuthError.INVALID_REQUEST_URI,
    description="request_uri is unknown or expired, or of another client",
    cure="Push the request again and send the browser at once: a reference is good for `PUSHED_REQUEST_LIFE`.",
    clause="RFC 9126 §4",
)
REQUEST_URI_USED = Rule(
    id="request_uri_used",
    error=OAuthError.INVALID_REQUEST_URI,
    description="request_uri was used",
    cure="Push a request for each sign-in.",
    clause="RFC 9126 §7.3",
)
DPOP_JKT_OF_OTHER_KEY = Rule(
    id="dpop_jkt_of_other_key",
    error=_INVALID,
    description="dpop_jkt names another key than the DPoP proof",
    cure="Leave dpop_jkt out at /par, or send the thumbprint of the key of the proof.",
    clause="RFC 9449 §10.1",
)
HINTED_DOOR_CLOSED = Rule(
    id="idp_hint_closed",
    error=_INVALID,
    description="idp_hint names a door that is not open to this client, which the answer lists",
    cure="Send one of the doors that the description lists, or none; or open it in `authenticators`.",
    clause="ADR 0056",
    member="authenticators",
)
STRUCTURE_HINT_MALFORMED = Rule(
    id="structure_hint_malformed",
    error=_INVALID,
    description="structure_hint must be a FINESS (9 characters) or a SIRET (14 digits, with its key)",
    cure="Send the number of the structure as registered, without spaces, or leave the hint out.",
    clause="ADR 0056",
)
HINTED_DOOR_BELOW = Rule(
    id="idp_hint_below_acr",
    error=OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS,
    description="idp_hint names a door that does not reach the acr asked for",
    cure="Ask for a lower acr, or send one of the doors that the description lists.",
    clause="ADR 0056",
    member="minimum_acr",
)
ACR_UNREACHABLE = Rule(
    id="essential_acr_unreachable",
    error=OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS,
    description="no open door reaches an essential acr",
    cure="Ask for it as a wish (acr_values), or open a door that reaches it.",
    clause="Core §5.5.1.1",
    member="authenticators",
)
