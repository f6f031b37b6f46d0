"""Contains every page in every state a person can meet. Not here: one family of them (`families`), mails."""

from collections.abc import Callable, Mapping

from idp.pages.form_post import FormPostPage
from sandbox.style_guide.families import (
    account,
    charters,
    choice,
    codes,
    email,
    enrolment,
    history,
    house,
    leaving,
    operations,
    password,
    refusals,
)
from sandbox.style_guide.state import State


def _back(locale: str) -> list[State]:
    return [State("form-post", "form_post.html", FormPostPage("https://rp.example/cb", (("code", "AbC"),)))]


#: By the name of the family; called with the language of the page.
FAMILIES: Mapping[str, Callable[[str], list[State]]] = {
    "choice": choice.states,
    "password": password.states,
    "codes": codes.states,
    "enrolment": enrolment.states,
    "charters": charters.states,
    "back": _back,
    "account": account.states,
    "email": email.states,
    "history": history.states,
    "leaving": leaving.states,
    "refusals": refusals.states,
    "house": house.states,
    "operations": operations.states,
}


def every_state(locale: str) -> list[State]:
    """A name that ends with "!" is a page whose title announces an error."""
    return [state for states in FAMILIES.values() for state in states(locale)]
