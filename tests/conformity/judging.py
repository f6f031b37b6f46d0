"""What the tests of this room judge: an installation made of settings, and a book of rules of their own."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from idp.clients.registry import ClientRegistry, read_clients
from idp.conformity.installation import Installation
from idp.conformity.report import Judged, Report, report_of
from idp.conformity.rule import RuleBook
from idp.conformity.rule_book import shipped_rules
from tests.configured import settings_with
from tests.conformity.examples import FOLDER

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
OPEN = {"cps": True, "psc": True, "password": True, "passkey": True}
LEAST = {
    "issuer": "https://id.example",
    "card_host": "https://carte.id.example",
    "application_key": "k" * 43,
    "password_pepper": "p" * 43,
}
PSC = {"psc_environment": "production", "psc_client_id": "x", "psc_client_secret": "s" * 20}
CLIENTS: ClientRegistry = read_clients(FOLDER / "hospital.clients.yaml")


def installation(
    *,
    at: datetime = NOON,
    clients: ClientRegistry = CLIENTS,
    opened: Mapping[str, bool] = OPEN,
    **flat: Any,
) -> Installation:
    settings = settings_with(**{**LEAST, **flat})
    return Installation(settings=settings, clients=clients, opened={**OPEN, **opened}, at=at)


def report(book: RuleBook | None = None, **changes: Any) -> Report:
    return report_of(book or shipped_rules(), installation(**changes))


def judged(found: Report, rule: str, means: str = "") -> Judged:
    """Of one rule; of its first means unless one is named."""
    return next(
        one for part in found.means for one in part.judged if one.rule.id == rule and means in ("", one.means)
    )


def on(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), NOON.timetz())


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
