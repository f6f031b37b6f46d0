"""What the page of a charter shows, and those of the charters accepted. View-models, as in `sign_in`."""

from dataclasses import dataclass

from idp.pages.sign_in import IdentityView
from idp.pages.step import Step


@dataclass(frozen=True, slots=True)
class CharterChange:
    """What changed in one revision, and the language in which the operator says it."""

    html: str
    locale: str


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of a table of contents. `id`: of the heading in the HTML of the text."""

    id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterPage:
    """POST base_path/charter: accepted ("yes"), charter, revision, text_sha256; POST base_path/charter/refuse; POST
    base_path/charter/later: charter. GET base_path/charter/text: the text as a file."""

    charter: str
    #: The client demands this charter, beside the one of this service.
    of_client: bool
    #: How many charters must be accepted, this one included.
    still_due: int
    text_html: str
    #: Language of the text: French when the revision has no translation.
    text_locale: str
    #: Posted back with the answer: names the text on the page, even if the language changes before the answer.
    text_sha256: str
    revision: str
    published_on: str
    #: The person accepted an earlier revision of this charter.
    is_new_revision: bool
    #: "charter.tick_needed", "charter.revision_changed", or None
    error: str | None
    #: The table of contents; empty: the text is too short for one.
    contents: tuple[Heading, ...] = ()
    #: Of a first connection; None for a person who was enrolled before.
    step: Step | None = None
    #: What changed since that earlier revision, in the operator's words, oldest first.
    changes: tuple[CharterChange, ...] = ()
    #: The day from which it is in force, while it is only announced; "": it is.
    due_from: str = ""
    #: Until then the person may put it off: the revision in force was accepted.
    may_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceLine:
    """One acceptance. `address`: of its page."""

    address: str
    #: Of the application that demanded this charter; "": of this service.
    of_client: str
    revision: str
    published_on: str
    accepted_at: str
    #: Keys "charters.door_<door>", in the order in which they were passed; empty: not recorded.
    doors: tuple[str, ...]
    #: The application that the person was on the way to.
    application: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartersPage:
    """GET /account/charters: what the person accepted, newest first."""

    acceptances: tuple[AcceptanceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptancePage:
    """GET /account/charters/<number>: one acceptance with its text, to read and print; GET
    /account/charters/<number>/text: that text as a file."""

    line: AcceptanceLine
    identity: IdentityView
    #: As recorded at the acceptance.
    text_sha256: str
    #: The text below has this digest. If not, it is the text published in French, and the page says so.
    is_verified: bool
    text_locale: str
    text_html: str
    #: As in `CharterPage`.
    contents: tuple[Heading, ...] = ()
