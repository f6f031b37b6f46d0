"""Contains every inquiry, in the order of causes: what stands above explains what stands below. Not here: an
inquiry."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

from idp.core.finding import Finding, Inquiry, Told, amber, green, red
from idp.settings.faults import PREFIX
from idp.settings.usable import Usable
from idp.wiring.doctor.asking import examine_all
from idp.wiring.doctor.beside import beside_inquiries, disk_inquiry
from idp.wiring.doctor.cards import card_inquiries
from idp.wiring.doctor.files import file_inquiries
from idp.wiring.doctor.hand import Hand, hand_of_command, hand_of_process
from idp.wiring.doctor.keys import key_inquiries
from idp.wiring.doctor.others import other_inquiries
from idp.wiring.doctor.outside import outside_inquiries
from idp.wiring.doctor.stores import store_inquiries
from idp.wiring.parts import Parts

#: For all that a command asks, and for what a page waits for.
COMMAND_WAITS, PAGE_WAITS = timedelta(seconds=30), timedelta(seconds=8)


def examine(usable: Usable, within: timedelta = COMMAND_WAITS) -> tuple[Finding, ...]:
    """Returns every finding: red, amber, green, and in each the causes first. Where settings have faults, what does
    not need them is looked at all the same."""
    inquiries = [Inquiry(name="settings", look=lambda: _of_settings(usable))]
    with ExitStack() as closing:
        if usable.settings is not None:
            of_all = _inquiries(hand_of_command(usable.settings, closing))
            inquiries += [_unless_without(one, usable.without) for one in of_all]
        return examine_all(inquiries, within)


def examine_running(parts: Parts, within: timedelta = PAGE_WAITS) -> tuple[Finding, ...]:
    """Returns the same of a process that serves, by its own stores. No mail is sent, and nobody outside is asked what
    would stand in his log as a refusal."""
    return examine_all(list(_inquiries(hand_of_process(parts))), within)


def _inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield disk_inquiry(hand)
    yield from store_inquiries(hand)
    yield from key_inquiries(hand)
    yield from file_inquiries(hand)
    yield from card_inquiries(hand)
    yield from other_inquiries(hand)
    yield from beside_inquiries(hand)
    yield from outside_inquiries(hand)


def _of_settings(usable: Usable) -> Iterator[Told]:
    for fault in usable.faults:
        yield red(str(fault), "docs/settings.md")
    if not usable.faults:
        yield green("no fault")


def _unless_without(one: Inquiry, without: frozenset[str]) -> Inquiry:
    """Returns the inquiry, or what says why it is not made: it needs what has no usable value."""
    missing = sorted(name for name in without for begin in one.needs if name.startswith(begin))
    if not missing:
        return one

    def look() -> Iterator[Told]:
        yield amber(f"not looked at: first {', '.join(PREFIX + name for name in missing)}", "")

    return replace(one, look=look)
