"""Contains the official pictures of the Pro Santé Connect button.

Not here: the operator's folder (`web/psc_button`).
"""

from dataclasses import dataclass

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.core.errors import PageError, Problem
from idp.web.psc_button import OfficialPictures


@dataclass(frozen=True, slots=True)
class PscPictureFlow:
    pictures: OfficialPictures

    def routes(self) -> Blueprint:
        pages = Blueprint("psc_picture", __name__)
        pages.get("/psc/picture/<name>")(self.show)
        return pages

    def show(self, name: str) -> Response:
        picture = self.pictures.find(name)
        if picture is None:
            raise PageError(Problem.NOT_FOUND)
        # An SVG opened by itself is a document: the CSP of every answer lets it run no script.
        return Response(
            picture.content, mimetype=picture.media_type, headers={"Cache-Control": "public, max-age=3600"}
        )
