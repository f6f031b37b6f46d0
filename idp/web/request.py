"""Contains a request as our handlers read it, at a fraction of werkzeug's cost.

Not here: what a parameter may be (`parameters`), cookies (`cookies`).
"""

from functools import cached_property
from typing import Any

from werkzeug.datastructures import EnvironHeaders, ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from idp.web.parameters import NONE, parameters_of

_FORM = "application/x-www-form-urlencoded"


class ReadRequest(Request):
    """werkzeug's, whose query is read once, and that has neither server nor root: nothing of ours asks for them."""

    args: "ImmutableMultiDict[str, str]"

    def __init__(self, environ: dict[str, Any], *, body_bytes: int, form_parts: int | None = None) -> None:
        # Not as werkzeug does: its environ holds the request too, a circle that waits for the garbage collector.
        self.environ = environ
        self.shallow = False
        self.method = environ["REQUEST_METHOD"]
        self.path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        query = environ["QUERY_STRING"]
        self.query_string = query.encode("latin-1")
        self.args = parameters_of(query)
        self.headers = EnvironHeaders(environ)
        self.remote_addr = environ.get("REMOTE_ADDR")
        self._most = self.max_content_length = self.max_form_memory_size = body_bytes
        if form_parts is not None:
            self.max_form_parts = form_parts

    @property
    def mimetype(self) -> str:
        given = self.environ.get("CONTENT_TYPE", "")
        return _FORM if given == _FORM else super().mimetype

    @cached_property
    def form(self) -> "ImmutableMultiDict[str, str]":
        """Raises RequestEntityTooLarge."""
        if self.mimetype != _FORM:
            return super().form
        try:
            return parameters_of(self._body().decode())
        except UnicodeDecodeError:
            return NONE

    def _body(self) -> bytes:
        """Raises RequestEntityTooLarge, also where no length was announced: werkzeug cuts such a body off."""
        announced = self.content_length or 0
        # PEP 3333: what comes after the length is not ours, unless the server ends the input there (granian/asgi).
        readable = self._most + 1 if "wsgi.input_terminated" in self.environ else announced
        body: bytes = b"" if announced > self._most else self.environ["wsgi.input"].read(readable)
        if max(announced, len(body)) > self._most:
            raise RequestEntityTooLarge
        return body
