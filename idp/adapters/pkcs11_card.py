"""The cards of a workstation through the vendor's PKCS#11 module (Cryptolib CPS), or another one.

Contains where the module is on each system, and what its answers mean. Not here: verdicts, words for people.
The command has one thread, so the module is loaded without p11-kit. No call is repeated: three wrong PINs block a card.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from idp.cards.reader import PinState, ReaderCard, ReaderFailed, ReaderFault, StoredCertificate

#: CKR_VENDOR_DEFINED+1, CKR_ASIP_BAD_EF_ACTUA: an update of the card began and did not finish.
_UPDATE_INTERRUPTED = "0x80000001"


def default_modules(platform: str, windows_directory: str) -> Sequence[Path]:
    """Returns the paths where Cryptolib CPS 5 installs its module. `platform`: as `sys.platform`."""
    is_64 = sys.maxsize > 2**32
    of_windows = "cps3_pkcs11_w64.dll" if is_64 else "cps3_pkcs11_w32.dll"
    known: Mapping[str, Sequence[str]] = {
        "win32": [f"{windows_directory}/System32/{of_windows}", f"{windows_directory}/SysWOW64/{of_windows}"],
        "darwin": ["/usr/local/lib/libcps3_pkcs11_osx.dylib"],
        "linux": [
            "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so",
            "/usr/lib64/libcps3_pkcs11_lux.so",
            "/usr/lib64/libcps3_pkcs11_lux.so.0",
        ],
    }
    return [Path(path) for path in known.get(platform, ())]


class Pkcs11CardReader:
    def __init__(self, module: Path) -> None:
        """Raises ReaderFailed when the module does not exist or does not start."""
        import pkcs11  # imported late: a machine without it can still show the command's help

        if not module.exists():
            raise ReaderFailed(ReaderFault.MODULE_MISSING, str(module))
        try:
            self._library = pkcs11.lib(str(module))
        except pkcs11.PKCS11Error as error:
            raise ReaderFailed(ReaderFault.MODULE_MISSING, f"{module}: {error}") from error

    def cards(self) -> Sequence[ReaderCard]:
        with self._failing():
            return [_card(token) for token in self._tokens()]

    def certificates(self, card: ReaderCard) -> Sequence[StoredCertificate]:
        from pkcs11 import Attribute, ObjectClass

        template = {Attribute.CLASS: ObjectClass.CERTIFICATE}
        with self._failing(), self._token(card).open() as session:
            return [
                StoredCertificate(found[Attribute.LABEL], found[Attribute.ID], found[Attribute.VALUE])
                for found in list(session.get_objects(template))
            ]

    def keys_without_pin(self, card: ReaderCard) -> Sequence[bytes]:
        from pkcs11 import Attribute, ObjectClass

        template = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        with self._failing(), self._token(card).open() as session:
            return [found[Attribute.ID] for found in list(session.get_objects(template))]

    def sign(self, card: ReaderCard, key_id: bytes, digest_info: bytes, pin: str | None) -> bytes:
        from pkcs11 import Mechanism, ObjectClass
        from pkcs11.types import PROTECTED_AUTH

        with self._failing():
            user_pin = PROTECTED_AUTH if pin is None else pin
            with self._token(card).open(user_pin=user_pin) as session:
                key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=key_id)
                signature: bytes = key.sign(digest_info, mechanism=Mechanism.RSA_PKCS)
                return signature

    def _tokens(self) -> Iterator[Any]:
        from pkcs11 import TokenFlag, TokenNotPresent, TokenNotRecognised

        for slot in self._library.get_slots(token_present=True):
            try:
                token = slot.get_token()
            # The card was pulled out meanwhile, or is none that this module knows: the next reader may have one.
            except (TokenNotPresent, TokenNotRecognised):
                continue
            if token.flags & TokenFlag.TOKEN_INITIALIZED:
                yield token

    def _token(self, card: ReaderCard) -> Any:
        for token in self._tokens():
            if (token.label, _serial(token)) == (card.label, card.serial):
                return token
        raise ReaderFailed(ReaderFault.CARD_REMOVED)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        from pkcs11 import PKCS11Error

        try:
            yield
        except PKCS11Error as error:
            raise ReaderFailed(fault_of(error), type(error).__name__) from error


def fault_of(error: Exception) -> ReaderFault:
    """Returns what an error of a PKCS#11 module means to the person at the reader."""
    import pkcs11

    if _UPDATE_INTERRUPTED in str(error):
        return ReaderFault.UPDATE_INTERRUPTED
    return next((fault for kinds, fault in _faults(pkcs11) if isinstance(error, kinds)), ReaderFault.FAILED)


def _faults(pkcs11: Any) -> Sequence[tuple[tuple[type[Exception], ...], ReaderFault]]:
    return (
        ((pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange), ReaderFault.PIN_WRONG),
        ((pkcs11.PinLocked,), ReaderFault.PIN_LOCKED),
        ((pkcs11.UserPinNotInitialized,), ReaderFault.CONTACTLESS),
        ((pkcs11.FunctionCancelled,), ReaderFault.PIN_ABANDONED),
        ((pkcs11.NoSuchKey,), ReaderFault.NO_KEY),
        ((pkcs11.MechanismInvalid,), ReaderFault.NO_MECHANISM),
        (
            (
                pkcs11.TokenNotPresent,
                pkcs11.TokenNotRecognised,
                pkcs11.DeviceRemoved,
                pkcs11.SessionHandleInvalid,
                pkcs11.SessionClosed,
                pkcs11.SlotIDInvalid,
            ),
            ReaderFault.CARD_REMOVED,
        ),
    )


def _serial(token: Any) -> str:
    return str(token.serial.decode("ascii", "replace")).strip("\0 ")


def _card(token: Any) -> ReaderCard:
    from pkcs11 import TokenFlag

    slot = token.slot
    return ReaderCard(
        label=token.label,
        serial=_serial(token),
        model=token.model,
        reader=slot.slot_description.strip("\0 "),
        pin=_pin_state(token.flags),
        has_pin_pad=bool(token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH),
        mechanisms=frozenset(
            getattr(mechanism, "name", str(mechanism)) for mechanism in slot.get_mechanisms()
        ),
    )


def _pin_state(flags: Any) -> PinState:
    from pkcs11 import TokenFlag

    if not flags & TokenFlag.USER_PIN_INITIALIZED:
        return PinState.NONE
    states = (
        (TokenFlag.USER_PIN_LOCKED, PinState.LOCKED),
        (TokenFlag.USER_PIN_FINAL_TRY, PinState.LAST),
        (TokenFlag.USER_PIN_COUNT_LOW, PinState.LOW),
    )
    return next((state for flag, state in states if flags & flag), PinState.FULL)
