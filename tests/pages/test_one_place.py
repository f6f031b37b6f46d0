"""What many pages have stands at one place on all of them."""

from bs4 import BeautifulSoup, Tag

from idp.pages.frame import Deadline
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import rendered
from sandbox.style_guide.state import State

WAITING = Deadline(time="14:47", seconds=720, may_prolong=True)
#: Pages on which nothing ends by itself.
_ENDLESS = {
    "about.html",
    "accessibility.html",
    "error.html",
    "form_post.html",
    "operations.html",
    "signed_out.html",
    "account/closing_asked.html",
    "account/email_undo.html",
    "account/home.html",
    "account/password_changed.html",
    "account/reported.html",
}
#: The way back, and what the help desk needs of a refusal.
_END = ".leave, .contact, .incident"


def misplaced(state: State) -> list[str]:
    """What stands on the wrong side of the sentence that says until when the page waits."""
    main = BeautifulSoup(rendered("fr", state, deadline=WAITING), "html.parser").main
    assert main is not None
    (place,) = main.select("#deadline")
    end = {id(part) for one in main.select(_END) for part in (one, *one.find_all(True))}
    after = [one for one in place.find_all_next(True) if main in one.parents and place not in one.parents]
    wrong = [one for one in after if id(one) not in end and one.name not in ("form", "script", "input")]
    wrong += [one for one in place.find_all_previous(class_="leave") if one.name != "nav"]
    return [str(one)[:80] for one in wrong if isinstance(one, Tag)]


def test_until_when_a_page_waits_stands_before_the_way_back_and_after_all_else() -> None:
    found = {
        state.name: wrong
        for state in every_state("fr")
        if state.template not in _ENDLESS and (wrong := misplaced(state))
    }
    assert found == {}
