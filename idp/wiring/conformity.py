"""Contains the conformity report of this service, from its settings, its clients and the authorities of its cards.

Not here: the rules and what they ask (`conformity`).
"""

from datetime import datetime

from idp.clients.operator_rules import registered
from idp.conformity.installation import Installation
from idp.conformity.report import Report, report_of
from idp.conformity.rule_book import rule_book
from idp.settings import Settings
from idp.wiring.cards import trusted_certificates
from idp.wiring.operator_files import unreadable


def conformity(settings: Settings, at: datetime) -> Report:
    """Returns the report. Raises BadRules, BadSetting, BadYaml of clients.yaml, OSError of a file there."""
    file = settings.conformity.rules_file
    try:
        book = rule_book(file)
    except OSError as error:
        raise unreadable("CONFORMITY_RULES_FILE", "a readable file of rules", error) from error
    installation = Installation(
        settings=settings, clients=registered(settings), opened=opened_doors(settings), at=at
    )
    return report_of(book, installation)


def opened_doors(settings: Settings) -> dict[str, bool]:
    """Returns which doors are open, as `build_itinerary` has them. Raises BadSetting."""
    return {
        "cps": bool(trusted_certificates(settings)),
        "psc": settings.psc.is_configured,
        "password": settings.password.door,
        "passkey": settings.passkey.is_open_at(settings.where.issuer),
    }
