"""Signing out in one application signs out of the others: by a call from the provider, in a frame, and at PSC."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.limits import within

Browse = Callable[..., Browser]
ELSEWHERE = "fermée ailleurs"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of its own: its clients.yaml is changed here."""
    with running_demo(tmp_path_factory.mktemp("logout")) as running:
        yield running


@pytest.fixture
def framed(demo: Demonstration) -> Iterator[Demonstration]:
    """Trajectoire Grand Âge is told in a frame only: the two lines of its clients.yaml, one for the other."""
    path = demo.state / "clients.yaml"
    before = path.read_text()
    head, sibling = before.split("client_id: grand-age")
    sibling = sibling.replace("    backchannel", "    # backchannel").replace(
        "    # frontchannel", "    frontchannel"
    )
    path.write_text(f"{head}client_id: grand-age{sibling}")
    yield demo
    path.write_text(before)


def in_both(browser: Browser, demo: Demonstration) -> None:
    do.arrive(browser, demo)
    if not do.is_at_home(browser.page, demo):
        do.by_card(browser)
    do.arrive(browser, demo, do.SIBLING)
    assert do.is_signed_in(browser, demo)
    assert do.is_signed_in(browser, demo, do.SIBLING)


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within(20)
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def listed(demo: Demonstration, *options: str) -> list[list[str]]:
    done = demo.command("logouts", "list", *options)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()[1:]]


def audited(demo: Demonstration, event: str) -> list[dict[str, Any]]:
    return do.rows(demo, "SELECT * FROM audit_events WHERE event = ?", event)


