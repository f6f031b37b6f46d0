"""Every adapter of the Signer port on the real thing: PEM keys, and keys in SoftHSM2 behind p11-kit."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.key_files.directory import RING
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.software_signer import generate_signer
from idp.signing.key_ring import KeyRing
from idp.signing.signer import Alg, Signer
from tests.fakes import FixedClock
from tests.hsm import PIN, SoftToken, in_this_process, make_token
from tests.key_files import key_directory
from tests.limits import within

ROOT = Path(__file__).parents[2]
ALGS: tuple[Alg, ...] = ("RS256", "ES256")


@dataclass(frozen=True)
class Place:
    """A kind of key, and how one is had."""

    name: str
    signer: Callable[[Alg], Signer]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    return make_token(tmp_path_factory.mktemp("token") / "soft")


@pytest.fixture(scope="module")
def hsm_keys(token: SoftToken) -> Iterator[HsmKeys]:
    with in_this_process(token) as keys:
        yield keys


@pytest.fixture(scope="module", params=["file", "hardware"])
def place(request: pytest.FixtureRequest, token: SoftToken, hsm_keys: HsmKeys) -> Place:
    if request.param == "file":
        return Place("file", generate_signer)
    made: dict[Alg, Signer] = {alg: hsm_keys.make(alg, token.uri, f"test {alg}")[0] for alg in ALGS}
    return Place("hardware", made.__getitem__)


@pytest.mark.parametrize("alg", ALGS)
class TestContract:
    def test_two_libraries_that_are_not_ours_verify_its_signatures(self, place: Place, alg: Alg) -> None:
        signer = place.signer(alg)
        signed = KeyRing([signer]).sign_jwt({"sub": "é"}, alg=alg)
        assert jwt.decode(signed, jwt.PyJWK(dict(signer.public_jwk())), algorithms=[alg]) == {"sub": "é"}
        other = jwcrypto_jws.JWS()
        other.deserialize(signed, jwcrypto_jwk.JWK(**signer.public_jwk()), alg=alg)
        assert json.loads(other.payload) == {"sub": "é"}

    def test_its_name_is_the_thumbprint_a_third_party_computes(self, place: Place, alg: Alg) -> None:
        signer = place.signer(alg)
        key = jwcrypto_jwk.JWK(**signer.public_jwk())
        assert (key.thumbprint(), signer.alg, key.has_private) == (signer.kid, alg, False)

    def test_it_publishes_exactly_the_public_members(self, place: Place, alg: Alg) -> None:
        members = {"RS256": {"n", "e"}, "ES256": {"crv", "x", "y"}}[alg]
        assert set(place.signer(alg).public_jwk()) == members | {"kty", "kid", "use", "alg"}

    def test_signatures_have_their_length_whatever_the_message(self, place: Place, alg: Alg) -> None:
        signer = place.signer(alg)
        # Small r or s must be padded: 300 signatures meet about two of them.
        count, length = {"RS256": (3, 384), "ES256": (300, 64)}[alg]
        assert {len(signer.sign(b"x" * number * 100)) for number in range(count)} == {length}

    def test_it_says_that_it_is_alive(self, place: Place, alg: Alg) -> None:
        assert place.signer(alg).is_alive()


def test_a_key_made_in_hardware_signs_only_and_cannot_leave(token: SoftToken, hsm_keys: HsmKeys) -> None:
    import pkcs11

    _signer, uri = hsm_keys.make("RS256", token.uri, "test of attributes")
    wanted = pkcs11.Attribute
    found = hsm_keys.hsm.run(
        token.uri,
        lambda session: session.session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=uri.id
        ).get_attributes(
            [wanted.SENSITIVE, wanted.EXTRACTABLE, wanted.NEVER_EXTRACTABLE, wanted.SIGN, wanted.DECRYPT,
             wanted.UNWRAP, wanted.PRIVATE, wanted.LOCAL]
        ),
    )  # fmt: skip
    yes = {wanted.SENSITIVE, wanted.NEVER_EXTRACTABLE, wanted.SIGN, wanted.PRIVATE, wanted.LOCAL}
    assert {attribute for attribute, value in found.items() if value} == yes


# Each process opens the keys directory as a server does, and signs from eight threads.
_SERVER = """
import sys, threading
from pathlib import Path
import jwt
from idp.adapters.key_files.keys_in_force import KeysInForce
from tests.fakes import FixedClock
from tests.key_files import key_directory

keys = KeysInForce(key_directory(Path(sys.argv[1]), FixedClock()))
known = {key["kid"]: jwt.PyJWK(dict(key)) for key in keys.jwks()["keys"]}
done, faults = [], []
def serve():
    for number in range(625):
        alg = "RS256" if number % 25 == 0 else "ES256"
        try:
            token = keys.sign_jwt({"n": number}, alg=alg)
            key = known[jwt.get_unverified_header(token)["kid"]]
            done.append(jwt.decode(token, key, algorithms=[alg])["n"])
        except Exception as error:
            faults.append(repr(error))
threads = [threading.Thread(target=serve) for _ in range(8)]
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(done), faults[:3])
"""


def test_ten_thousand_signatures_of_two_processes_and_sixteen_threads_are_all_good(
    tmp_path: Path, token: SoftToken, hsm_keys: HsmKeys
) -> None:
    directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=hsm_keys)
    for alg in ALGS:
        directory.announce(alg, str(token.uri))
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(directory.path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for server in servers:
        assert server.stdin is not None
        server.stdin.write("\n")
        server.stdin.flush()
    assert [server.communicate(timeout=within(120))[0] for server in servers] == ["5000 []\n"] * 2


def test_a_worker_forked_from_a_process_that_signs_signs_too(token: SoftToken, hsm_keys: HsmKeys) -> None:
    """As granian starts its workers: the parent has checked the keys before."""
    program = (
        "import os, sys\n"
        "from idp.adapters.hsm.hsm import Hsm; from idp.adapters.hsm.signer import HsmKeys\n"
        "from idp.adapters.hsm.uri import parse_pkcs11_uri\n"
        "signer = HsmKeys(Hsm()).take(parse_pkcs11_uri(sys.argv[1]))\n"
        "def sign(): return len(signer.sign(b'x'))\n"
        "for _ in range(2):\n"
        "    child = os.fork()\n"
        "    if not child: os._exit(0 if sign() == 64 else 1)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "print(sign())\n"
    )
    _signer, uri = hsm_keys.make("ES256", token.uri, "test of forks")
    done = subprocess.run(
        [sys.executable, "-c", program, str(uri)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within(60),
        check=True,
    )
    assert done.stdout == "64\n"


def test_the_pin_stands_nowhere_in_the_ring_nor_in_what_is_printed_of_it(
    tmp_path: Path, token: SoftToken, hsm_keys: HsmKeys
) -> None:
    directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=hsm_keys)
    directory.announce("ES256", str(token.uri))
    assert PIN not in (directory.path / RING).read_text()
    assert PIN not in repr(directory)
    assert [path.name for path in directory.path.glob("*.pem")] == []


def test_the_key_set_needs_no_hardware(tmp_path: Path, token: SoftToken, hsm_keys: HsmKeys) -> None:
    directory = key_directory(tmp_path / "keys", FixedClock(), hsm_keys=hsm_keys)
    records = [directory.announce(alg, str(token.uri)) for alg in ALGS]
    elsewhere = key_directory(directory.path, FixedClock())
    assert [directory.load(record).public_jwk() for record in records] == [
        elsewhere.load(record).public_jwk() for record in records
    ]
    assert [key["kid"] for key in KeysInForce(directory).jwks()["keys"]] == [r.kid for r in records]
