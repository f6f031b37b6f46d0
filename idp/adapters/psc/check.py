"""`idp psc check`, and the same beside each start: everything that can be known before a person signs in.

Contains which questions are asked, and the order. Not here: a question (`questions`), comparing what is published
(`comparison`), printing.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from idp.adapters.http.bounded import NoUsableAnswer, ProbingHttp
from idp.adapters.psc.comparison import compare
from idp.adapters.psc.discovery import snapshot_of
from idp.adapters.psc.finding import Finding, Level
from idp.adapters.psc.published import fetch_object
from idp.adapters.psc.questions import (
    Asked,
    Question,
    ask_client,
    ask_keys,
    ask_redirect,
    ask_sign_in_pages,
    client_findings,
    discovery_failed,
)
from idp.core.clock import Clock
from idp.settings.psc import PscSettings

log = structlog.get_logger()

EVERY_QUESTION: Sequence[Question] = (ask_keys, ask_client, ask_redirect, ask_sign_in_pages)


def questions_at_start(settings: PscSettings) -> Sequence[Question]:
    """Returns those that each worker asks: none that its log keeps as a failure, unless the operator wants that one."""
    asks_client = (ask_client,) if settings.check_client_at_start else ()
    return (ask_keys, *asks_client, ask_sign_in_pages)


#: What the log says of a finding; of a fine one, nothing.
_SEVERITY = {Level.NOTE: logging.WARNING, Level.FAULT: logging.ERROR}


def look(
    settings: PscSettings,
    redirect_uri: str,
    http: ProbingHttp,
    now: datetime,
    questions: Sequence[Question] = EVERY_QUESTION,
) -> Iterator[Finding]:
    """Returns what is found, in order; each question is asked even if another failed."""
    yield from client_findings(settings, now)
    try:
        document = fetch_object(http, settings.discovery_address)
    except NoUsableAnswer as error:
        yield from discovery_failed(error, settings, http)
        return
    yield Finding(Level.FINE, f"discovery: {settings.discovery_address}")
    yield from compare(document, settings)
    try:
        snapshot = snapshot_of(document, settings)
    except NoUsableAnswer as error:
        yield Finding(Level.FAULT, f"discovery: {error}")
        return
    asked = Asked(settings=settings, redirect_uri=redirect_uri, http=http, snapshot=snapshot)
    for question in questions:
        yield from question(asked)


def check_beside(
    settings: PscSettings, redirect_uri: str, http: ProbingHttp, clock: Clock
) -> threading.Thread:
    """Run the check in a thread beside the server, into the log: a slow Pro Santé Connect delays no start."""

    def tell() -> None:
        questions = questions_at_start(settings)
        for finding in look(settings, redirect_uri, http, clock.now(), questions):
            if finding.level in _SEVERITY:
                log.log(_SEVERITY[finding.level], "psc_check", finding=finding.text)

    checking = threading.Thread(target=tell, name="psc-check", daemon=True)
    checking.start()
    return checking
