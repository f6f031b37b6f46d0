"""A charter of the application beside the house's, through real pages: one after the other, and in two tabs at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty

Browse = Callable[..., Browser]
NAMED = "grand-age-terms"
OF_HOUSE, OF_CLIENT = "Charte d'utilisation", "Charte demandée par Trajectoire Grand Âge"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of this module's own, where « Trajectoire Grand Âge » demands a charter."""
    folder = tmp_path_factory.mktemp("client-charters")
    with running_demo(folder) as running:
        publish(running, folder, "2026-1")
        # Taken at once: nobody restarts anything.
        file = running.state / "clients.yaml"
        client = f"  - client_id: {do.SIBLING}\n"
        text = file.read_text("utf-8")
        assert client in text
        file.write_text(text.replace(client, f"{client}    charters: [{NAMED}]\n"), "utf-8")
        yield running


def publish(demo: Demonstration, folder: Path, revision: str, charter: str = NAMED) -> None:
    text = folder / f"{charter}-{revision}.md"
    text.write_text(f"# Conditions de Grand Âge\n\nRévision {revision}.\n{'Lisez. ' * 50}\n", "utf-8")
    told = ("--charter", charter, "--revision", revision, "--fr", str(text), "--yes")
    done = demo.command("charter", "publish", *told)
    assert done.returncode == 0, done.stderr


def title(page: Page) -> str:
    assert page.field("accepted") is not None, page.title
    return OF_CLIENT if page.says(OF_CLIENT) else OF_HOUSE


def accepted(demo: Demonstration, card: str) -> list[tuple[str, str, str]]:
    query = """SELECT charter, revision, charter_acceptances.client_id AS client_id
               FROM charter_acceptances JOIN accounts ON accounts.id = account_id
               WHERE rpps = ? ORDER BY accepted_at"""
    found = do.rows(demo, query, demo.card(card)["rpps"])
    return [(row["charter"], row["revision"], row["client_id"]) for row in found]


def test_second_application_asks_for_its_own_charter_once(demo: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    do.by_card(browser)
    assert do.is_at_home(browser.page, demo)
    page = do.arrive(browser, demo, do.SIBLING)
    assert title(page) == OF_CLIENT
    assert page.says("Révision 2026-1.")
    sibling = OwnParty.of(demo, do.SIBLING)
    assert sibling.answer(sibling.ask(browser, prompt="none"))["error"] == "interaction_required"
    browser.stop_at = ()
    do.arrive(browser, demo, do.SIBLING)
    do.accept_charter(browser)
    assert do.is_at_home(browser.page, demo, do.SIBLING)
    assert accepted(demo, "martin")[-1] == (NAMED, "2026-1", do.SIBLING)
    assert sibling.answer(sibling.ask(browser, prompt="none"))["code"]


def test_person_who_accepted_none_reads_both_and_may_refuse_the_second(
    demo: Demonstration, browse: Browse
) -> None:
    browser = browse("benali")
    do.arrive(browser, demo, do.SIBLING)
    page = do.by_card(browser)
    assert (title(page), page.says("Il reste 2 chartes")) == (OF_HOUSE, True)
    page = do.accept_charter(browser)
    assert (title(page), page.says("Il reste 2 chartes")) == (OF_CLIENT, False)
    browser.submit("Refuser et revenir à Trajectoire Grand Âge")
    assert browser.page.says("access_denied")
    # The other application asks for nothing more.
    do.arrive(browser, demo)
    if browser.page.says("Identifiez-vous"):
        do.by_card(browser)
    assert do.is_at_home(browser.page, demo)
    assert [charter for charter, _, _ in accepted(demo, "benali")] == ["house"]


def test_two_tabs_that_accept_both_charters_at_once_leave_one_evidence_of_each(
    demo: Demonstration, browse: Browse, tmp_path: Path
) -> None:
    browser = browse("martin")
    publish(demo, tmp_path, "2027-1", "house")
    publish(demo, tmp_path, "2027-1")
    do.arrive(browser, demo, do.SIBLING)
    assert title(do.by_card(browser)) == OF_HOUSE
    first = do.twice(browser, do.accept_charter)
    # Both are shown the second; none is told that anything went wrong.
    assert [(page.status, title(page)) for page in first] == [(200, OF_CLIENT)] * 2
    second = do.twice(browser, do.accept_charter)
    assert any(do.is_at_home(page, demo, do.SIBLING) for page in second)
    found = [known for known in accepted(demo, "martin") if known[1] == "2027-1"]
    assert found == [("house", "2027-1", do.SIBLING), (NAMED, "2027-1", do.SIBLING)]
