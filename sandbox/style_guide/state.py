"""Contains what a state is, and the frame that its page gets. Not here: which there are (`pages`)."""

from dataclasses import dataclass
from typing import Any

from idp.pages.frame import NO_HOUSE, Announcement, Deadline, Frame, House, OtherLanguage
from sandbox.style_guide.cast import ELISE

LOCALES = ("fr", "en")
FRENCH, ENGLISH = OtherLanguage(tag="fr", name="Français"), OtherLanguage(tag="en", name="English")


@dataclass(frozen=True)
class State:
    """One picture: `name` is unique, `template` is relative to idp/templates."""

    name: str
    template: str
    page: Any
    in_interaction: bool = True
    is_shared_station: bool = False
    deadline: Deadline | None = None
    #: Something was done just before.
    is_told: bool = False
    house: House = NO_HOUSE
    client_logo: str = ""
    announcement: Announcement | None = None
    mails_are_late: bool = False

    @property
    def is_section(self) -> bool:
        return self.template.startswith("account/") and self.template != "account/home.html"

    @property
    def is_error(self) -> bool:
        return self.name.endswith("!")


_SAID = {"fr": "Votre adresse postale est enregistrée.", "en": "Your postal address is saved."}


def frame(state: State, locale: str) -> Frame:
    return Frame(
        locale=locale,
        other_languages=(ENGLISH if locale == "fr" else FRENCH,),
        language_path="/language",
        client_name="ViaTrajectoire" if state.in_interaction else None,
        base_path="/interaction/AbC" if state.in_interaction else "/account/email" if state.deadline else "",
        csrf="csrf-value",
        is_shared_station=state.is_shared_station,
        session="sid" if state.is_section else "",
        whose=ELISE.full_name if state.is_section else "",
        said=_SAID[locale] if state.is_told else None,
        deadline=state.deadline,
        reference="7KQM-2XBD" if state.in_interaction else "",
        house=state.house,
        client_logo=state.client_logo,
        announcement=state.announcement,
        mails_are_late=state.mails_are_late,
    )
