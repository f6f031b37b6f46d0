"""Contains the logos of the applications, from our own origin. Not here: the file that has them (`clients`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.clients.client_file import ClientFile
from idp.core.errors import PageError, Problem
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class LogosFlow:
    clients: ClientFile

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/logos/<client_id>", self.show)

    def show(self, request: Request, client_id: str) -> Response:
        client = self.clients.get(client_id)
        if client is None or client.logo is None:
            raise PageError(Problem.NOT_FOUND)
        return Response(
            client.logo.content,
            mimetype=client.logo.media_type,
            headers={"Cache-Control": "public, max-age=3600"},
        )
