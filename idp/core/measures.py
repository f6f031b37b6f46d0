"""Every meter of this service (docs/alerts.md tells what they mean).

Contains their names, labels and bounds; no label has a value that a caller chooses. Not here: what is looked up when
metrics are read (`wiring/operations`), the counting itself.
"""

from collections.abc import Mapping

from idp.core.audit import AuditEvent
from idp.core.meters import Counter, Gauge, Histogram, Number

#: Seconds. A store of ours answers below the first, and is cut off at 2.5.
_OF_STORES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_OF_REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OF_OTHERS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

EVENTS = Counter("caducee_events_total", "Audit events (docs/audit.md)", ("event",))
SIGN_INS = Counter("caducee_sign_ins_total", "Proofs asked for at a door", ("door", "outcome"))
STOPS = Counter("caducee_stops_total", "Pages that the hub found due", ("stop",))
REQUEST_SECONDS = Histogram(
    "caducee_request_seconds", "Time to answer a request", ("endpoint", "status"), bounds=_OF_REQUESTS
)
STORE_SECONDS = Histogram(
    "caducee_store_seconds", "Time of a call to a store", ("store", "call"), bounds=_OF_STORES
)
STORE_FAILURES = Counter(
    "caducee_store_failures_total", "Calls to a store that failed as it was down", ("store",)
)
RETRIES = Counter("caducee_retries_total", "Things done again after a failure", ("what",))
PSC_SECONDS = Histogram(
    "caducee_psc_seconds", "Time of a call to Pro Sante Connect", ("endpoint",), bounds=_OF_OTHERS
)
PSC_FAILURES = Counter("caducee_psc_failures_total", "Calls without a usable answer", ("endpoint",))
PSC_LOGINS = Counter("caducee_psc_logins_total", "Returns from Pro Sante Connect", ("outcome",))
PSC_OPEN = Gauge(
    "caducee_psc_circuit_open", "Processes whose circuit to this endpoint is open", ("endpoint",)
)
PSC_HELD = Gauge("caducee_psc_at_once", "Sign-ins that wait for Pro Sante Connect (PSC_AT_ONCE)", ("of",))
PSC_PLACES = Gauge("caducee_psc_at_once_places", "How many may wait for it at once", ("of",))
PSC_CROWDED = Counter("caducee_psc_at_once_refused_total", "Sign-ins that found no place to wait in", ("of",))
OCSP_SECONDS = Histogram("caducee_ocsp_seconds", "Time of a question by OCSP", bounds=_OF_OTHERS)
OCSP_ANSWERS = Counter("caducee_ocsp_answers_total", "Answers by OCSP", ("answer",))
REFUSED_REQUESTS = Counter(
    "caducee_refused_requests_total",
    "Requests of relying parties that broke a rule (docs/refusals.md)",
    ("endpoint", "rule"),
)
HASHES_RUNNING = Gauge("caducee_hashes_running", "Password hashes that are computed")
HASHES_ADMITTED = Gauge("caducee_hashes_admitted", "Password hashes computed or waiting")
HASHES_PLACES = Gauge("caducee_hashes_places", "Password hashes that may be computed or wait at once")
HASHES_REFUSED = Counter("caducee_hashes_refused_total", "Password forms refused because the queue was full")
AUDIT_LINES_LOST = Counter(
    "caducee_audit_lines_lost_total", "Lines of the audit trail that did not leave; their rows are there"
)

CLIENT_CREDENTIALS = Counter(
    "caducee_client_credentials_used_total",
    "Secrets, keys and certificates that proved a client: of several, or of those that end",
    ("client", "kind", "credential", "ends"),
)

#: By the event that tells of it: the door at which somebody tried to prove who they are, and what came of it.
SIGN_IN_OF: Mapping[AuditEvent, tuple[str, str]] = {
    AuditEvent.CARD_LOGIN_ACCEPTED: ("cps", "accepted"),
    AuditEvent.CARD_LOGIN_REFUSED: ("cps", "refused"),
    AuditEvent.PSC_LOGIN_ACCEPTED: ("psc", "accepted"),
    AuditEvent.PSC_LOGIN_REFUSED: ("psc", "refused"),
    AuditEvent.PASSWORD_ACCEPTED: ("password", "accepted"),
    AuditEvent.PASSWORD_REFUSED: ("password", "refused"),
    AuditEvent.PASSWORD_THROTTLED: ("password", "throttled"),
    AuditEvent.MAIL_CODE_ACCEPTED: ("email_otp", "accepted"),
    AuditEvent.MAIL_CODE_REFUSED: ("email_otp", "refused"),
    AuditEvent.PASSKEY_ACCEPTED: ("passkey", "accepted"),
    AuditEvent.PASSKEY_REFUSED: ("passkey", "refused"),
    AuditEvent.SESSION_STARTED: ("any", "session"),
}


class _Counted(dict[AuditEvent, tuple[Number, ...]]):
    """What an event adds to."""

    def __missing__(self, event: AuditEvent) -> tuple[Number, ...]:
        known = SIGN_IN_OF.get(event)
        numbers = (EVENTS.of(event.value), *((SIGN_INS.of(*known),) if known else ()))
        self[event] = numbers
        return numbers


_COUNTED = _Counted()


def count_event(event: AuditEvent) -> None:
    """Count an event that was committed."""
    for number in _COUNTED[event]:
        number.add()
