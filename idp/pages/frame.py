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
class Frame:
    """What every page shares. `restart_path` is None outside an interaction."""

    locale: str
    #: The same page in the other language: a GET that changes only a cookie.
    other_locale: str
    other_locale_path: str
    #: The relying party, or « Mon compte »; None on pages outside an interaction.
    client_name: str | None
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
