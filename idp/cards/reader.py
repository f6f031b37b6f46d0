"""Port to the cards in the readers of one workstation, for help desks. Adapter: `adapters/pkcs11_card.py`.

The provider itself never sees a reader: browsers speak to it, and prove the card in TLS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PinState(StrEnum):
    """What the card says of its code porteur; three wrong entries in a row block it."""

    FULL = "full"
    LOW = "low"  # at least one wrong entry since the last right one
    LAST = "last"  # one more wrong entry blocks it
    LOCKED = "locked"
    NONE = "none"  # this interface of the card asks for none: the contactless one


class ReaderFault(StrEnum):
    """Why a card could not be worked with; shared by exception and message."""

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
    """`detail` is the name of what the module answered; never a PIN."""

    def __init__(self, fault: ReaderFault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCard:
    """A card as its module announces it, before anything is read from it. `mechanisms`: names of PKCS#11."""

    label: str
    serial: str
    model: str
    reader: str
    pin: PinState
    has_pin_pad: bool
    mechanisms: frozenset[str]


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """`key_id` links it to its private key (CKA_ID)."""

    label: str
    key_id: bytes
    der: bytes


class CardReader(Protocol):
    """Every method raises ReaderFailed."""

    def cards(self) -> Sequence[ReaderCard]:
        """Read anew at each call: the state of the PIN changes."""

    def certificates(self, card: ReaderCard) -> Sequence[StoredCertificate]: ...

    def keys_without_pin(self, card: ReaderCard) -> Sequence[bytes]:
        """CKA_IDs of private keys that anybody who holds the card may use."""

    def sign(self, card: ReaderCard, key_id: bytes, digest_info: bytes, pin: str | None) -> bytes:
        """RSA PKCS#1 v1.5 over this DigestInfo: what every CPS can do. The PIN is presented once.

        None: the person types it on the reader.
        """
