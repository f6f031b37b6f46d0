"""Contains the forms in which a page is looked at, and which language is looked at in which. Not here: a browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`width`, `height`: of the window, in CSS pixels. `of_mails`: whether mails are looked at in it too.

    In a montage a picture has `shown` pixels of width; of one that is wider than `column` the middle is shown, and of
    one that would be higher than `tallest` the top.
    """

    name: str
    width: int
    height: int
    media: str = ""
    features: Mapping[str, str] = field(default_factory=dict)
    of_mails: bool = True
    column: int = 0
    shown: int
    tallest: int = 600


DESKTOP = Form(name="desktop", width=1280, height=900, column=700, shown=300)
PHONE = Form(name="phone", width=390, height=844, shown=190, tallest=900)
DARK = Form(
    name="dark",
    width=1280,
    height=900,
    features={"prefers_color_scheme": "dark"},
    column=700,
    shown=300,
)
#: What an A4 sheet leaves between margins of a centimetre.
PRINT = Form(name="print", width=718, height=1047, media="print", of_mails=False, shown=300)
#: 1280 × 1024 at 400 %.
ZOOM = Form(name="zoom", width=320, height=256, shown=190, tallest=900)
FORMS = (DESKTOP, PHONE, DARK, PRINT, ZOOM)

#: By language.
LOOKED_AT: Mapping[str, tuple[Form, ...]] = {
    "fr": FORMS,
    "en": FORMS,
    "qps": (DESKTOP, PHONE, ZOOM),
    "qpr": (DESKTOP, PHONE),
}
#: Of those there are montages, for whoever looks at the whole.
MONTAGES = (
    *(("fr", form) for form in FORMS),
    ("en", DESKTOP),
    ("qps", PHONE),
    ("qpr", DESKTOP),
)
