"""What the pages of passkeys show: the door, and the section of the account. View-models, as in `sign_in`."""

from dataclasses import dataclass

from idp.pages.sign_in import Doors, IdentityView


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPage:
    """POST base_path/passkey: credential, which the script fills in."""

    doors: Doors
    #: What the script calls the browser with, JSON; "" when the person who is proved has no passkey.
    options: str
    #: It follows the password.
    is_second: bool
    #: "passkey." and "refused", "stale", "not_verified", "other_person" or "network"; or None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyView:
    id: str
    #: Given by the person, or made of its number in the list.
    name: str
    is_synced: bool
    created_on: str
    #: None: never used.
    last_used_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeysPage:
    """POST /account/passkeys/add (name, credential), and /rename (passkey, name), /remove (passkey)."""

    identity: IdentityView
    passkeys: tuple[PasskeyView, ...]
    #: What the script calls the browser with, JSON; "" when the person has as many as may be.
    options: str
    #: Posted back with each form: another person may sign in at this browser meanwhile.
    session: str
    longest_name: int
    #: A key of the catalogue, or None.
    error: str | None = None
    #: What was done: "passkeys.added", "passkeys.renamed", "passkeys.removed", or None
    done: str | None = None
    #: The password needs one.
    is_demanded: bool = False