def test_signing_out_of_one_application_signs_out_of_the_other(demo: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    in_both(browser, demo)
    page = do.sign_out(browser, demo)
    assert page.url.startswith(f"{do.home(demo)}signed-out?state=")
    assert page.says("Vous êtes déconnecté")
    eventually(lambda: not do.is_signed_in(browser, demo, do.SIBLING))
    assert browser.get(do.home(demo, do.SIBLING)).says(ELSEWHERE)
    # The application that asked is told as well, and agrees that it is done.
    eventually(lambda: len(listed(demo, "--state", "delivered")) == 2)
    assert sorted((line[1], line[2], line[3], line[4]) for line in listed(demo)) == [
        ("delivered", "1", "200", do.SIBLING),
        ("delivered", "1", "200", do.VIA),
    ]
    told = audited(demo, "logout:notify:accepted")
    assert {row["client_id"] for row in told} == {do.VIA, do.SIBLING}
    assert {json.loads(row["facts"])["outcome"] for row in told} == {"200"}


def test_another_browser_of_the_same_person_stays_signed_in(demo: Demonstration, browse: Browse) -> None:
    browser, other = browse("martin"), browse("martin")
    in_both(browser, demo)
    in_both(other, demo)
    do.sign_out(browser, demo)
    eventually(lambda: not do.is_signed_in(browser, demo, do.SIBLING))
    assert do.is_signed_in(other, demo, do.SIBLING)
    assert do.is_signed_in(other, demo)


def test_one_browser_ends_the_session_of_the_other(demo: Demonstration, browse: Browse) -> None:
    here, there = browse("martin"), browse("martin")
    in_both(there, demo)
    do.arrive(here, demo)
    do.by_card(here)
    page = here.get(f"{demo.issuer}/account/sessions")
    assert page.says("Mes sessions")
    assert page.says("ViaTrajectoire, Trajectoire Grand Âge")
    page = here.submit("Fermer cette session")
    assert page.says("La session est fermée, et ses applications sont prévenues.")
    for client_id in (do.VIA, do.SIBLING):
        eventually(lambda client_id=client_id: not do.is_signed_in(there, demo, client_id))
    assert there.get(f"{demo.issuer}/account/sessions").says("Se connecter par CPS")
    assert do.is_signed_in(here, demo)


def test_not_me_signs_out_everywhere(demo: Demonstration, browse: Browse) -> None:
    here, there = browse("martin"), browse("martin")
    in_both(there, demo)
    do.arrive(here, demo)
    do.by_card(here)
    here.get(f"{demo.issuer}/account/history")
    here.click("Ce n'était pas moi")
    page = here.submit("Confirmer : ce n'était pas moi")
    assert page.says("Votre compte est protégé")
    for browser in (here, there):
        eventually(lambda browser=browser: not do.is_signed_in(browser, demo))
    assert there.get(f"{demo.issuer}/account/history").says("Se connecter par CPS")


def test_next_person_at_the_workstation_signs_the_one_before_out(demo: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    in_both(browser, demo)
    before = do.session(browser, demo, do.SIBLING)["id_token"]["sub"]
    do.arrive(browser, demo, prompt="login")
    do.by_password(browser, demo, demo.account("benali"))
    if not do.is_at_home(browser.page, demo):
        do.accept_charter(browser)
    assert do.is_at_home(browser.page, demo)
    eventually(lambda: not do.is_signed_in(browser, demo, do.SIBLING))
    do.arrive(browser, demo, do.SIBLING)
    assert do.session(browser, demo, do.SIBLING)["id_token"]["sub"] != before


def test_disabled_account_is_signed_out_of_every_application(demo: Demonstration, browse: Browse) -> None:
    browser, rpps = browse("martin"), demo.card("martin")["rpps"]
    in_both(browser, demo)
    try:
        assert demo.command("accounts", "disable", rpps).returncode == 0
        for client_id in (do.VIA, do.SIBLING):
            eventually(lambda client_id=client_id: not do.is_signed_in(browser, demo, client_id))
    finally:
        assert demo.command("accounts", "enable", rpps).returncode == 0


def test_frame_signs_out_and_the_browser_comes_back_by_itself(framed: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    in_both(browser, framed)
    page = do.sign_out(browser, framed)
    assert page.url.startswith(f"{do.home(framed)}signed-out?state=")
    assert page.hops[-2].startswith(f"{framed.issuer}/end_session?")
    assert not do.is_signed_in(browser, framed, do.SIBLING)
    assert browser.get(do.home(framed, do.SIBLING)).says(ELSEWHERE)
    assert "Vous êtes déconnecté" in page.text


def test_frames_come_before_psc_and_the_way_back_after_it(framed: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, framed)
    do.by_psc_card(browser, "martin")
    in_both(browser, framed)
    # Whoever closes the window on the frames has signed out of every application of ours already.
    browser.stop_at = (f"{framed.ready['psc']['issuer']}/",)
    page = do.sign_out(browser, framed)
    assert page.status == 0
    assert "/protocol/openid-connect/logout" in page.url
    assert not do.is_signed_in(browser, framed, do.SIBLING)
    browser.stop_at = ()
    page = browser.get(page.url)
    assert page.url.startswith(f"{do.home(framed)}signed-out?state=")
    assert f"{framed.issuer}/end_session/psc" in " ".join(page.hops)
    assert page.says("le fournisseur d'identité a terminé votre demande")
    do.arrive(browser, framed)
    browser.submit("S'identifier avec Pro Santé Connect")
    assert browser.page.says("Choisissez votre moyen de connexion")


def test_page_without_a_way_back_says_which_applications_were_told(
    framed: Demonstration, browse: Browse
) -> None:
    browser = browse("martin")
    in_both(browser, framed)
    browser.get(f"{framed.issuer}/")
    page = browser.submit("Se déconnecter")
    assert page.says("Nous avons aussi demandé votre déconnexion de")
    assert page.says("Trajectoire Grand Âge")
    assert page.says("ViaTrajectoire")
    policy = do.header(page, "Content-Security-Policy")
    assert policy is not None
    assert policy.endswith(f"; frame-src {do.home(framed, do.SIBLING).rstrip('/')}")
    eventually(lambda: not do.is_signed_in(browser, framed))
    assert not do.is_signed_in(browser, framed, do.SIBLING)


def test_new_password_signs_out_of_every_application_and_is_the_one_that_counts(
    demo: Demonstration, browse: Browse
) -> None:
    browser, account, new = browse("martin"), demo.account("martin"), "un autre mot de passe, assez long"
    in_both(browser, demo)
    browser.get(f"{demo.issuer}/")
    browser.click("Mot de passe")
    page = browser.submit("Changer mon mot de passe", new_password="trop court")
    assert page.says("Nouveau mot de passe : choisissez au moins 15 caractères")
    page = browser.submit("Changer mon mot de passe", new_password=new)
    assert page.says("Votre mot de passe est changé")
    for client_id in (do.VIA, do.SIBLING):
        eventually(lambda client_id=client_id: not do.is_signed_in(browser, demo, client_id))
    told = "Votre mot de passe a été changé"
    eventually(lambda: told in {mail["subject"] for mail in do.mails(demo, account["email"])})
    other = browse()
    do.arrive(other, demo)
    assert do.type_password(other, account["rpps"], account["password"]).status == 422
    do.by_password(other, demo, {**account, "password": new})
    assert do.is_signed_in(other, demo)
