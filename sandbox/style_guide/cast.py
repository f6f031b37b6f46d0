"""Contains who and what stand in the pages: a person, doors, an operator's numbers, hours and days in the language of
the page. Not here: a state (`families`)."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from idp.accounts.open_sessions import Origin
from idp.pages import sign_in as pages
from idp.pages.signed_out import LogoutFrame
from idp.web.local_time import local_day, local_hour, local_time

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


CLIENT_LOGO = "/logos/viatrajectoire"


ALL = pages.Doors(psc=True, cps=True, password=True)


PASSWORD_ONLY = pages.Doors(psc=False, cps=False, password=True)


CARD_ONLY = pages.Doors(psc=False, cps=True, password=False)


PSC_AND_PASSWORD = pages.Doors(psc=True, cps=False, password=True)


CARD_AND_PASSWORD = pages.Doors(psc=False, cps=True, password=True)


ALL_AND_PASSKEY = replace(ALL, passkey=True)


NONE = pages.Doors(psc=False, cps=False, password=False)


ELISE = pages.IdentityView(
    family_name="MARCHAND-LEFÈVRE",
    given_name="Élise",
    profession="Médecin",
    specialities=("Médecine générale", "Gériatrie"),
    rpps="99700218896",
)


SPECIALIST = replace(ELISE, specialities=("Gériatrie",))


NURSE = replace(ELISE, profession="", specialities=())


PASSWORD_NUMBERS = {"minimum": 15, "maximum": 128, "own": 10, "millions": 100}


#: All that may be known of where a session began.
ORIGINS = (
    Origin(browser="Firefox", system="Windows", network="CHU de Lille", is_of_house=True),
    Origin(browser="Safari", system="iPhone", network="2001:db8:5::/48"),
    Origin(system="Linux", network="203.0.113.x"),
    Origin(browser="Chrome", is_of_house=True),
    Origin(),
)


FRAMES = (LogoutFrame("Trajectoire Grand Âge", "https://grand-age.example/out?iss=i&sid=s"),)


def hour(locale: str, at: str) -> str:
    """`at`: such as "14:22". Returns it as pages and mails in that language say it; so the next two."""
    return local_hour(_instant(f"2026-11-03 {at}"), locale)


def day(locale: str, at: str) -> str:
    """`at`: such as "2026-11-03"."""
    return local_day(_instant(at), locale)


def moment(locale: str, at: str) -> str:
    """`at`: such as "2026-11-03 14:22"."""
    return local_time(_instant(at), locale)


def _instant(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Paris"))
