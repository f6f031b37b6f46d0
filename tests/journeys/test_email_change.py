"""A person who lost the mailbox goes from the page of the code, by card, to codes at another address; and the former
address closes the password door with one click."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.limits import eventually

Browse = Callable[..., Browser]
NEW = "paul.martin@nouveau-cabinet.example"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Of its own: here martin changes his address, and his password is closed."""
    with running_demo(tmp_path_factory.mktemp("email")) as running:
        yield running


@pytest.fixture
def martin(demo: Demonstration) -> dict[str, Any]:
    return demo.account("martin")


def undo_links(demo: Demonstration, email: str) -> list[str]:
    texts = "\n".join(mail["text"] for mail in do.mails(demo, email))
    return re.findall(r"https?://\S+/account/email/undo/[A-Za-z0-9_-]{43}", texts)


def test_lost_mailbox_then_card_then_codes_at_the_new_address_then_it_was_not_me(
    demo: Demonstration, browse: Browse, martin: dict[str, Any]
) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    do.type_password(browser, martin["rpps"], martin["password"])
    assert browser.page.says("Vous n'avez plus accès à cette adresse ?")
    browser.click("Changer l'adresse de mon compte")
    assert browser.page.says("Identifiez-vous")
    do.by_card(browser)
    assert browser.page.says("Mon adresse e-mail")
    assert browser.page.says(martin["email"])
    last = do.last_mail(demo, NEW)
    browser.submit("Recevoir un code", email=NEW)
    assert browser.page.says("Votre adresse n'a pas encore changé")
    browser.submit("Valider", one_time_code=do.next_code(demo, NEW, last))
    assert browser.page.says("Votre adresse e-mail est changée")

    # The sign-in with the password goes on by a code at the new address, and the application is told it.
    again = browse()
    do.arrive(again, demo)
    do.by_password(again, demo, {**martin, "email": NEW})
    assert do.is_at_home(again.page, demo)
    assert do.session(again, demo)["userinfo"]["email"] == NEW

    # « Ce n'était pas moi », from the mail at the former address, in whatever browser.
    assert eventually(lambda: bool(undo_links(demo, martin["email"])), 10)
    (link,) = undo_links(demo, martin["email"])
    stranger = browse()
    stranger.get(link)
    assert stranger.submit("Ce n'était pas moi : fermer le mot de passe").says("est fermée")
    locked = browse()
    do.arrive(locked, demo)
    assert do.type_password(locked, martin["rpps"], martin["password"]).says(
        "Identifiant ou mot de passe incorrect"
    )

    # The card opens as before, and says how the password is opened again.
    do.arrive(browser, demo, prompt="login")
    do.by_card(browser)
    assert browser.page.says("Votre mot de passe est fermé")
    assert do.is_at_home(browser.submit("Continuer"), demo)
