"""`idp card list|show|test`: a card in the reader of a workstation, for help desks.

Contains printing what `cards/inspection` says. The output names the card holder, for the person at this screen. Not
here: a provider, settings, files, the PIN, which is never written.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from getpass import GetPassWarning, getpass
from pathlib import Path

from idp.adapters.pkcs11_card import Pkcs11CardReader, default_modules
from idp.cards.anchors import AnchorsRefused, load_anchors
from idp.cards.certificate import Card
from idp.cards.inspection import ISSUERS_AS_NAMED, Inspection, inspect, prove_key
from idp.cards.person_name import full_name
from idp.cards.reader import CardReader, PinState, ReaderCard, ReaderFailed, ReaderFault
from idp.cards.trust import CardPolicy, CardRefusal
from idp.core.clock import Clock, SystemClock
from idp.settings import windows_directory
from idp.settings.files import read_octets
from idp.web.catalogues import Translator, load_catalogues

_TEMPLATES = Path(__file__).parents[2] / "templates"


def ask_hidden(prompt: str) -> str:
    """Returns a PIN typed without being shown. Raises ReaderFailed when it cannot be hidden, or the person gave up."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(prompt)
        except (GetPassWarning, EOFError, KeyboardInterrupt) as error:
            raise ReaderFailed(ReaderFault.PIN_ABANDONED) from error


