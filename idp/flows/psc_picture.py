"""Contains the official pictures of the Pro Santé Connect button.

Not here: the operator's folder (`web/psc_button`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.core.errors import PageError, Problem
from idp.web.page_routes import PageRoute
from idp.web.psc_button import OfficialPictures


@dataclass(frozen=True, slots=True)
class PscPictureFlow:
    pictures: OfficialPictures

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/psc/picture/<name>", self.show)

    def show(self, request: Request, name: str) -> Response:
        picture = self.pictures.find(name)
        if picture is None:
            raise PageError(Problem.NOT_FOUND)
        # An SVG opened by itself is a document: the CSP of every answer lets it run no script.
        return Response(
            picture.content, mimetype=picture.media_type, headers={"Cache-Control": "public, max-age=3600"}
        )
