"""Contains whether the files that an operator gives the pages can serve: each would keep a process from starting.

Not here: keys, certificates, relying parties (`keys`); what a file must hold (those who build from it).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from idp.core.finding import Inquiry, Told, green, red
from idp.settings import BadSetting, Settings
from idp.wiring.accounts import build_policy
from idp.wiring.doctor.hand import Hand
from idp.wiring.house import build_houses
from idp.wiring.languages import build_languages
from idp.wiring.psc import psc_pictures

#: Each reads its files and raises BadSetting.
_READERS: Sequence[Callable[[Settings], object]] = (build_languages, build_houses, psc_pictures, build_policy)


def file_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(
        name="files of the pages",
        look=partial(_read, hand),
        needs=("LANGUAGES_", "DEFAULT_LOCALE", "OPERATOR_", "HELP_", "PSC_PICTURE", "PASSWORD_"),
    )


def _read(hand: Hand) -> Iterator[Told]:
    if hand.parts is not None:
        # Not again at each look: a list of passwords may be long.
        yield green("languages, logo, pictures, lists: read when this process began")
        return
    is_well = True
    for reader in _READERS:
        try:
            reader(hand.settings)
        except BadSetting as bad:
            is_well = False
            for fault in bad.faults:
                yield red(str(fault), "docs/settings.md")
    if is_well:
        yield green("languages, logo, pictures, lists: each can serve")
