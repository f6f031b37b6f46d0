"""Contains what binds a token to its holder: a DPoP key, a TLS certificate, both or none (RFC 9449 §6, RFC 8705 §3).

A binding is the `cnf` of RFC 7800 §3, with the members `jkt` and `x5t#S256`. Not here: what makes a proof good
(`dpop`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.clients.registry import Client
from idp.core.errors import RuleBroken
from idp.protocol.client_auth.client_certificate import ClientCertificates
from idp.protocol.client_auth.client_door import Call
from idp.protocol.client_auth.dpop import DpopProofs
from idp.protocol.client_auth.presented_token import PresentedToken
from idp.protocol.rules.use_rules import CERTIFICATE_MISSING

Binding = Mapping[str, str]


class HolderMismatch(Exception):
    """The token is bound to a key or certificate that the caller did not prove, or not in the way it must."""


class OtherScheme(HolderMismatch):
    """It came as Bearer and is bound to a key, or as DPoP and is not."""


def token_type(binding: Binding) -> str:
    """Returns the `token_type` (RFC 9449 §5). RFC 8705 gives certificate-bound tokens none of their own."""
    return "DPoP" if "jkt" in binding else "Bearer"


def is_announced_key(announced: str | None, shown: Binding) -> bool:
    """Whether the code may be redeemed by this key: one asked for with `dpop_jkt` only by that key (RFC 9449 §10)."""
    return not announced or shown.get("jkt") == announced


def holds(shown: Binding, needed: Binding) -> bool:
    """Whether everything that the token is bound to was proved."""
    return all(shown.get(name) == value for name, value in needed.items())


@dataclass(frozen=True, slots=True)
class Possession:
    proofs: DpopProofs
    certificates: ClientCertificates

    def shown_to_token_endpoint(self, call: Call) -> Binding:
        """Returns what the tokens of this call are bound to. Raises ClientError: a bad proof, or a missing one."""
        binding = {}
        certificate, key = self.certificates.of(call.request), self.key_shown(call)
        if key is not None:
            # RFC 9449 §5: a client that did not register for proofs may use them all the same.
            binding["jkt"] = key
        elif call.client.dpop_bound_access_tokens:
            raise self.proofs.missing()
        if call.client.tls_bound_access_tokens:
            if certificate is None:
                raise RuleBroken(CERTIFICATE_MISSING)
            binding["x5t#S256"] = certificate.thumbprint
        return binding

    def key_shown(self, call: Call) -> str | None:
        """Returns the thumbprint of the key that this call proves, at any endpoint; None without.

        Raises ClientError.
        """
        proof = self.proofs.of(call.request, algs=call.client.signing_algs)
        return None if proof is None else proof.thumbprint

    def next_nonce(self, request: Request) -> dict[str, str]:
        """Returns headers with the nonce of the next proof, for a client that uses proofs (RFC 9449 §8.2)."""
        return {"DPoP-Nonce": self.proofs.fresh_nonce()} if "DPoP" in request.headers else {}

    def verify_holder(
        self, request: Request, token: PresentedToken, binding: Binding, client: Client
    ) -> None:
        """Verify that the caller holds this token of the client (RFC 9449 §7.1, §7.2; RFC 8705 §3).

        Raises HolderMismatch, ClientError.
        """
        certificate = self.certificates.of(request)
        # RFC 9449 §7.2: a bound token sent as « Bearer » is refused, or a thief could leave the proof out.
        if ("jkt" in binding) != (token.scheme == "DPoP"):
            raise OtherScheme
        shown = {} if certificate is None else {"x5t#S256": certificate.thumbprint}
        if token.scheme == "DPoP":
            proof = self.proofs.of(request, access_token=token.value, algs=client.signing_algs)
            if proof is None:
                raise self.proofs.missing()
            shown["jkt"] = proof.thumbprint
        if not holds(shown, binding):
            raise HolderMismatch
