"""Traces, as a real OTLP receiver gets them: what a request did, and nothing about a person."""

import time
from collections.abc import Callable, Iterator

import pytest

from idp.adapters.operations.traces import Traces
from idp.core.clock import SystemClock
from idp.core.measures import STORE_SECONDS
from tests.adapters.operations.otlp_receiver import Receiver, otlp_receiver
from tests.numbers import added
from tests.provider import PASSWORD, RPPS, Browser, Provider, app_factory, templates

__all__ = ["app_factory", "templates"]  # Fixtures of the protocol room, used here as they are.


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as made:
        yield made


def sign_in(house: Provider, endpoint: str, share: float = 1.0) -> str:
    """Sign in while traces are sent there; all were sent on leaving. Returns the code."""
    traces = Traces(endpoint, share=share, clock=SystemClock())
    try:
        return Browser(
            Provider(traces.around(house.app), house.settings, house.database, house.account)
        ).sign_in()
    finally:
        traces.close()


def test_a_request_is_a_span_and_its_calls_stand_below_it(
    app_factory: Callable[..., Provider], receiver: Receiver
) -> None:
    begun = time.time_ns()
    code = sign_in(app_factory(), receiver.url)
    assert receiver.services == {"caducee"}
    (typed,) = receiver.named("POST /interaction/<interaction_id>/password")
    told = {one.key: one.value.string_value for one in typed.attributes}
    assert told == {"endpoint": typed.name, "status": "3xx"}
    calls = receiver.below(typed)
    assert {span.name for span in calls} == {"store sql statement", "store sql shared_commit"}
    for span in calls:
        assert span.trace_id == typed.trace_id
        assert begun <= typed.start_time_unix_nano <= span.start_time_unix_nano + 2_000_000
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= typed.end_time_unix_nano + 2_000_000
    sent = b"".join(receiver.texts)
    for secret in (RPPS, PASSWORD, code, "account-of-alice", "st/a=te"):
        assert secret.encode() not in sent


def test_what_is_timed_outside_of_a_request_is_no_span(receiver: Receiver) -> None:
    traces = Traces(receiver.url, share=1.0, clock=SystemClock())
    STORE_SECONDS.of("sql", "statement").took(0.1)
    traces.close()
    STORE_SECONDS.of("sql", "statement").took(0.1)
    assert receiver.spans == []


def test_of_no_request_in_a_hundred_nothing_is_sent_and_everything_is_counted(
    app_factory: Callable[..., Provider], receiver: Receiver
) -> None:
    house = app_factory()
    rose = added(lambda: sign_in(house, receiver.url, share=0.0))
    assert receiver.spans == []
    page = "POST /interaction/<interaction_id>/password"
    assert rose[f'caducee_request_seconds_count{{endpoint="{page}",status="3xx"}}'] == 1


def test_a_failure_of_ours_sends_no_word_of_it(receiver: Receiver) -> None:
    traces = Traces(receiver.url, share=1.0, clock=SystemClock())

    def failing(environ: object, start_response: object) -> list[bytes]:
        raise KeyError(RPPS)

    with pytest.raises(KeyError):
        traces.around(failing)({}, None)
    traces.close()
    (span,) = receiver.spans
    assert (span.name, len(span.events)) == ("request", 0)
    assert RPPS.encode() not in b"".join(receiver.texts)


def test_a_collector_that_is_away_costs_no_request(
    app_factory: Callable[..., Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.adapters.operations.traces._SECONDS", 0.2)
    assert sign_in(app_factory(), "http://127.0.0.1:9/v1/traces")
