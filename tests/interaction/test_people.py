"""Where a person stands for one relying party, as it is now."""

from idp.interaction.people import People
from tests.fakes import MemoryAccounts, MemoryStandings
from tests.people import ALICE, BOB, a_standing, an_account, an_interaction


def test_the_person_of_an_interaction_is_read_for_the_charters_of_its_client() -> None:
    standings = MemoryStandings(MemoryAccounts({ALICE: an_account()}))
    people = People(standings, lambda client_id: (f"of-{client_id}",))
    assert people.of(an_interaction(account_id=ALICE, client_id="rp")) == a_standing()
    assert standings.asked == [("of-rp",)]


def test_nobody_is_read_before_a_person_is_known_and_nobody_found_once_the_account_is_gone() -> None:
    standings = MemoryStandings(MemoryAccounts())
    people = People(standings, lambda _: ())
    assert people.of(an_interaction()) is None
    assert standings.asked == []
    # The account was erased while its page was open.
    assert people.of(an_interaction(account_id=BOB)) is None
