"""Contains what every page shares, beside its own view-model. Not here: that (`sign_in` and its neighbours)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When the sign-in under way, or the form of a section of « Mon compte », ends by itself. POST base_path/more_time
    prolongs it, where it may be."""

    #: Of the day, in the words of the language.
    time: str
    #: Left when the page was shown.
    seconds: int
    may_prolong: bool
    #: That takes a fresh proof, in place.
    by_proof: bool = False
    #: The person leaves the page for it, and comes back.
    leaves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpDesk:
    """How a person reaches the help desk; "" for what the operator did not say. All "": nothing is shown."""

    telephone: str = ""
    #: What a telephone dials.
    dial: str = ""
    hours: str = ""
    hours_lang: str = "fr"
    address: str = ""
    #: Where the address leads, "" for a postal one.
    link: str = ""

    def __bool__(self) -> bool:
        return bool(self.telephone or self.hours or self.address)


# One for each language in a process: compared by itself, as a kept page is looked for by it.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class House:
    """Whose service it is; "" for what is the product's."""

    name: str = ""
    #: Addresses here of the logo, and of the style sheet with the operator's colours.
    logo: str = ""
    colours: str = ""
    help_desk: HelpDesk = HelpDesk()
    #: Names of pages at /about/, in the order of their links; the accessibility statement is always there.
    pages: tuple[str, ...] = ()
    #: What that statement says: "none", "partial" or "total"; "" where a page has no such links.
    accessibility: str = ""


#: Of a page that says nothing of it.
NO_HOUSE = House()


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the operator says on every page. `level`: "info" or "warning". `lang`: of the text."""

    level: str
    text: str
    lang: str


# One for each language in a process, as a House is.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherLanguage:
    """A language that the page is not in. `name`: as its speakers call it."""

    tag: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page shares. `restart_path` is None outside an interaction."""

    locale: str
    other_languages: tuple[OtherLanguage, ...]
    #: The same page in another: a GET with `?lang=` that changes only a cookie.
    language_path: str
    #: The relying party, or « Mon compte »; None on pages outside an interaction.
    client_name: str | None
    #: The address here of its logo, "" for none.
    client_logo: str = ""
    #: Path prefix of the forms, such as "/interaction/AbC"; "" outside an interaction.
    base_path: str
    csrf: str
    #: Several people use this browser: it is asked to keep nothing that is typed.
    is_shared_station: bool = False
    #: Names the session that the forms of a section of « Mon compte » are posted in; "" elsewhere.
    session: str = ""
    #: Whose it is: full name, "" elsewhere.
    whose: str = ""
    #: What was just done, in words, or None.
    said: str | None = None
    #: Of the sign-in, for the help desk; "" where there is none, and on a page that is made once for all.
    reference: str = ""
    #: None: nothing on the page ends by itself.
    deadline: Deadline | None = None
    house: House = NO_HOUSE
    announcement: Announcement | None = None
    #: A mail that was asked for may take minutes.
    mails_are_late: bool = False
