"""Contains a JSON object that Pro Santé Connect publishes: read, or why it cannot be. Not here: what it must hold."""

from collections.abc import Mapping

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.adapters.psc.circuit import is_outage
from idp.adapters.psc.errors import shown


class UnusableDocument(NoUsableAnswer):
    """PSC answered, and what it published cannot be used: a setting is wrong, here or there. The message names it."""


def fetch_object(http: BoundedHttp, url: str) -> Mapping[str, object]:
    """Returns a published JSON object. Raises NoUsableAnswer."""
    return object_in(http.get(url, {}))


def object_in(answer: HttpAnswer) -> Mapping[str, object]:
    """Returns the JSON object of an answer. Raises UnusableDocument, or NoUsableAnswer when that is an outage."""
    if answer.status != 200:
        kind = NoUsableAnswer if is_outage(answer) else UnusableDocument
        raise kind(f"status {answer.status}", answer.status)
    try:
        document = answer.json()
    except NoUsableAnswer as error:
        raise UnusableDocument(f"{error} ({shown(answer.media_type)})") from error
    if not isinstance(document, dict):
        raise UnusableDocument("not a JSON object")
    return document
