"""Contains what the sign-in page shows: the doors, in their order. Not here: which are open (`flows/shared`)."""

from dataclasses import dataclass

from idp.pages.sign_in import Doors

#: In this order, the one used last before them. A phone reads no card.
_ORDER = ("psc", "cps", "passkey", "password")
_ORDER_ON_PHONE = ("psc", "passkey", "password", "cps")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicePage:
    """POST base_path/psc, base_path/cps, base_path/password (rpps, password), base_path/cancel."""

    doors: Doors
    #: Catalogue key of a notice above the doors: "choice.step_up", "choice.other_door", "choice.fresh",
    #: "choice.restarted", or None.
    notice: str | None = None
    #: The RPPS that the relying party suggests, prefilled; "" when none.
    login_hint: str = ""
    enrolment_from_psc: bool = False
    #: By which this browser signed in last, open or not; "" for none.
    last_door: str = ""
    is_phone: bool = False

    @property
    def order(self) -> tuple[str, ...]:
        """Returns the names of the doors that work, the obvious one first."""
        usual = _ORDER_ON_PHONE if self.is_phone else _ORDER
        is_out = {"psc": self.doors.psc_out}
        working = [name for name in usual if getattr(self.doors, name) and not is_out.get(name)]
        return tuple(sorted(working, key=lambda name: name != self.last_door))

    @property
    def beginning(self) -> tuple[str, ...]:
        """Returns the names of the doors by which a person begins here who has no account."""
        begins = {"cps": not self.is_phone, "psc": self.enrolment_from_psc}
        return tuple(name for name in begins if begins[name] and name in self.order)

    @property
    def begins_elsewhere(self) -> bool:
        """Whether that person needs the card, and a computer that reads it."""
        return not self.beginning and "cps" in self.order

    def kind(self, door: str) -> str:
        """Returns the kind of its button: one is filled, and the card is quiet where hardly anybody has a reader."""
        if door == self.order[0]:
            return "primary"
        return "quiet" if self.is_phone and door == "cps" else "secondary"
