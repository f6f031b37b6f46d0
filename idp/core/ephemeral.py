"""Port to state that expires.

Contains interactions, sessions, codes, tokens, counters. Adapters: `adapters/sql/store.py` (embedded default) and
`adapters/redis_store.py`; one contract suite runs on both. Keys are bearer values or personal identifiers: an adapter
stores only their SHA-256. Not here: anything that must survive the loss of the store (docs/adr/0002).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Kind(StrEnum):
    """The families of records. Two kinds never share a key space."""

    INTERACTION = "interaction"
    SAID_OF_FORM = "said_of_form"
    ANSWER_TO_FORM = "answer_to_form"
    FINISHED_INTERACTION = "finished_interaction"
    SESSION = "session"
    BROWSER_SESSION = "browser_session"
    LOGOUT_REQUEST = "logout_request"
    LOGOUT_OF_BROWSER = "logout_of_browser"
    PUSHED_REQUEST = "pushed_request"
    PUSHED_REQUEST_USES = "pushed_request_uses"
    AUTHORIZATION_CODE = "authorization_code"
    ACCESS_TOKEN = "access_token"
    UPSTREAM_LOGIN = "upstream_login"
    UPSTREAM_LEAVING = "upstream_leaving"
    UPSTREAM_PROOF = "upstream_proof"
    UPSTREAM_SESSION = "upstream_session"
    UPSTREAM_SESSIONS = "upstream_sessions"
    UPSTREAM_SESSION_OVER = "upstream_session_over"
    UPSTREAM_REFUSALS_IN_A_ROW = "upstream_refusals_in_a_row"
    UPSTREAM_CIRCUITS = "upstream_circuits"
    UPSTREAM_LOGOUT = "upstream_logout"
    UPSTREAM_LOGOUTS_KEPT = "upstream_logouts_kept"
    UPSTREAM_LOGOUT_REFUSALS = "upstream_logout_refusals"
    CARD_ATTEMPT = "card_attempt"
    CARD_PRESENTATION = "card_presentation"
    CARD_STATUS = "card_status"
    CARD_HEADER_REFUSALS = "card_header_refusals"
    # Not "mail_code": during an upgrade, what the version before wrote under that name is not read.
    MAIL_CODE = "mail_code_nonce"
    MAIL_CODE_TRIES = "mail_code_tries"
    MAIL_CODE_FAILURES = "mail_code_failures"
    EMAIL_CHANGE = "email_change"
    TYPED_IN_SECTION = "typed_in_section"
    MAIL_QUOTA_MINUTE = "mail_quota_minute"
    MAIL_QUOTA_HOUR = "mail_quota_hour"
    MAIL_QUOTA_DAY = "mail_quota_day"
    MAIL_QUOTA_IP = "mail_quota_ip"
    PASSWORD_TRIES = "password_tries"
    PASSWORD_WAIT = "password_wait"
    PASSWORD_FAILURES_IN_A_ROW = "password_failures_in_a_row"
    PASSWORD_FAILURES_OF_DEVICE = "password_failures_of_device"
    PASSWORD_PAGE = "password_page"
    PASSKEY_CHALLENGE = "passkey_challenge"
    PASSKEY_FAILURES_BY_IP = "passkey_failures_by_ip"
    CLIENT_REFUSALS = "client_refusals"
    CERTIFICATE_REFUSALS = "certificate_refusals"
    DPOP_PROOF = "dpop_proof"
    CLIENT_ASSERTION = "client_assertion"
    PASSWORD_POSTS_BY_IP = "password_posts_by_ip"
    PASSWORDS_JUDGED_BY_IP = "passwords_judged_by_ip"
    #: Sets of members (`note_member`).
    REFUSED_IN_NETWORK = "refused_in_network"
    REFUSED_IN_MINUTE = "refused_in_minute"
    REFUSED_USUALLY = "refused_usually"
    REFUSALS_TOLD = "refusals_told"
    SLOW_NETWORK = "slow_network"
    SLOW_NETWORK_POSTS = "slow_network_posts"
    SIGN_INS_BY_IP = "sign_ins_by_ip"
    ATTEMPTS_OF_SIGN_IN = "attempts_of_sign_in"
    PUSHED_BY_CLIENT = "pushed_by_client"
    REFUSED_REQUEST = "refused_request"
    CLIENT_GUESSES = "client_guesses"
    CLIENT_TRIES_WHILE_SLOW = "client_tries_while_slow"
    OPERATIONS_COUNTS = "operations_counts"
    ANNOUNCEMENT = "announcement"


#: Of one record, or of one counter.
Place = tuple[Kind, str]


class Versioned(NamedTuple):
    """Of a counter: no members, and its count as version."""

    value: Mapping[str, Any]
    version: int


class Put(NamedTuple):
    """What `put` is given."""

    kind: Kind
    key: str
    value: Mapping[str, Any]
    ttl: timedelta


class Limited(NamedTuple):
    """A counter, the window that its first count begins, and the highest count that is allowed."""

    place: Place
    window: timedelta
    most: int


class StaleRecord(Exception):
    """The record changed or disappeared since the caller read it: the caller reads it again."""


class StoreUnavailable(Exception):
    """The store did not answer in time. Callers fail closed: they refuse, and say that the service is unavailable."""


class EphemeralStore(Protocol):
    """Raises StoreUnavailable from every method when the store is down. Expired records are never returned.

    Within a unit of work (`core/unit_of_work`), `put`, `touch`, `drop_member` and `clear` wait for its end; the others,
    whose outcome the caller needs, are steps of their own. Within a request, `get` may return what this request read
    before.
    """

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        """Write a JSON object at version 0, replacing any record of this key."""

    def add(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, after: Put | None = None
    ) -> bool:
        """Write as `put` does, unless there is a record. Of several concurrent callers, one gets True.

        `after`: put before it and with it, whether this is added or not: who finds this finds that.
        """

    def get(self, kind: Kind, key: str) -> Versioned | None: ...

    def foresee(self, kind: Kind, key: str) -> None:
        """This request will `get` it: it may be read along with what the request asks next, and not be waited for."""

    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        """Returns what is at each place at one moment: this one, never what the request read before."""

    def take(self, kind: Kind, key: str, *, after: Put | None = None) -> Mapping[str, Any] | None:
        """Read and delete atomically. Of several concurrent callers, one gets the value and the others None.

        `after`: put before it and with it, by each of them: who does not find this any more finds that.
        """

    def swap(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        *,
        expected_version: int,
        ttl: timedelta | None = None,
    ) -> None:
        """Compare and set: the new version is `expected_version + 1`. Keeps the time of expiry unless `ttl` is given.

        Raises StaleRecord when the record is absent, expired, or at another version.
        """

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        """Write as `swap` does, by the end of the request at the latest (`UnitOfWork.request`).

        A record that changed or disappeared since stays as it is, and nobody is told.
        """

    def put_counted(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, counter: Limited
    ) -> bool:
        """Add one to the counter as `count` does, and write as `put` does if that makes no more than `most`.

        Returns whether it was written. One step, in one command.
        """

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        """Add one atomically. Returns the new count. The window starts at the first count and lasts `ttl`."""

    def count_all(self, counters: Sequence[Limited]) -> Sequence[int]:
        """Add one to each in one step, unless one of them would come to more than its `most`: then to none.

        Returns what each comes to, or would. Of callers that count at one instant, some may have counted those before
        the one that refuses them; never those after it.
        """

    def count_or_refuse(self, *counters: tuple[Limited, Exception]) -> None:
        """Add one to each with the present unit of work, unless one would come to more than its `most`: then nothing of
        the unit is written, and its exception is raised, by the end of the block.

        A store on another server counts at once: all of them or none.
        """

    def counted(self, kind: Kind, key: str) -> int:
        """Returns the present count, 0 when there is none. `take` clears a counter."""

    def note_member(self, kind: Kind, key: str, member: str, ttl: timedelta) -> int:
        """Make it one of the members of this key for so long from now; one that it is already counts no second time.

        Returns how many living members there are, in one step.
        """

    def members(self, kind: Kind, key: str) -> int:
        """Returns how many living members there are."""

    def drop_member(self, kind: Kind, key: str, member: str) -> None:
        """It is none any more, with the present unit of work; without one, by the end of the request at the latest."""

    def clear(self, places: Sequence[Place]) -> None:
        """Delete what is there, in one step; each place is named once. Of counters that are counted together, in the
        order of their counting, or two databases' locks may wait for each other."""

    def is_alive(self) -> bool:
        """Whether the store answers. Never raises."""
