"""What the pages of passkeys show: the door, and the section of the account. View-models, as in `sign_in`."""

from dataclasses import dataclass

from idp.pages.sign_in import Doors


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPage:
    """POST base_path/passkey: credential, which the script fills in."""

    doors: Doors
    #: What the script calls the browser with, JSON; "" when the person who is proved has no passkey.
    options: str
    #: It follows the password.
    is_second: bool
    #: "passkey." and "refused", "stale", "not_verified", "other_person", "network", "counter", "identity_old"; or None
    error: str | None

    @property
    def is_shut(self) -> bool:
        """Whether it opens nothing now: what is left is another door."""
        return self.error in ("passkey.counter", "passkey.identity_old")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyView:
    id: str
    #: Given by the person; "" for none.
    name: str
    is_synced: bool
    created_on: str
    #: None: never used.
    last_used_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeysPage:
    """POST /account/passkeys/add (name, credential), and /rename (passkey, name), /remove (passkey).

    Without a proof by card or Pro Santé Connect of the last `minutes` minutes, the page lists them alone.
    """

    passkeys: tuple[PasskeyView, ...]
    is_proved: bool
    minutes: int
    #: What the script calls the browser with, JSON; "" when none may be added now.
    options: str
    #: "passkeys." and "refused", "stale", "known" or "too_many"; or None
    error: str | None = None
    #: The name in a form that came too late, for the passkey of this id; "": for a new one.
    typed: str = ""
    typed_for: str = ""
