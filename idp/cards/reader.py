"""Port to the cards in the readers of one workstation, for help desks.

Contains the port, its values and its faults. Adapter: `adapters/pkcs11_card.py`. Not here: the sign-in, which needs no
reader on the server: the browser proves the card in TLS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PinState(StrEnum):
    """What the card says of its PIN (code porteur). Three wrong entries in a row block it."""

    FULL = "full"
    LOW = "low"  # at least one wrong entry since the last right one
    LAST = "last"  # one more wrong entry blocks it
    LOCKED = "locked"
    NONE = "none"  # the contactless interface, which asks for no PIN


class ReaderFault(StrEnum):
    """Why a card could not be used. Shared by exception and message."""

    MODULE_MISSING = "module_missing"
    NO_CARD = "no_card"
    SEVERAL_CARDS = "several_cards"
    UNKNOWN_CARD = "unknown_card"
    CARD_REMOVED = "card_removed"
    UPDATE_INTERRUPTED = "update_interrupted"
    PIN_WRONG = "pin_wrong"
    PIN_LOCKED = "pin_locked"
    PIN_ABANDONED = "pin_abandoned"
    PIN_MALFORMED = "pin_malformed"
    CONTACTLESS = "contactless"
    NO_KEY = "no_key"
    NO_MECHANISM = "no_mechanism"
    FAILED = "failed"


class ReaderFailed(Exception):
    """`detail`: the name of the module's answer, never a PIN."""

    def __init__(self, fault: ReaderFault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCard:
    """A card as its PKCS#11 module announces it, before it is read. `mechanisms`: names of PKCS#11."""

    label: str
    serial: str
    model: str
    reader: str
    pin: PinState
    has_pin_pad: bool
    mechanisms: frozenset[str]


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """`key_id`: CKA_ID, the same as its private key's."""

    label: str
    key_id: bytes
    der: bytes


class CardReader(Protocol):
    """Raises ReaderFailed from every method."""

    def cards(self) -> Sequence[ReaderCard]:
        """Returns the cards, read again at each call: the state of the PIN changes."""

    def certificates(self, card: ReaderCard) -> Sequence[StoredCertificate]: ...

    def keys_without_pin(self, card: ReaderCard) -> Sequence[bytes]:
        """Returns the CKA_IDs of the private keys that need no PIN: the holder of a stolen card could use them."""

    def sign(self, card: ReaderCard, key_id: bytes, digest_info: bytes, pin: str | None) -> bytes:
        """Returns an RSA PKCS#1 v1.5 signature of this DigestInfo, which every CPS can make.

        The PIN is presented once. `pin` None: the person types it on the reader.
        """
