"""The sections of « Mon compte ».

Contains their addresses, the closed table of where a sign-in of our own may lead, and the detour of a person who must
do something else first. Not here: what a section shows (`flows/account`).
"""

from enum import StrEnum

#: Where a sign-in of our own begins, with `?to=` and the name of a section.
SIGN_IN_PATH = "/account/sign-in"
#: The same for the person signed in, who is to be identified anew.
PROOF_PATH = "/account/proof"


class Section(StrEnum):
    HOME = "home"
    IDENTITY = "identity"
    EMAIL = "email"
    ADDRESS = "address"
    PASSWORD = "password"
    PASSKEYS = "passkeys"
    SESSIONS = "sessions"
    HISTORY = "history"
    CHARTERS = "charters"
    DATA = "data"

    @property
    def path(self) -> str:
        """Returns its address, which is also that of its forms."""
        return "/" if self is Section.HOME else f"/account/{self}"

    @property
    def sign_in_path(self) -> str:
        return f"{SIGN_IN_PATH}?to={self}"

    @property
    def proof_path(self) -> str:
        return f"{PROOF_PATH}?to={self}"

    @property
    def another_proof_path(self) -> str:
        """Returns the same, also while the last proof is fresh."""
        return f"{self.proof_path}&again=1"


_BY_NAME = {str(section): section for section in Section}


def section_named(name: str) -> Section:
    """Returns the section of this name; for any other text the home: no address of a caller's is gone to."""
    return _BY_NAME.get(name, Section.HOME)


class Detour(Exception):
    """The person is sent to `path`, an address of ours, and told `said` there (`Rendering.told`), if anything.

    `keeps`: the section that keeps what was typed, for when the person is back."""

    def __init__(self, path: str, said: str | None = None, *, keeps: Section | None = None) -> None:
        super().__init__(path)
        self.path = path
        self.said = said
        self.keeps = keeps
