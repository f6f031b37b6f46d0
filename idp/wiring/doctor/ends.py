"""Contains what is said of the end of a certificate. Not here: where it was seen."""

from datetime import datetime

from idp.core.finding import Told, amber, green, red
from idp.wiring.doctor.hand import Hand


def told_end(hand: Hand, use: str, end: datetime) -> Told:
    settings, now = hand.settings, hand.now()
    if end <= now:
        return red(f"{use}: it ended {end:%Y-%m-%d}", "renew it now")
    told = f"{use}: until {end:%Y-%m-%d}"
    is_soon = end - now < settings.operations.certificates
    return amber(told, "order the next one now") if is_soon else green(told)
