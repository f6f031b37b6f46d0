"""Contains what the page of the one hinted door shows. Not here: the choice of doors (`sign_in`)."""

from dataclasses import dataclass

from idp.pages.sign_in import Doors


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPage:
    """The one door at which the relying party hints. `door`: "cps" or "password"; `notice`, `login_hint`: as on the
    choice page. Its POST, and base_path/door/others, base_path/cancel."""

    door: str
    doors: Doors
    notice: str | None = None
    login_hint: str = ""

    @property
    def has_others(self) -> bool:
        open_doors = (self.doors.psc, self.doors.cps, self.doors.passkey, self.doors.password)
        return sum(open_doors) > 1
