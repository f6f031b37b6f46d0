"""Errors by audience: what a person, a relying party or the operator is told.

Contains `PageError`, a page for the person, `ClientError`, a registered OAuth code for a proved client, and `Rule`, why
a request was refused. Any other exception is for the operator: an incident id on a plain page, the cause in the log
(`error_pages` and the endpoints map all three). Not here: HTTP frameworks, the rules that there are (`protocol/rules`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """The pages of `templates/error.html`. The catalogue has `error.<value>.title` and `.text`."""

    UNKNOWN_CLIENT = "unknown_client"
    BAD_REQUEST = "bad_request"
    PUSHED_REQUEST_GONE = "pushed_request_gone"
    INTERACTION_UNKNOWN = "interaction_unknown"
    INTERACTION_EXPIRED = "interaction_expired"
    INTERACTION_FINISHED = "interaction_finished"
    INTERACTION_WENT_ON = "interaction_went_on"
    COOKIES_NEEDED = "cookies_needed"
    CSRF = "csrf"
    OTHER_BROWSER = "other_browser"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_GONE = "account_gone"
    UNAVAILABLE = "unavailable"
    TOO_BUSY = "too_busy"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    INTERNAL = "internal"
    NO_CHARTER = "no_charter"
    NO_CLIENT_CHARTER = "no_client_charter"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_ATTEMPTS = "too_many_attempts"


#: HTTP status of each page.
STATUS: dict[Problem, int] = {
    Problem.UNKNOWN_CLIENT: 400,
    Problem.BAD_REQUEST: 400,
    Problem.PUSHED_REQUEST_GONE: 410,
    Problem.INTERACTION_UNKNOWN: 404,
    Problem.INTERACTION_EXPIRED: 410,
    Problem.INTERACTION_FINISHED: 409,
    Problem.INTERACTION_WENT_ON: 403,
    Problem.COOKIES_NEEDED: 400,
    Problem.CSRF: 403,
    Problem.OTHER_BROWSER: 403,
    Problem.ACCOUNT_DISABLED: 403,
    Problem.ACCOUNT_GONE: 410,
    Problem.UNAVAILABLE: 503,
    Problem.TOO_BUSY: 503,
    Problem.NOT_FOUND: 404,
    Problem.METHOD_NOT_ALLOWED: 405,
    Problem.TOO_LARGE: 413,
    Problem.INTERNAL: 500,
    Problem.NO_CHARTER: 503,
    Problem.NO_CLIENT_CHARTER: 503,
    Problem.RATE_LIMITED: 429,
    Problem.TOO_MANY_ATTEMPTS: 429,
}

#: What is so, and nobody's error: over, elsewhere, closed.
NO_ERROR = frozenset(
    {
        Problem.PUSHED_REQUEST_GONE,
        Problem.INTERACTION_UNKNOWN,
        Problem.INTERACTION_EXPIRED,
        Problem.INTERACTION_FINISHED,
        Problem.INTERACTION_WENT_ON,
        Problem.OTHER_BROWSER,
        Problem.ACCOUNT_DISABLED,
        Problem.ACCOUNT_GONE,
        Problem.NO_CHARTER,
        Problem.NO_CLIENT_CHARTER,
    }
)

RETRY_AFTER_SECONDS: dict[Problem, int] = {
    Problem.UNAVAILABLE: 10,
    Problem.TOO_BUSY: 5,
    Problem.RATE_LIMITED: 60,
}


class PageError(Exception):
    """A page for the person. `detail` goes to the log only, and names no person."""

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        *,
        retry_path: str | None = None,
        client_id: str | None = None,
        motive: str = "",
        interaction_id: str = "",
    ) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail
        #: POST target of « Reprendre la connexion ».
        self.retry_path = retry_path
        #: The proved client, if any: the page may link to its home.
        self.client_id = client_id
        #: Why somebody decided so, in words for the person alone.
        self.motive = motive
        #: Of the sign-in, where the address does not say it; for the help desk.
        self.interaction_id = interaction_id
        #: Under which its cause was told to the operator before; "": it was not.
        self.reference = ""


class OAuthError(StrEnum):
    """Registered codes only (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, Core §3.1.2.6, RFC 9449 §12.2)."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_TOKEN = "invalid_token"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"
    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"


#: Nothing beside the rule.
NO_FACTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a request of a relying party must keep to."""

    #: Stable: it is in logs, metrics and documentation.
    id: str
    error: OAuthError
    #: What the relying party reads: RFC 6749 §5.2 leaves out quotation marks, backslashes and accents. `{parameter}`
    #: is a name that we know; nothing else of a request is ever put into it.
    description: str
    #: What is wrong, where the description does not say it; for the operator alone.
    truth: str = ""
    #: What to change.
    cure: str
    clause: str
    #: The member of clients.yaml that decides; "": none.
    member: str = ""
    #: Whether a person sees it on a page, as nobody is proved to whom it could be returned.
    is_page: bool = False

    @property
    def wrong(self) -> str:
        """Returns what is wrong, for the operator."""
        return self.truth or self.description.format(parameter="a parameter")


class ClientError(Exception):
    """An error for a proved relying party: a registered code and one fixed description that echoes no input."""

    def __init__(
        self,
        error: OAuthError,
        description: str,
        *,
        rule: Rule | None = None,
        facts: Mapping[str, str] = NO_FACTS,
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.rule = rule
        #: What only the operator reads of it.
        self.facts = facts
        #: Under which the refusal is kept; "": it is not.
        self.reference = ""

    @property
    def rule_id(self) -> str:
        """Returns the rule that was broken; where there is none, the code says what happened."""
        return self.rule.id if self.rule else str(self.error)

    @property
    def told(self) -> str:
        """Returns the `error_description`, with the reference that the operator finds it by."""
        return f"{self.description} (reference {self.reference})" if self.reference else self.description


class RuleBroken(ClientError):
    """The request breaks this rule. `parameter`: a name that we know."""

    def __init__(
        self, rule: Rule, *, parameter: str = "a parameter", facts: Mapping[str, str] = NO_FACTS
    ) -> None:
        super().__init__(rule.error, rule.description.format(parameter=parameter), rule=rule, facts=facts)
