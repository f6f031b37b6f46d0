"""Contains what an operator would have given: logos, the pictures of Pro Santé Connect's button, a style sheet.

By the addresses that pages have for them. Not here: what the operator says (`houses`).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from idp.settings.house import HouseSettings
from idp.web.house import open_house
from sandbox.style_guide.houses import SAID

_FOLDER = Path(__file__).parent / "samples"
_COLOUR = HouseSettings(colour="#6b2c91")
_PICTURES: Mapping[str, str] = {
    SAID.logo: "operator.svg",
    "/logos/viatrajectoire": "application.svg",
    "/psc/picture/bouton": "button.svg",
    "/psc/picture/bouton-survol": "button-hover.svg",
}


@cache
def operator_files() -> Mapping[str, tuple[bytes, str]]:
    """Returns content and media type, by address."""
    (sheet,) = open_house(_COLOUR, "").assets
    pictures = {path: ((_FOLDER / name).read_bytes(), "image/svg+xml") for path, name in _PICTURES.items()}
    return {**pictures, SAID.colours: (sheet.content, sheet.media_type)}
