"""The HSM goes away, hangs, is exchanged, refuses its PIN: nothing else signs, and it comes back by itself."""

import itertools
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.library import HsmFault, close_libraries
from idp.adapters.hsm.signer import HsmKeys, HsmSigner
from idp.adapters.hsm.uri import Pkcs11Uri
from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.software_signer import BadKeyFile
from idp.signing.signer import SignerUnavailable
from tests.fakes import FixedClock
from tests.hsm import (
    PIN,
    HsmServer,
    SoftToken,
    change_pin,
    client_library,
    delete_keys,
    hsm_server,
    in_this_process,
    make_token,
)
from tests.key_files import key_directory
from tests.limits import within

_names = itertools.count()


@pytest.fixture
def token(tmp_path: Path) -> SoftToken:
    return make_token(tmp_path / "token")


@pytest.fixture
def hsm_keys(token: SoftToken) -> Iterator[HsmKeys]:
    with in_this_process(token) as keys:
        yield keys


@pytest.fixture
def signer(token: SoftToken, hsm_keys: HsmKeys) -> HsmSigner:
    return hsm_keys.make("ES256", token.uri, "caducee")[0]


@pytest.fixture(scope="module")
def server() -> Iterator[HsmServer]:
    """One for the module: the client of p11-kit reads its address once in a process."""
    place = Path(tempfile.mkdtemp(prefix="hsm-"))
    with (
        hsm_server(make_token(place / "token"), place / "s") as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
        close_libraries()
    shutil.rmtree(place)


@pytest.fixture
def distant(server: HsmServer) -> HsmKeys:
    """Keys of the HSM that can stop and hang; it is not waited for long."""
    return HsmKeys(Hsm(client_library(), timeout=timedelta(seconds=within(0.75)), threads=2))


@pytest.fixture
def distant_signer(distant: HsmKeys, server: HsmServer) -> HsmSigner:
    return distant.make("ES256", server.token.uri, f"key-{next(_names)}")[0]


def soon(is_so: Callable[[], bool]) -> bool:
    """A lost token is tried again once a second."""
    deadline = time.monotonic() + within(20)
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


class TestAway:
    def test_a_stopped_hsm_signs_nothing_and_one_that_came_back_signs_without_a_restart(
        self, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        with server.gone():
            for _ in range(3):
                with pytest.raises(SignerUnavailable):
                    distant_signer.sign(b"x")
            assert not distant_signer.is_alive()
            assert distant_signer.public_jwk()["kid"] == distant_signer.kid
        assert soon(distant_signer.is_alive)
        assert len(distant_signer.sign(b"x")) == 64

    def test_the_failure_of_one_key_takes_back_the_proof_of_the_others_in_its_token(
        self, distant: HsmKeys, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        other, _uri = distant.make("ES256", server.token.uri, f"key-{next(_names)}")
        with server.gone():
            with pytest.raises(SignerUnavailable):
                distant_signer.sign(b"x")
            # It signed a moment ago; a code must not be used up on the strength of that.
            with pytest.raises(SignerUnavailable):
                other.require_ready()

    def test_a_short_stop_between_two_signatures_is_not_noticed(
        self, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        with server.gone():
            pass
        assert len(distant_signer.sign(b"x")) == 64

    def test_a_hanging_hsm_is_waited_for_only_so_long_and_signs_once_it_answers(
        self, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        with server.hanging():
            with pytest.raises(SignerUnavailable, match="no answer in time"):
                distant_signer.sign(b"x")
            # The next one does not wait.
            with pytest.raises(SignerUnavailable, match="no answer in time"):
                distant_signer.sign(b"x")
            assert not distant_signer.is_alive()
        assert soon(distant_signer.is_alive)

    def test_a_hanging_hsm_that_then_dies_is_found_again(
        self, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        with server.hanging(), pytest.raises(SignerUnavailable):
            distant_signer.sign(b"x")
        with server.gone(), pytest.raises(SignerUnavailable):
            distant_signer.sign(b"x")
        assert soon(distant_signer.is_alive)

    def test_loss_and_return_are_logged_once_each_and_the_pin_never(
        self, distant_signer: HsmSigner, server: HsmServer
    ) -> None:
        with capture_logs() as logs:
            with server.gone():
                for _ in range(5):
                    with pytest.raises(SignerUnavailable):
                        distant_signer.sign(b"x")
            assert soon(distant_signer.is_alive)
        assert [entry["event"] for entry in logs] == ["hsm_lost", "hsm_back"]
        assert PIN not in str(logs)

    def test_a_token_pulled_out_and_put_back_signs_again(self, signer: HsmSigner, token: SoftToken) -> None:
        with token.away():
            with pytest.raises(SignerUnavailable):
                signer.sign(b"x")
            assert not signer.is_alive()
        assert soon(signer.is_alive)

    @pytest.mark.parametrize("is_new", [False, True], ids=["known", "never seen"])
    def test_a_token_that_cannot_be_read_for_an_instant_is_not_lost(
        self, signer: HsmSigner, token: SoftToken, is_new: bool
    ) -> None:
        """SoftHSM2 rewrites a token in place at each login: who starts at that instant reads half of it."""
        for_now = threading.Timer(0.4, token.pull_out())
        for_now.start()
        close_libraries()
        try:
            with capture_logs() as logs:
                if is_new:
                    record_uri = Pkcs11Uri(**{**_fields(token.uri), "object": "caducee"})
                    assert HsmKeys(Hsm()).take(record_uri).kid == signer.kid
                else:
                    assert len(signer.sign(b"x")) == 64
            assert [entry["event"] for entry in logs] == []
        finally:
            for_now.join()

    def test_a_server_starts_without_its_hsm_serves_the_key_set_and_signs_when_it_comes(
        self, tmp_path: Path, distant: HsmKeys, server: HsmServer
    ) -> None:
        directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=distant)
        records = [directory.announce(alg, str(server.token.uri)) for alg in ("RS256", "ES256")]
        again = KeyDirectory(
            path=directory.path,
            policy=directory.policy,
            clock=directory.clock,
            hsm_keys=HsmKeys(_another(distant)),
        )
        with server.gone():
            with capture_logs() as logs:
                keys = KeysInForce(again)
            assert {entry["event"] for entry in logs} == {"hsm_unavailable_at_start"}
            assert [key["kid"] for key in keys.jwks()["keys"]] == [record.kid for record in records]
            assert (keys.is_alive(), keys.fault) == (False, None)
            with pytest.raises(SignerUnavailable):
                keys.sign_jwt({}, alg="ES256")
            with pytest.raises(SignerUnavailable):
                keys.require_ready("RS256")
        assert soon(keys.is_alive)
        assert keys.sign_jwt({}, alg="RS256")

    def test_a_file_key_signs_on_while_the_hardware_key_of_the_other_algorithm_is_away(
        self, tmp_path: Path, distant: HsmKeys, server: HsmServer
    ) -> None:
        directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=distant)
        directory.announce("RS256")
        directory.announce("ES256", str(server.token.uri))
        keys = KeysInForce(directory)
        with server.gone():
            assert keys.sign_jwt({}, alg="RS256")
            keys.require_ready("RS256")
            with pytest.raises(SignerUnavailable):
                keys.sign_jwt({}, alg="ES256")
            assert not keys.is_alive()
        assert soon(keys.is_alive)


def _another(hsm_keys: HsmKeys) -> Hsm:
    """As in another process: it knows nothing yet."""
    return Hsm(client_library(), timeout=hsm_keys.hsm.timeout, threads=2)


class TestPin:
    def test_a_refused_pin_is_not_tried_again_before_it_changes(
        self, token: SoftToken, signer: HsmSigner
    ) -> None:
        token.pin_file.write_text("0000-wrong")
        hsm_keys, uri = HsmKeys(Hsm()), Pkcs11Uri(**{**_fields(token.uri), "object": "caducee"})
        close_libraries()
        for told in ("refused the PIN (PinIncorrect)", "not tried again before it changes"):
            with pytest.raises(HsmFault) as refused:
                hsm_keys.take(uri)
            assert told in str(refused.value)
            assert "wrong" not in str(refused.value)
        token.pin_file.write_text(PIN)
        assert hsm_keys.take(uri).kid == signer.kid

    def test_a_pin_changed_in_the_hsm_and_in_its_file_needs_no_restart(
        self, token: SoftToken, signer: HsmSigner
    ) -> None:
        change_pin(token, "another-pin")
        token.pin_file.write_text("another-pin")
        close_libraries()
        assert soon(signer.is_alive)

    @pytest.mark.parametrize("mode", [0o644, 0o604, 0o660])
    def test_a_pin_that_others_may_read_is_refused(
        self, token: SoftToken, hsm_keys: HsmKeys, mode: int
    ) -> None:
        token.pin_file.chmod(mode)
        with pytest.raises(HsmFault, match="chmod 600"):
            hsm_keys.make("ES256", token.uri, "x")

    def test_a_pin_file_that_is_no_text_is_refused_without_quoting_it(
        self, token: SoftToken, hsm_keys: HsmKeys
    ) -> None:
        token.pin_file.write_bytes(b"\xffsecret")
        with pytest.raises(HsmFault) as refused:
            hsm_keys.make("ES256", token.uri, "x")
        assert ("UTF-8" in str(refused.value), "secret" in str(refused.value)) == (True, False)
        assert refused.value.__cause__ is None

    def test_without_any_pin_the_operator_is_told_where_to_put_it(
        self, token: SoftToken, hsm_keys: HsmKeys
    ) -> None:
        with pytest.raises(HsmFault, match="HSM_PIN_FILE"):
            hsm_keys.make("ES256", Pkcs11Uri(token=token.label), "x")

    def test_the_pin_of_the_settings_counts_where_the_uri_names_none(self, token: SoftToken) -> None:
        with in_this_process(token):
            signer, uri = HsmKeys(Hsm(pin=PIN)).make("ES256", Pkcs11Uri(token=token.label), "x")
            assert (len(signer.sign(b"x")), uri.pin_file) == (64, None)


def _fields(uri: Pkcs11Uri) -> dict[str, object]:
    return {"token": uri.token, "pin_file": uri.pin_file}


class TestAnotherKey:
    @pytest.fixture
    def directory(self, tmp_path: Path, token: SoftToken, hsm_keys: HsmKeys) -> KeyDirectory:
        directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=hsm_keys)
        for alg in ("RS256", "ES256"):
            directory.announce(alg, str(token.uri))
        return directory

    def test_a_deleted_key_signs_nothing_turns_health_red_and_refuses_the_next_start(
        self, directory: KeyDirectory, token: SoftToken
    ) -> None:
        keys = KeysInForce(directory)
        assert soon(keys.is_alive)
        delete_keys(token)
        with pytest.raises(SignerUnavailable):
            keys.sign_jwt({}, alg="ES256")
        assert not keys.is_alive()
        assert len(keys.jwks()["keys"]) == 2
        with pytest.raises(BadKeyFile, match="the key is not in the token"):
            KeysInForce(directory)

    def test_a_token_of_the_same_name_with_another_key_of_the_same_name_never_signs(
        self, tmp_path: Path, directory: KeyDirectory, token: SoftToken, hsm_keys: HsmKeys
    ) -> None:
        keys = KeysInForce(directory)
        other = make_token(tmp_path / "other")
        (record,) = [record for record in directory.schedule().records if record.alg == "ES256"]
        with in_this_process(other) as theirs:
            _make_like(theirs, other, record.file)
        shutil.rmtree(token.place / "tokens")
        shutil.copytree(other.place / "tokens", token.place / "tokens")
        close_libraries()
        with pytest.raises(SignerUnavailable, match="not the key of the ring"):
            keys.sign_jwt({}, alg="ES256")
        assert not keys.is_alive()
        with pytest.raises(BadKeyFile):
            KeysInForce(directory)

    def test_two_tokens_of_one_name_are_not_chosen_from(self, token: SoftToken) -> None:
        twice = make_token(token.place.parent / "twice")
        (copied,) = (token.place / "tokens").iterdir()
        shutil.copytree(copied, twice.place / "tokens" / copied.name)
        with in_this_process(twice) as keys, pytest.raises(HsmFault, match="add `serial`"):
            keys.make("ES256", twice.uri, "x")

    def test_a_retired_key_needs_no_token_any_more(self, directory: KeyDirectory, token: SoftToken) -> None:
        retired = directory.schedule().records[1]
        directory.activate("ES256", "file")
        directory.activate("RS256", "file")
        delete_keys(token)
        keys = KeysInForce(directory)
        assert retired.kid in [key["kid"] for key in keys.jwks()["keys"]]
        assert soon(keys.is_alive)

    def test_a_key_that_moved_is_found_at_its_new_place_without_a_restart(
        self, tmp_path: Path, directory: KeyDirectory, token: SoftToken
    ) -> None:
        """The PIN file moved, say, or the key was cloned into a token of another name."""
        keys, clock = KeysInForce(directory), directory.clock
        assert isinstance(clock, FixedClock)
        moved = token.pin_file.rename(tmp_path / "pin")
        ring = directory.path / RING
        ring.write_text(ring.read_text().replace(str(token.pin_file), str(moved)))
        close_libraries()
        clock.advance(seconds=1)
        assert keys.sign_jwt({}, alg="ES256")
        assert keys.fault is None
        assert soon(keys.is_alive)

    def test_a_key_added_while_the_server_runs_is_proved_and_taken(
        self, directory: KeyDirectory, token: SoftToken
    ) -> None:
        keys = KeysInForce(directory)
        clock = directory.clock
        assert isinstance(clock, FixedClock)
        new = directory.activate("ES256")
        assert new.is_in_hsm
        clock.advance(seconds=1)
        assert new.kid in [key["kid"] for key in keys.jwks()["keys"]]
        assert keys.sign_jwt({}, alg="ES256")
        assert keys.fault is None


def _make_like(hsm_keys: HsmKeys, token: SoftToken, file: str) -> None:
    """Another pair under the identifier of the first."""
    from functools import partial

    from idp.adapters.hsm.key_pairs import make_pair
    from idp.adapters.hsm.uri import parse_pkcs11_uri

    hsm_keys.hsm.run(token.uri, partial(make_pair, uri=parse_pkcs11_uri(file), alg="ES256"))


@pytest.mark.parametrize("path", ["/usr/lib/softhsm/libsofthsm2.so", "libcs_pkcs11.so", ""])
def test_a_bare_module_is_refused_since_threads_would_kill_it(token: SoftToken, path: str) -> None:
    with pytest.raises(HsmFault, match="p11-kit's own library"):
        HsmKeys(Hsm(path)).make("ES256", token.uri, "x")


def test_a_library_that_is_not_installed_is_told(token: SoftToken) -> None:
    with pytest.raises(HsmFault, match="install p11-kit"):
        HsmKeys(Hsm("/nowhere/p11-kit-proxy.so")).make("ES256", token.uri, "x")


def test_no_pin_is_logged_by_any_logger(
    token: SoftToken, signer: HsmSigner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        signer.sign(b"x")
        delete_keys(token)
        with pytest.raises(SignerUnavailable):
            signer.sign(b"x")
    assert PIN not in caplog.text + str(logs)
