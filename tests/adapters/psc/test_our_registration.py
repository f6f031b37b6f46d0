"""Our secret, and whether Pro Santé Connect takes us for its client: a fault of ours, its end, a secret renewed."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from idp.adapters.psc.client_secret import ClientSecret
from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamMisconfigured, UpstreamUnavailable
from idp.settings import read_settings
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    RPPS,
    HostilePsc,
    Lie,
    hostile_psc,
    say_json,
    say_status,
)
from tests.fakes import FixedClock

PAUSE = timedelta(seconds=30)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def psc(clock: FixedClock) -> Iterator[HostilePsc]:
    with hostile_psc(clock.at.timestamp()) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("not the one\n", "utf-8")
    return path


@pytest.fixture
def provider(psc: HostilePsc, clock: FixedClock, file: Path) -> PscProvider:
    settings = psc_chosen(
        issuer=psc.issuer,
        client_id=CLIENT_ID,
        client_secret="not the one",
        client_secret_file=str(file),
        watch_wallet=False,
    )
    return psc_provider(settings, clock=clock, run=lambda act: act())


def sign_in(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> str | None:
    psc.now = clock.at.timestamp()
    request = provider.begin(fresh=False)
    return provider.complete(psc.authorize(request.url), request.pending, now=clock.at).rpps


def events(logs: list[Any]) -> list[tuple[str, str]]:
    return [(one["event"], one["log_level"]) for one in logs]


def test_refused_client_is_told_once_and_sends_nobody_there_any_more(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    with (
        structlog.testing.capture_logs() as logs,
        pytest.raises(UpstreamMisconfigured, match="PSC_CLIENT_ID"),
    ):
        sign_in(provider, psc, clock)
    assert events(logs) == [("psc_client_refused", "error")]
    assert CLIENT_SECRET not in str(logs)
    assert (provider.is_misconfigured(), provider.is_out()) == (True, False)
    health = provider.health()
    assert (health.is_misconfigured, health.outcomes) == (True, {"misconfigured": 1})
    # Nobody is sent to identify themselves for nothing, and nobody there reads an error of ours twice a second.
    calls = psc.calls("token")
    for _ in range(3):
        with pytest.raises(UpstreamMisconfigured, match="invalid_client"):
            provider.begin(fresh=False)
    assert psc.calls("token") == calls


def test_new_secret_is_taken_up_without_a_restart(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, file: Path
) -> None:
    with pytest.raises(UpstreamMisconfigured):
        sign_in(provider, psc, clock)
    file.write_text(f"{CLIENT_SECRET}\n", "utf-8")
    with structlog.testing.capture_logs() as logs:
        # At once: the pause is for the secret that was refused.
        assert sign_in(provider, psc, clock) == RPPS
    assert events(logs) == [("psc_client_secret_changed", "warning"), ("psc_client_accepted", "warning")]
    assert not provider.is_misconfigured()


def test_client_that_was_mended_there_is_found_by_a_look_beside_a_page(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    psc.lie = Lie(instead={"token": say_json({"error": "unauthorized_client"}, 401)})
    with pytest.raises(UpstreamMisconfigured):
        sign_in(provider, psc, clock)
    psc.lie = Lie(instead={"token": say_json({"error": "invalid_grant"}, 400)})
    clock.advance(seconds=29)
    provider.is_out()
    assert provider.is_misconfigured()
    clock.advance(seconds=31)
    provider.is_out()
    assert not provider.is_misconfigured()


def test_outage_says_nothing_of_our_registration(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    with pytest.raises(UpstreamMisconfigured):
        sign_in(provider, psc, clock)
    clock.advance(seconds=30)
    psc.lie = Lie(instead={"token": say_status(503)})
    with pytest.raises(UpstreamMisconfigured):
        provider.begin(fresh=False)
    assert provider.is_misconfigured()


@pytest.mark.parametrize("error", ["invalid_request", "invalid_scope", "unsupported_grant_type"])
def test_error_that_a_chosen_code_could_cause_shuts_the_door_for_nobody_else(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, error: str
) -> None:
    psc.lie = Lie(instead={"token": say_json({"error": error}, 400)})
    with pytest.raises(UpstreamMisconfigured, match=error):
        sign_in(provider, psc, clock)
    assert not provider.is_misconfigured()


@pytest.mark.parametrize("error", ["unauthorized_client", "invalid_scope"])
def test_error_that_a_browser_brings_shuts_the_door_for_nobody_else(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, error: str
) -> None:
    request = provider.begin(fresh=False)
    with pytest.raises(UpstreamMisconfigured, match=error):
        provider.complete({**psc.authorize(request.url), "error": error}, request.pending, now=clock.at)
    assert not provider.is_misconfigured()


# The secret's file.


@pytest.fixture
def secret(file: Path) -> ClientSecret:
    return ClientSecret(
        psc_chosen(issuer="https://psc.example", client_secret="not the one", client_secret_file=str(file))
    )


def removed(file: Path) -> None:
    file.unlink()


def emptied(file: Path) -> None:
    file.write_text("  \n", "utf-8")


def far_too_long(file: Path) -> None:
    file.write_bytes(b"s" * (64 * 1024 + 1))


def in_another_charset(file: Path) -> None:
    file.write_bytes("clé".encode("latin-1"))


@pytest.mark.parametrize("spoil", [removed, emptied, far_too_long, in_another_charset])
def test_file_that_holds_no_secret_leaves_the_one_in_force(
    secret: ClientSecret, file: Path, spoil: Callable[[Path], None]
) -> None:
    file.write_text("the second", "utf-8")
    assert secret.current() == "the second"
    spoil(file)
    with structlog.testing.capture_logs() as logs:
        assert [secret.current() for _ in range(3)] == ["the second"] * 3
    assert events(logs) == [("psc_client_secret_kept", "error")]
    file.write_text("the third", "utf-8")
    assert secret.current() == "the third"


def test_secret_replaced_by_a_rename_is_seen_though_size_and_time_are_the_same(
    secret: ClientSecret, file: Path, tmp_path: Path
) -> None:
    secret.current()
    found = file.stat()
    other = tmp_path / "new"
    other.write_text("now the one\n", "utf-8")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(file)
    assert secret.current() == "now the one"


def test_file_is_read_when_it_changed_only(
    secret: ClientSecret, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(path: str) -> str:
        read.append(path)
        return "s"

    monkeypatch.setattr("idp.adapters.psc.client_secret.read_file", reading)
    for _ in range(3):
        secret.current()
    assert len(read) == 1


def test_settings_keep_the_secret_and_where_it_is_read_again(file: Path) -> None:
    least = {"ISSUER": "https://a.example", "CARD_HOST": "https://c.example"}
    keys = {"APPLICATION_KEY": "k" * 43, "PASSWORD_PEPPER": "p" * 43}
    named = {"PSC_ISSUER": "https://psc.example", "PSC_CLIENT_ID": "us", "PSC_CLIENT_SECRET_FILE": str(file)}
    chosen = read_settings({f"CADUCEE_{name}": text for name, text in {**least, **keys, **named}.items()}).psc
    assert (chosen.client_secret, chosen.client_secret_file) == ("not the one", str(file))
    assert "not the one" not in repr(chosen)
    assert str(file) not in repr(chosen)


# What is published.


def looked_at(psc: HostilePsc, clock: FixedClock, **chosen: Any) -> PscProvider:
    settings = psc_chosen(
        issuer=psc.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, watch_wallet=False, **chosen
    )
    return psc_provider(settings, clock=clock, run=lambda act: act())


def test_unusable_document_is_found_before_anybody_chose_and_when_it_is_mended(
    psc: HostilePsc, clock: FixedClock
) -> None:
    psc.lie = Lie(discovery={"issuer": "https://auth.evil.example"})
    provider = looked_at(psc, clock)
    with structlog.testing.capture_logs() as logs:
        assert not provider.is_out()
        assert provider.is_misconfigured()
        clock.advance(seconds=60)
        provider.is_out()
    assert events(logs) == [("psc_discovery_unusable", "error")]
    assert "issuer" in logs[0]["fault"]
    psc.lie = Lie()
    clock.advance(seconds=60)
    with structlog.testing.capture_logs() as logs:
        provider.is_out()
    assert events(logs) == [("psc_discovery_usable", "warning")]
    assert not provider.is_misconfigured()
    assert sign_in(provider, psc, clock) == RPPS


def test_unusable_document_after_a_good_one_keeps_nobody_out(psc: HostilePsc, clock: FixedClock) -> None:
    provider = looked_at(psc, clock)
    assert sign_in(provider, psc, clock) == RPPS
    psc.lie = Lie(discovery={"token_endpoint": ...})
    clock.advance(seconds=60)
    with structlog.testing.capture_logs() as logs:
        provider.is_out()
    assert events(logs) == [("psc_discovery_unusable", "error")]
    assert not provider.is_misconfigured()
    assert sign_in(provider, psc, clock) == RPPS


def test_outage_of_the_document_is_no_fault_of_settings(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(instead={"discovery": say_status(503)})
    provider = looked_at(psc, clock)
    with pytest.raises(UpstreamUnavailable) as caught:
        provider.begin(fresh=False)
    assert not isinstance(caught.value, UpstreamMisconfigured)
    assert not provider.is_misconfigured()
