"""`Ceremonies` by py_webauthn: the options of a browser's call, and the verdict on its answer (WebAuthn §7.1, §7.2).

The library is loaded at the first passkey: a process that sees none does not pay its memory. Not here: challenges,
where a passkey is kept, its counter.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from idp.accounts.account import Account
from idp.accounts.passkeys import Claimed, NewPasskey, Passkey, PasskeyRefusal, PasskeyRefused, PasskeyUse
from idp.core.octets import b64u_octets
from idp.signing.key_ring import b64u

if TYPE_CHECKING:
    from webauthn.helpers.structs import AuthenticatorData, PublicKeyCredentialDescriptor

#: Octets of a credential id (§4).
_LONGEST_ID = 1023
_MOST_TRANSPORTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAuthnCeremonies:
    #: The issuer. Its host is the RP ID: what a passkey is bound to for ever.
    origin: str
    rp_id: str
    service: str
    #: How long the browser waits for the person.
    patience: timedelta

    def creation(self, account: Account, known: Sequence[Passkey], challenge: str, *, elsewhere: bool) -> str:
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorAttachment,
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        identity = account.identity
        options = generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self.service,
            # facts/security PK5: opaque. The RPPS, which tells two accounts of one keyring apart, is public (D5).
            user_id=str(account.id).encode(),
            user_name=identity.rpps,
            user_display_name=f"{identity.given_name} {identity.family_name}".strip(),
            challenge=b64u_octets(challenge),
            timeout=self._milliseconds,
            authenticator_selection=AuthenticatorSelectionCriteria(
                authenticator_attachment=AuthenticatorAttachment.CROSS_PLATFORM if elsewhere else None,
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
        )
        return options_to_json(options)

    def request(self, known: Sequence[Passkey], challenge: str) -> str:
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=self.rp_id,
            challenge=b64u_octets(challenge),
            timeout=self._milliseconds,
            allow_credentials=_descriptors(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    @property
    def _milliseconds(self) -> int:
        return int(self.patience.total_seconds() * 1000)

    def made(self, answer: str, challenge: str) -> NewPasskey:
        from webauthn import verify_registration_response
        from webauthn.helpers import parse_attestation_object
        from webauthn.helpers.structs import CredentialDeviceType

        with _any_fault_is(PasskeyRefusal.MALFORMED):
            told = _members(answer)
            response = told["response"]
            attested = parse_attestation_object(b64u_octets(response["attestationObject"]))
            self._verify_place(response["clientDataJSON"], attested.auth_data)
            transports = _transports(response.get("transports"))
        with _any_fault_is(PasskeyRefusal.WRONG):
            made = verify_registration_response(
                credential=told,
                expected_challenge=b64u_octets(challenge),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
            return NewPasskey(
                credential_id=b64u(made.credential_id),
                public_key=b64u(made.credential_public_key),
                sign_count=made.sign_count,
                aaguid=made.aaguid,
                is_synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
                is_backed_up=made.credential_backed_up,
                transports=transports,
            )

    def claimed(self, answer: str) -> Claimed:
        with _any_fault_is(PasskeyRefusal.MALFORMED):
            told = _members(answer)
            handle = told["response"].get("userHandle")
            return Claimed(told["id"], None if handle is None else b64u_octets(handle).decode())

    def proved(self, answer: str, challenge: str, passkey: Passkey) -> PasskeyUse:
        from webauthn import verify_authentication_response
        from webauthn.helpers import parse_authenticator_data

        with _any_fault_is(PasskeyRefusal.MALFORMED):
            told = _members(answer)
            response = told["response"]
            said = parse_authenticator_data(b64u_octets(response["authenticatorData"]))
            self._verify_place(response["clientDataJSON"], said)
        with _any_fault_is(PasskeyRefusal.WRONG):
            proved = verify_authentication_response(
                credential=told,
                expected_challenge=b64u_octets(challenge),
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=b64u_octets(passkey.public_key),
                # The library refuses a counter that goes back; we warn (`accounts/passkeys.went_back`).
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            # WebAuthn §6.1.3: whether it may be backed up never changes.
            if (proved.credential_device_type == "multi_device") is not passkey.is_synced:
                raise PasskeyRefused(PasskeyRefusal.WRONG)
            return PasskeyUse(sign_count=proved.new_sign_count, is_backed_up=proved.credential_backed_up)

    def _verify_place(self, client_data_b64u: str, said: "AuthenticatorData") -> None:
        """The checks whose failure has words of its own; the library makes them again. Raises PasskeyRefused."""
        client_data = json.loads(b64u_octets(client_data_b64u))
        is_here = client_data["origin"] == self.origin and client_data.get("crossOrigin", False) is False
        if not is_here or said.rp_id_hash != sha256(self.rp_id.encode()).digest():
            raise PasskeyRefused(PasskeyRefusal.ELSEWHERE)
        if not said.flags.uv:
            raise PasskeyRefused(PasskeyRefusal.NOT_VERIFIED)


@contextmanager
def _any_fault_is(reason: PasskeyRefusal) -> Iterator[None]:
    """Whatever the parsers of a stranger's octets trip over is a refusal. Raises PasskeyRefused alone."""
    try:
        yield
    except PasskeyRefused:
        raise
    except Exception:
        # `from None`: the causes quote what was sent.
        raise PasskeyRefused(reason) from None


def _members(answer: str) -> dict[str, Any]:
    """Returns the JSON. Raises PasskeyRefused, ValueError, KeyError, TypeError."""
    told: dict[str, Any] = json.loads(answer)
    if len(b64u_octets(told["id"])) > _LONGEST_ID or not isinstance(told["response"], dict):
        raise PasskeyRefused(PasskeyRefusal.MALFORMED)
    return told


def _descriptors(known: Sequence[Passkey]) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(
            id=b64u_octets(one.credential_id),
            transports=[AuthenticatorTransport(name) for name in one.transports] or None,
        )
        for one in known
    ]


def _transports(told: Any) -> tuple[str, ...]:
    """Returns those of the list that we know: browsers may add others."""
    from webauthn.helpers.structs import AuthenticatorTransport

    known = {one.value for one in AuthenticatorTransport}
    listed = told if isinstance(told, list) else []
    return tuple(dict.fromkeys(name for name in listed if name in known))[:_MOST_TRANSPORTS]
