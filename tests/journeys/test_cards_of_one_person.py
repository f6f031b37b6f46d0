"""One person, several cards: renewed, of another profession, under another name. One account, one `sub`."""

import time
from collections.abc import Callable, Iterator

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do

Browse = Callable[..., Browser]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of its own: other tests sign the same persons in with these cards."""
    with running_demo(tmp_path_factory.mktemp("one-person")) as running:
        yield running


def signed_in_by(demo: Demonstration, browse: Browse, card: str) -> str:
    """The `sub` of the person, at home in one step."""
    browser = browse(card)
    do.arrive(browser, demo)
    assert do.is_at_home(do.by_card(browser), demo), browser.page.title
    return str(do.session(browser, demo)["id_token"]["sub"])


def proofs(demo: Demonstration, card: str) -> list[tuple[str, str]]:
    found = do.rows(
        demo,
        "SELECT p.source, p.profession FROM account_proofs p JOIN accounts a ON a.id = p.account_id "
        "WHERE a.rpps = ? ORDER BY p.first_at",
        demo.card(card)["rpps"],
    )
    return [(row["source"], row["profession"]) for row in found]


def notices(demo: Demonstration, email: str, *, expected: int) -> int:
    """How many mails told a new identity, once the worker had time to send as many as expected."""
    deadline = time.monotonic() + 20
    while True:
        mails = do.mails(demo, email)
        count = sum("identité" in mail["subject"].lower() for mail in mails)
        if count >= expected or time.monotonic() > deadline:
            return count
        time.sleep(0.1)


def test_renewed_card_signs_in_and_asks_nothing_of_anyone(demo: Demonstration, browse: Browse) -> None:
    email = "marie.lefebvre.cards@exemple.test"
    do.first_connection(browse("lefebvre"), demo, email)
    before = signed_in_by(demo, browse, "lefebvre")
    assert signed_in_by(demo, browse, "lefebvre-renewed") == before
    assert len(proofs(demo, "lefebvre")) == 2
    assert notices(demo, email, expected=0) == 0
    # A new name on the next card: the account follows, the person is told, the application keeps its `sub`.
    assert signed_in_by(demo, browse, "lefebvre-renamed") == before
    names = do.rows(demo, "SELECT family_name FROM accounts WHERE rpps = ?", demo.card("lefebvre")["rpps"])
    assert names == [{"family_name": "LEFEBVRE-BLANC"}]
    assert notices(demo, email, expected=1) == 1


def test_second_profession_comes_to_the_same_account_with_date_and_source(
    demo: Demonstration, browse: Browse
) -> None:
    account = demo.account("martin")
    before = signed_in_by(demo, browse, "martin")
    assert signed_in_by(demo, browse, "martin-pharmacist") == before
    assert signed_in_by(demo, browse, "martin") == before
    known = proofs(demo, "martin")
    assert [source for source, _profession in known] == ["cps", "cps"]
    assert ['"10"' in known[0][1], '"21"' in known[1][1]] == [True, True]
    assert notices(demo, account["email"], expected=1) == 1
    shown = demo.command("accounts", "show", account["rpps"]).stdout
    assert shown.count("proved by cps") == 2
    assert "Pharmacien" in shown
    assert "changed" in shown
    audited = do.rows(demo, "SELECT facts FROM audit_events WHERE event = 'card:login:accepted' ORDER BY id")
    assert '"card_number": "29' in audited[-1]["facts"]
