"""Reading a page state back as a browser would; shared by the tests of this folder."""

from bs4 import BeautifulSoup, Tag

from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import rendered
from sandbox.style_guide.state import State

HOSTILE = """<script>alert('1')</script>"&{{7*7}}{0.__class__}"""

#: The pages that run one.
SCRIPTS = {
    "form_post.html": ["/static/form_post.js"],
    "passkey.html": ["/static/passkey.js"],
    "account/passkeys.html": ["/static/passkey.js"],
}

#: What a password manager, a phone or a test of a relying party looks for, by field name.
AUTOCOMPLETE = {
    "name": "off",
    "rpps": "username",
    "password": "current-password",
    "new_password": "new-password",
    "code": "one-time-code",
    "email": "email",
    "address_line1": "address-line1",
    "address_line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
}


def of_forms(page: BeautifulSoup, template: str) -> set[str]:
    """The script that shows that a form is on its way. One page sends itself; the policy of frames allows none."""
    return set() if template == "form_post.html" or page.find("iframe") else {"/static/submit.js"}


def parsed(locale: str, state: State) -> BeautifulSoup:
    return BeautifulSoup(rendered(locale, state), "html.parser")


def text_of(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def page_of(name: str, locale: str = "fr") -> BeautifulSoup:
    return next(parsed(locale, state) for state in every_state(locale) if state.name.rstrip("!") == name)
