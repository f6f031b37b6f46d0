"""Contains how discovery and the key set are sent: serialized once, with headers that never change.

Not here: what they say (`discovery`, `signing/key_ring`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from idp.settings.where import WhereSettings
from idp.signing.key_ring import Keys
from idp.web.headers import missing
from idp.web.sending import Environ, StartResponse

_PUBLIC = (("Cache-Control", "public, max-age=300"), ("Access-Control-Allow-Origin", "*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A public JSON document."""

    body: bytes
    etag: str
    #: Those that an unchanged document has too (RFC 9110 §15.4.5).
    headers: list[tuple[str, str]]

    def send(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer GET or HEAD."""
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        # RFC 9110 §13.1.2: any of a list, strong or weak. The quotes are part of the tag.
        if self.etag in known or known == "*":
            start_response("304 NOT MODIFIED", self.headers)
            return ()
        content = [("Content-Type", "application/json"), ("Content-Length", str(len(self.body)))]
        start_response("200 OK", content + self.headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)


def document_of(value: Any, where: WhereSettings) -> Document:
    body = json.dumps(value).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = [*_PUBLIC, ("ETag", etag)]
    return Document(body=body, etag=etag, headers=[*headers, *missing(headers, where)])


@dataclass(slots=True)
class KeySetDocument:
    """The document of the key set in force: keys come and go while we run."""

    keys: Keys
    where: WhereSettings
    _last: tuple[object, Document | None] = field(default=(None, None), init=False)

    def __call__(self) -> Document:
        key_set = self.keys.jwks()
        known, document = self._last
        if document is None or known != key_set:
            document = document_of(key_set, self.where)
            self._last = (key_set, document)
        return document