_DAY = {"fr": "%d/%m/%Y", "en": "%Y-%m-%d"}
_WARNED = {PinState.LOW: "test.low", PinState.LAST: "test.last"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDesk:
    """The commands, over any reader. `ask_pin` shows its prompt and hides what is typed."""

    reader: CardReader
    policy: CardPolicy
    clock: Clock
    locale: str
    ask_pin: Callable[[str], str] = ask_hidden
    say: Callable[[str], None] = print

    def list(self) -> int:
        cards = self.reader.cards()
        if not cards:
            raise ReaderFailed(ReaderFault.NO_CARD)
        t = _texts(self.locale)
        self.say(t("list.header"))
        for card in cards:
            self.say(t("list.line", **_of_reader(t, card)))
        return 0

    def show(self, wanted: str | None) -> int:
        inspection = self._inspect(wanted)
        self._print(inspection)
        return 0 if inspection.refusal is None else 1

    def test(self, wanted: str | None) -> int:
        inspection = self._inspect(wanted)
        self._print(inspection)
        t, pin = _texts(self.locale), inspection.card_in_reader.pin
        if pin in _WARNED:
            self.say(t(_WARNED[pin]))
        if inspection.card_in_reader.has_pin_pad:
            self.say(t("test.pad"))
        is_good = prove_key(self.reader, inspection, lambda: self.ask_pin(t("test.ask")))
        self.say(t("test.good" if is_good else "test.bad"))
        return 0 if is_good and inspection.refusal is None else 1

    def _inspect(self, wanted: str | None) -> Inspection:
        return inspect(self.reader, self._card(wanted), self.policy, now=self.clock.now())

    def _card(self, wanted: str | None) -> ReaderCard:
        cards = self.reader.cards()
        if not cards:
            raise ReaderFailed(ReaderFault.NO_CARD)
        found = [card for card in cards if wanted in (None, card.label, card.serial)]
        if len(found) > 1:
            raise ReaderFailed(ReaderFault.SEVERAL_CARDS)
        if not found:
            raise ReaderFailed(ReaderFault.UNKNOWN_CARD)
        return found[0]

    def _print(self, inspection: Inspection) -> None:
        for line in _lines(inspection, self.locale):
            self.say(line)


def _texts(locale: str) -> Translator:
    return load_catalogues(_TEMPLATES / "help_desk").translator(locale)


def _of_reader(t: Translator, card: ReaderCard) -> dict[str, str]:
    return {
        "label": card.label,
        "serial": card.serial or "?",
        "model": card.model,
        "reader": card.reader,
        "pin": t(f"pin.{card.pin}"),
    }


def _lines(inspection: Inspection, locale: str) -> Iterator[str]:
    t, found = _texts(locale), inspection.card_in_reader
    yield t("show.card", **_of_reader(t, found))
    yield t("show.pin", pin=t(f"pin.{found.pin}"))
    if inspection.kinds:
        yield t("show.certificates")
    for stored, kind in inspection.kinds:
        mark = ">" if stored is inspection.chosen else " "
        yield t("show.certificate", mark=mark, label=stored.label, kind=t(f"kind.{kind}"))
    if inspection.card is not None:
        yield from _holder(t, inspection.card, locale)
    if inspection.issuer is not None:
        yield t("show.issuer", name=inspection.issuer)
        yield t("show.issuer_proved" if inspection.is_issuer_proved else "show.issuer_named")
        yield t("show.revocation")
    if "RSA_PKCS_PSS" not in found.mechanisms:
        yield t("show.tls12")
    yield from _verdict(t, inspection, locale)


def _holder(t: Translator, card: Card, locale: str) -> Iterator[str]:
    yield t("show.holder", name=full_name(card.given_name, card.family_name))
    yield t("show.national_id", kind=t(f"id.{card.national_id.kind}"), value=card.national_id.value)
    if card.profession is not None:
        yield t("show.profession", label=card.profession.label, code=card.profession.code)
    if card.future_profession is not None:
        yield t(
            "show.future_profession", label=card.future_profession.label, code=card.future_profession.code
        )
    for speciality in card.specialities:
        yield t("show.speciality", label=speciality.label, code=speciality.code)
    if not card.specialities:
        yield t("show.no_speciality")
    category = card.category.name
    yield t("show.card_type", type=card.card_type.name, category=t(f"category.{category.lower()}"))
    # The workstation's own time zone: not every Windows has the zone names that `local_time` needs.
    begins, ends = (
        instant.astimezone().strftime(_DAY[locale]) for instant in (card.not_before, card.not_after)
    )
    yield t("show.validity", begins=begins, ends=ends)


def _verdict(t: Translator, inspection: Inspection, locale: str) -> Iterator[str]:
    yield ""
    if inspection.refusal is None:
        yield t("show.accepted")
        return
    reason = inspection.refusal
    # The words of the page: help desk and user then read the same ones to each other.
    page = load_catalogues(_TEMPLATES).translator(locale)
    yield t("show.refused", reason=reason, title=page(f"cps.{reason}.title"))
    if inspection.is_contactless:
        yield t("show.contactless")
    elif reason is not CardRefusal.NONE:
        for line in page(f"cps.{reason}.text").strip().splitlines():
            yield t("show.hint", line=line)
    if inspection.detail:
        yield t("show.reason_detail", detail=inspection.detail)


def list_cards(options: argparse.Namespace) -> int:
    return _at_desk(options, lambda desk: desk.list())


def show(options: argparse.Namespace) -> int:
    return _at_desk(options, lambda desk: desk.show(options.card))


def test(options: argparse.Namespace) -> int:
    return _at_desk(options, lambda desk: desk.test(options.card))


def _at_desk(options: argparse.Namespace, act: Callable[[CardDesk], int]) -> int:
    t = _texts(options.lang)
    try:
        return act(
            CardDesk(
                reader=_reader(options.module),
                policy=_policy(options),
                clock=SystemClock(),
                locale=options.lang,
            )
        )
    except ReaderFailed as failed:
        print(f"idp: {t(f'fault.{failed.fault}')}", file=sys.stderr)
        if failed.detail:
            print(f"idp: {t('fault.detail', detail=failed.detail)}", file=sys.stderr)
        return 1
    except (AnchorsRefused, OSError) as error:
        print(f"idp: {t('fault.trust', detail=error)}", file=sys.stderr)
        return 2


def _reader(module: Path | None) -> CardReader:
    if module is not None:
        return Pkcs11CardReader(module)
    known = default_modules(sys.platform, windows_directory())
    found = next((path for path in known if path.exists()), None)
    if found is None:
        raise ReaderFailed(ReaderFault.MODULE_MISSING, ", ".join(str(path) for path in known))
    return Pkcs11CardReader(found)


def _policy(options: argparse.Namespace) -> CardPolicy:
    anchors = load_anchors(read_octets(path) for path in options.trust) if options.trust else ISSUERS_AS_NAMED
    return CardPolicy(
        anchors=anchors,
        accept_test_cards=options.accept_test_cards,
        accept_employee_cards=options.accept_employee_cards,
    )
