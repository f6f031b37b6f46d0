"""What a browser answers to a challenge: accepted when all of it is true, and nothing but a refusal otherwise."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.passkeys import Passkey, PasskeyRefusal, PasskeyRefused, PasskeyUse, kept
from idp.adapters.passkey_ceremonies import WebAuthnCeremonies
from idp.core.octets import b64u_octets
from idp.signing.key_ring import b64u
from tests.authenticator import AAGUID, Authenticator
from tests.fakes import NOON
from tests.people import ALICE, an_account
from tests.provider import ISSUER

CEREMONIES = WebAuthnCeremonies(
    origin=ISSUER, rp_id="localhost", service="Caducée", patience=timedelta(minutes=5)
)
CHALLENGE, OTHER = b64u(b"c" * 32), b64u(b"d" * 32)
ACCOUNT = an_account()


def passkey_of(authenticator: Authenticator) -> Passkey:
    options = CEREMONIES.creation(ACCOUNT, (), CHALLENGE, elsewhere=False)
    new = CEREMONIES.made(authenticator.make(options), CHALLENGE)
    return kept(new, passkey_id="p1", account_id=ALICE, name="", now=NOON)


def asked(challenge: str = CHALLENGE) -> str:
    return CEREMONIES.request((), challenge)


def refusal(act: Callable[[], object]) -> PasskeyRefusal:
    with pytest.raises(PasskeyRefused) as caught:
        act()
    assert caught.value.__cause__ is None
    return caught.value.reason


class TestOptions:
    def test_a_new_passkey_is_discoverable_verifies_its_person_and_is_attested_by_nobody(self) -> None:
        known = passkey_of(Authenticator())
        told = json.loads(CEREMONIES.creation(ACCOUNT, (known,), CHALLENGE, elsewhere=False))
        assert told["rp"] == {"id": "localhost", "name": "Caducée"}
        assert told["authenticatorSelection"] == {
            "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
        }  # fmt: skip
        assert (told["attestation"], told["challenge"], told["timeout"]) == ("none", CHALLENGE, 300_000)
        assert [one["id"] for one in told["excludeCredentials"]] == [known.credential_id]
        # Opaque: what an authenticator keeps says nothing of the person but what is public.
        assert b64u_octets(told["user"]["id"]) == str(ACCOUNT.id).encode()
        assert ACCOUNT.email not in json.dumps(told)
        assert {one["alg"] for one in told["pubKeyCredParams"]} == {-7, -8, -257}

    def test_on_a_shared_station_the_passkey_is_made_on_another_device(self) -> None:
        told = json.loads(CEREMONIES.creation(ACCOUNT, (), CHALLENGE, elsewhere=True))
        assert told["authenticatorSelection"]["authenticatorAttachment"] == "cross-platform"

    def test_a_person_still_unknown_may_use_any_passkey_and_a_known_one_their_own(self) -> None:
        mine = passkey_of(Authenticator())
        nobody, alice = json.loads(asked()), json.loads(CEREMONIES.request((mine,), CHALLENGE))
        assert not nobody.get("allowCredentials")
        assert [(one["id"], one["transports"]) for one in alice["allowCredentials"]] == [
            (mine.credential_id, ["internal", "hybrid"])
        ]
        assert nobody["userVerification"] == alice["userVerification"] == "required"
        assert nobody["rpId"] == "localhost"


class TestNew:
    @pytest.mark.parametrize("is_synced", [True, False])
    def test_what_the_authenticator_says_of_itself_is_kept(self, is_synced: bool) -> None:
        made = passkey_of(Authenticator(is_synced=is_synced, count=3))
        assert (made.is_synced, made.is_backed_up, made.sign_count) == (is_synced, is_synced, 3)
        assert made.aaguid.replace("-", "") == AAGUID.hex()
        assert made.transports == ("internal", "hybrid")
        assert b64u_octets(made.credential_id) == Authenticator().credential_id

    @pytest.mark.parametrize(
        ("authenticator", "lies", "reason"),
        [
            (Authenticator(verifies=False), {}, PasskeyRefusal.NOT_VERIFIED),
            (Authenticator(origin="https://caducee.example.net"), {}, PasskeyRefusal.ELSEWHERE),
            (Authenticator(rp_id="example.net"), {}, PasskeyRefusal.ELSEWHERE),
            (Authenticator(), {"crossOrigin": True}, PasskeyRefusal.ELSEWHERE),
            (Authenticator(), {"type": "webauthn.get"}, PasskeyRefusal.WRONG),
            (Authenticator(), {"challenge": OTHER}, PasskeyRefusal.WRONG),
            (Authenticator(credential_id=b"x" * 1024), {}, PasskeyRefusal.MALFORMED),
        ],
    )
    def test_it_is_refused(
        self, authenticator: Authenticator, lies: dict[str, Any], reason: PasskeyRefusal
    ) -> None:
        answer = authenticator.make({"challenge": CHALLENGE}, **lies)
        assert refusal(lambda: CEREMONIES.made(answer, CHALLENGE)) is reason


class TestUse:
    def test_the_right_answer_gives_the_counter(self) -> None:
        authenticator = Authenticator(count=6)
        passkey = passkey_of(authenticator)
        authenticator.count = 7
        use = CEREMONIES.proved(authenticator.answer(asked()), CHALLENGE, passkey)
        assert use == PasskeyUse(sign_count=7, is_backed_up=False)

    def test_a_counter_that_goes_back_is_no_matter_of_the_signature(self) -> None:
        authenticator = Authenticator(count=6)
        passkey = passkey_of(authenticator)
        authenticator.count = 2
        assert CEREMONIES.proved(authenticator.answer(asked()), CHALLENGE, passkey).sign_count == 2

    @pytest.mark.parametrize(
        ("changes", "lies", "reason"),
        [
            ({"verifies": False}, {}, PasskeyRefusal.NOT_VERIFIED),
            ({"origin": "https://localhost:8400"}, {}, PasskeyRefusal.ELSEWHERE),
            ({"origin": "http://localhost:8401"}, {}, PasskeyRefusal.ELSEWHERE),
            ({"rp_id": "evil.example"}, {}, PasskeyRefusal.ELSEWHERE),
            ({}, {"crossOrigin": True}, PasskeyRefusal.ELSEWHERE),
            ({}, {"type": "webauthn.create"}, PasskeyRefusal.WRONG),
            ({}, {"challenge": OTHER}, PasskeyRefusal.WRONG),
            ({"is_synced": True}, {}, PasskeyRefusal.WRONG),
            ({"key": Authenticator().key}, {}, PasskeyRefusal.WRONG),
        ],
    )
    def test_it_is_refused(
        self, changes: dict[str, Any], lies: dict[str, Any], reason: PasskeyRefusal
    ) -> None:
        authenticator = Authenticator()
        passkey = passkey_of(authenticator)
        answer = dataclasses.replace(authenticator, **changes).answer(asked(), **lies)
        assert refusal(lambda: CEREMONIES.proved(answer, CHALLENGE, passkey)) is reason

    def test_it_says_whose_passkey_it_is(self) -> None:
        authenticator = Authenticator()
        passkey = passkey_of(authenticator)
        assert CEREMONIES.claimed(authenticator.answer(asked())) == (passkey.credential_id, str(ACCOUNT.id))
        authenticator.user_handle = None
        assert CEREMONIES.claimed(authenticator.answer(asked())).account_id is None


_AUTHENTICATOR = Authenticator()
_PASSKEY = passkey_of(_AUTHENTICATOR)
_RIGHT = json.loads(_AUTHENTICATOR.answer(asked()))
_NEW = json.loads(_AUTHENTICATOR.make({"challenge": CHALLENGE}))
_values = st.one_of(
    st.none(), st.integers(), st.text(), st.binary(max_size=80).map(b64u), st.lists(st.text()), st.just({})
)


def spoilt(right: dict[str, Any]) -> st.SearchStrategy[str]:
    """The answer with one member of any value, or a text that is none."""
    paths = [(name,) for name in right] + [("response", name) for name in right["response"]]

    def change(path: tuple[str, ...], value: Any) -> str:
        whole = json.loads(json.dumps(right))
        inner = whole if len(path) == 1 else whole[path[0]]
        inner[path[-1]] = value
        return json.dumps(whole)

    return st.one_of(st.builds(change, st.sampled_from(paths), _values), st.text())


@given(spoilt(_RIGHT))
def test_no_use_is_anything_but_right_or_refused(answer: str) -> None:
    try:
        CEREMONIES.claimed(answer)
        assert CEREMONIES.proved(answer, CHALLENGE, _PASSKEY) == PasskeyUse(sign_count=0, is_backed_up=False)
    except PasskeyRefused:
        return


@given(spoilt(_NEW))
def test_nothing_made_is_anything_but_right_or_refused(answer: str) -> None:
    try:
        assert CEREMONIES.made(answer, CHALLENGE).credential_id == _PASSKEY.credential_id
    except PasskeyRefused:
        return
