"""What the person does next is what the page's button says."""

from sandbox.style_guide.pages import every_state
from tests.pages.reading import page_of, parsed, text_of


def test_a_refusal_has_one_button_that_stands_out() -> None:
    refusals = [state for state in every_state("fr") if state.template == "error.html"]
    several = {state.name: len(parsed("fr", state).select("main .primary")) for state in refusals}
    assert several
    assert {name: number for name, number in several.items() if number != 1} == {}


def test_it_is_to_try_again_where_that_may_help_else_the_application_else_the_account() -> None:
    chosen = {
        name: [text_of(button) for button in page_of(name).select("main .primary")]
        for name in ("error-with-ways-on", "error-nameless-return", "error-not_found")
    }
    assert chosen == {
        "error-with-ways-on": ["Reprendre la connexion"],
        "error-nameless-return": ["Revenir à ViaTrajectoire"],
        "error-not_found": ["Aller à Mon compte"],
    }


def test_who_has_changed_their_mind_is_not_asked_to_let_the_account_end() -> None:
    """By password it is kept by beginning again: the way back there says no more than that."""
    assert [text_of(button) for button in page_of("closing-by-password").select("main button")] == [
        "Revenir à ViaTrajectoire"
    ]
