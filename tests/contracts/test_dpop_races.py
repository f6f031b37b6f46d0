"""One DPoP proof shown by fifty at one instant: one of them is served, on each store (RFC 9449 §11.1)."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore
from idp.protocol.client_auth.dpop import DpopProofs, Nonces
from tests.contracts.races import CALLERS, open_store, race
from tests.protocol.proofs import DpopKey

_NONCES = Nonces(b"k" * 32, timedelta(minutes=5), timedelta(minutes=1))
_ORIGIN = "http://localhost:8400"


def _show(proof: str, store: EphemeralStore) -> str:
    proofs = DpopProofs(
        origins=(_ORIGIN,),
        nonces=_NONCES,
        store=store,
        life=timedelta(minutes=1),
        ahead=timedelta(seconds=10),
        clock=SystemClock(),
    )
    found = proofs.of(Request(EnvironBuilder("/token", method="POST", headers={"DPoP": proof}).get_environ()))
    return "nothing" if found is None else found.thumbprint


@pytest.mark.parametrize("store", ["sqlite_url", "postgresql_url", "redis"])
def test_of_fifty_showings_of_one_proof_one_succeeds(request: pytest.FixtureRequest, store: str) -> None:
    fixture = request.getfixturevalue(store)
    url = fixture if isinstance(fixture, str) else fixture.url
    key = DpopKey()
    proof = key.proof(_NONCES.fresh(SystemClock().now()))
    results = race(partial(_show, proof), open_store, url)
    assert results == Counter({"ProofRefused": CALLERS - 1, key.thumbprint: 1})
