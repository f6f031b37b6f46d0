"""What the person does next is what the page's button says."""

import pytest

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


@pytest.mark.parametrize(
    "name", ["password-identity_old", "password-closed", "passkey-identity_old", "passkey-counter"]
)
def test_where_only_another_door_opens_that_door_stands_out(name: str) -> None:
    main = page_of(name).main
    assert main is not None
    assert [text_of(button) for button in main.select(".primary")] == ["S'identifier avec Pro Santé Connect"]
    assert "Utiliser ma clé d'accès" not in text_of(main)


def test_who_must_be_identified_anew_is_offered_nothing_else() -> None:
    for name in ("password-identity_old", "passkey-identity_old"):
        ways = {str(form["action"]).rpartition("/")[2] for form in page_of(name).find_all("form")}
        assert ways == {"psc", "cps", "cancel"}, name


def test_a_page_has_one_button_that_stands_out_at_most() -> None:
    several = {state.name: len(parsed("fr", state).select("main .primary")) for state in every_state("fr")}
    assert {name: number for name, number in several.items() if number > 1} == {}


def test_who_has_changed_their_mind_is_not_asked_to_let_the_account_end() -> None:
    """By password it is kept by beginning again: the way back there says no more than that."""
    assert [text_of(button) for button in page_of("closing-by-password").select("main button")] == [
        "Revenir à ViaTrajectoire"
    ]
