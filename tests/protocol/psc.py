"""The real application with a Pro Santé Connect that can lie, over real HTTP; and a person who goes there.

Contains how a browser of `conftest` passes through `hostile_psc`. Not here: an assertion.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import audit_events, outbox
from tests.adapters.psc.hostile_psc import CLIENT_ID, CLIENT_SECRET, HostilePsc, Lie, hostile_psc
from tests.provider import ISSUER, RPPS, Browser, Provider

#: What it may have said of a person with one place of work.
ONE_PLACE: dict[str, Any] = {
    "SubjectRefPro": {
        "exercices": [
            {
                "codeProfession": "10",
                "codeCategorieProfessionnelle": "C",
                "activities": [{"codeModeExercice": "S", "raisonSocialeSite": "HOPITAL"}],
            }
        ]
    }
}
SUBJECT = f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:8{RPPS}"


@contextmanager
def listening() -> Iterator[HostilePsc]:
    """Pro Santé Connect as our application's upstream, at the present time."""
    with hostile_psc(int(time.time())) as psc:
        psc.redirect_uri = f"{ISSUER}/psc/callback"
        yield psc


def settings_of(psc: HostilePsc) -> dict[str, Any]:
    """What `app_factory` must be given."""
    return {
        "psc_issuer": psc.issuer,
        "psc_client_id": CLIENT_ID,
        "psc_client_secret": CLIENT_SECRET,
    }


def person(rpps: str = RPPS, sub: str = "", **userinfo: Any) -> Lie:
    """An honest answer about this person; `userinfo` adds to it or changes it."""
    named = {"sub": sub or f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:8{rpps}", "SubjectNameID": f"8{rpps}"}
    practice = {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "nomDexercice": "DUPONT-NŒL",
        "prenomDexercice": "Aïcha",
        "codeSavoirFaire": "SM26",
    }
    known = {"SubjectRefPro": {"exercices": [practice]}}
    return Lie(claims=named, userinfo={**named, **known, **userinfo})


def renamed(lie: Lie, family_name: str) -> Lie:
    """The same person under another name of practice."""
    (practice,) = lie.userinfo["SubjectRefPro"]["exercices"]  # type: ignore[index]
    ref_pro = {"exercices": [{**practice, "nomDexercice": family_name}]}
    return replace(lie, userinfo={**lie.userinfo, "SubjectRefPro": ref_pro})


def go(browser: Browser, psc: HostilePsc, page: TestResponse) -> str:
    """From a page with the button to Pro Santé Connect and back: the callback's path, not yet opened."""
    left = browser.submit(page, "/psc")
    answer = psc.authorize(left.headers["Location"])
    return f"/psc/callback?{urlencode(answer)}"


def by_psc(browser: Browser, psc: HostilePsc, page: TestResponse | None = None) -> TestResponse:
    """A whole sign-in: what is shown, or the redirect that leaves us."""
    page = page or browser.follow(browser.authorize())
    return browser.follow(browser.get(go(browser, psc, page)))


def facts(provider: Provider, event: str) -> list[dict[str, Any]]:
    """What the audit trail says of this event."""
    asked = sa.select(audit_events.c.facts).where(audit_events.c.event == event).order_by(audit_events.c.id)
    with provider.database.connect() as connection:
        return list(connection.execute(asked).scalars())


def subjects_of_mails(provider: Provider) -> list[str]:
    with provider.database.connect() as connection:
        return list(connection.execute(sa.select(outbox.c.subject).order_by(outbox.c.id)).scalars())
