"""Contains the pages about the service, and pages of an operator who said everything."""

from dataclasses import replace

from idp.pages import sign_in as pages
from idp.pages.choice import ChoicePage
from sandbox.style_guide.cast import ALL, CLIENT_LOGO
from sandbox.style_guide.houses import ABOUT, LINE, PLAIN, POSTAL, SAID, WARNED, statements
from sandbox.style_guide.state import State


def states(locale: str) -> list[State]:
    error = pages.ErrorPage(
        key="error.internal", incident="4f2a9c01", retry_path=None, return_url=None, return_name=None
    )
    refused = pages.PscPage(reason="refused", doors=ALL)
    return [
        *(State(name, "about.html", page, in_interaction=False, house=SAID) for name, page in ABOUT.items()),
        *(
            State(
                name,
                "accessibility.html",
                page,
                in_interaction=False,
                house=replace(LINE if page.rate else PLAIN, accessibility=page.state),
            )
            for name, page in statements(locale).items()
        ),
        State("house-choice", "choice.html", ChoicePage(doors=ALL), house=SAID, client_logo=CLIENT_LOGO),
        State("house-error!", "error.html", error, in_interaction=False, house=SAID),
        State("house-error-postal!", "error.html", error, in_interaction=False, house=POSTAL),
        State("announced-choice", "choice.html", ChoicePage(doors=ALL), house=SAID, announcement=WARNED),
        State("announced-error!", "error.html", error, in_interaction=False, house=LINE, announcement=WARNED),
        State("psc-battery!", "psc.html", replace(refused, on_android=True)),
        State("house-psc!", "psc.html", refused, house=SAID),
    ]
