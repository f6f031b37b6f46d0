"""The seam of the engine: the registry as pyop reads it, and members of pyop's that are ours and may not be called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.clients.client_file import ClientFile
from idp.protocol.engine.provider import OpenIDProvider
from tests.fakes import FixedClock
from tests.provider import REDIRECT, RP, Provider


def engine_of(clients_file: Path) -> OpenIDProvider:
    def no_token(*arguments: Any, **named: Any) -> str:
        raise AssertionError("no ID Token is written here")

    return OpenIDProvider("https://idp.example", ClientFile(clients_file, clock=FixedClock()), no_token)


def test_pyop_reads_the_clients_of_this_moment(fresh: Provider) -> None:
    file = fresh.settings.where.clients_file
    clients = engine_of(file).clients
    known = clients[RP]
    assert known.keys() == {"redirect_uris", "response_types"}
    assert known["response_types"] == ["code"]
    assert REDIRECT in known["redirect_uris"]
    assert f"{REDIRECT}/" not in known["redirect_uris"]
    assert list(clients) == [RP, "grand-age", "poster", "public", "card-only"]
    assert len(clients) == 5
    file.write_text(file.read_text().replace(f"client_id: {RP}\n", "client_id: renamed\n"))
    assert RP not in clients
    assert next(iter(clients)) == "renamed"


#: Each with what its error must name.
NEVER: dict[str, Callable[[Any], object]] = {
    "a request with claims": lambda engine: engine._check_subject_identifier_matches_requested(
        {"claims": {}}, "sub"
    ),
    "an ID Token without an access token": lambda engine: engine._create_signed_id_token(RP, "sub"),
    "pyop's discovery document": lambda engine: engine.provider_configuration,
    "pyop's key set": lambda engine: engine.jwks,
    "pyop's client authentication": lambda engine: engine._verify_client_authentication("grant_type=x"),
    "pyop's refresh": lambda engine: engine._do_token_refresh({"refresh_token": "x"}),
}


@pytest.mark.parametrize("what", NEVER)
def test_what_we_replaced_raises_and_does_not_fall_back_on_pyop(provider: Provider, what: str) -> None:
    engine = engine_of(provider.settings.where.clients_file)
    with pytest.raises(RuntimeError, match=rf"^{what} must not run \(docs/adr/0003\)$"):
        NEVER[what](engine)


def test_a_request_without_claims_has_no_subject_to_compare(provider: Provider) -> None:
    engine: Any = engine_of(provider.settings.where.clients_file)
    assert engine._check_subject_identifier_matches_requested({}, "sub") is None
