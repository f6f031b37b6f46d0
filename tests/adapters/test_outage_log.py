"""A store that is down is one line a minute, and a count, however many requests meet it."""

from idp.adapters.outage_log import OutageLog
from tests.logged import logged_here
from tests.numbers import added


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_told_at_once_and_then_once_a_minute_with_how_many_it_stands_for() -> None:
    seconds = Seconds()
    outages = OutageLog(seconds=seconds)

    def fail(times: int, store: str = "redis") -> None:
        for _ in range(times):
            outages.tell(store, ConnectionRefusedError(f"refused{chr(10)}DETAIL: 10000000017"))

    with logged_here() as lines:
        rose = added(lambda: fail(50))
        fail(1, "sql")
        seconds.now += 59
        fail(1)
        seconds.now += 1
        fail(1)
    assert rose == {'caducee_store_failures_total{store="redis"}': 50}
    assert [(line["store"], line["failed"], line["cause"], line["said"]) for line in lines] == [
        ("redis", 1, "ConnectionRefusedError", "refused"),
        ("sql", 1, "ConnectionRefusedError", "refused"),
        ("redis", 51, "ConnectionRefusedError", "refused"),
    ]
    assert all((line["event"], line["log_level"]) == ("store_down", "error") for line in lines)
