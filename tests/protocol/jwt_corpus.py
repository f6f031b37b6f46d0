"""Hostile JWTs: one honest specimen, and every way we know of to make another one pass for it.

Each entry of `FORGERIES` must be refused wherever a signed JWT is read; `UNTIMELY` wherever instants are judged. A
consumer brings its specimen (its claims, the true signer), so that each token is wrong in one thing only.
Contains tokens made by hand. Not here: anything of `idp`, what a refusal looks like.
"""

import hashlib
import hmac
import json
import string
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.made_once import rsa_key

Json = dict[str, Any]
Sign = Callable[[bytes], bytes]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_STRANGER = ec.generate_private_key(ec.SECP256R1())
_STRANGER_RSA = rsa_key("stranger")


def b64u(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _raw(key: ec.EllipticCurvePrivateKey, text: bytes) -> bytes:
    """RFC 7518 §3.4: r and s, 32 octets each."""
    r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def signer_of(key: PrivateKey, alg: str) -> Sign:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda text: _raw(key, text)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return lambda text: key.sign(text, pss if alg == "PS256" else padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True)
class Specimen:
    """A token that would pass, taken apart. `keys`: the private key of each algorithm that its reader knows."""

    alg: str
    kid: str
    claims: Json
    keys: Mapping[str, PrivateKey]
    header: Json

    @property
    def key(self) -> PrivateKey:
        return self.keys[self.alg]

    def honest(self) -> str:
        return self.token()

    def token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        head: bytes | None = None,
        body: bytes | None = None,
        sign: Sign | None = None,
    ) -> str:
        """In the mappings, a member set to `...` is left out; `head` and `body` replace all octets of their part."""
        made = {"alg": self.alg, "kid": self.kid, **self.header, **(header or {})}
        said = {**self.claims, **(claims or {})}
        parts = [
            json.dumps({name: value for name, value in part.items() if value is not ...}).encode()
            for part in (made, said)
        ]
        text = f"{b64u(parts[0] if head is None else head)}.{b64u(parts[1] if body is None else body)}"
        return f"{text}.{b64u((sign or signer_of(self.key, self.alg))(text.encode()))}"

    def public_forms(self) -> list[bytes]:
        """What an attacker may take for an HMAC secret: whatever of the public key is public."""
        public = self.key.public_key()
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(serialization.Encoding.PEM, info)
        return [pem, pem.strip(), public.public_bytes(serialization.Encoding.DER, info), b"", b"\x00" * 32]


Forge = Callable[[Specimen], str]


def _hmac(secret: bytes, alg: str) -> Sign:
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    return lambda text: hmac.digest(secret, text, digest)


def _nothing(_text: bytes) -> bytes:
    return b""


def _none(alg: Any) -> dict[str, Forge]:
    return {
        f"alg {alg!r} without signature": lambda s: s.token(header={"alg": alg}, sign=_nothing),
        f"alg {alg!r} without signature or kid": lambda s: s.token(
            header={"alg": alg, "kid": ...}, sign=_nothing
        ),
        f"alg {alg!r} over a true signature": lambda s: s.token(header={"alg": alg}),
    }


def _confused(alg: str, form: int) -> Forge:
    return lambda s: s.token(header={"alg": alg}, sign=_hmac(s.public_forms()[form], alg))


def _stranger(**header: Any) -> Forge:
    """Signed by a stranger whose key the header brings along, or says where to find."""
    return lambda s: s.token(
        header={**header, "alg": s.alg},
        sign=signer_of(_STRANGER if s.alg == "ES256" else _STRANGER_RSA, s.alg),
    )


def _numbers(key: ec.EllipticCurvePrivateKey) -> Json:
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64u(point.x.to_bytes(32)), "y": b64u(point.y.to_bytes(32))}


def _spoiled(change: Callable[[str], str]) -> Forge:
    return lambda s: change(s.honest())


def _flipped(token: str, part: int) -> str:
    parts = token.split(".")
    letter = "A" if parts[part][5] != "A" else "B"
    parts[part] = parts[part][:5] + letter + parts[part][6:]
    return ".".join(parts)


def _with_bits_left_over(token: str) -> str:
    """The same octets to a decoder that forgets them: none of our signatures has a length that 3 divides."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return token[:-1] + letters[letters.index(token[-1]) + 1]


def _other_alg(s: Specimen) -> str:
    return s.token(header={"alg": "RS256" if s.alg == "ES256" else "ES256"})


def _jwe(header: Json, plain: bytes) -> str:
    parts = (json.dumps(header).encode(), b"k" * 256, b"i" * 12, plain, b"t" * 16)
    return ".".join(b64u(part) for part in parts)


_BOMB = zlib.compress(b"\x00" * 2_000_000, 9)
_URL = "http://127.0.0.1:1/keys"

#: What depends on the algorithm, on the kind of key or on how it signs: made for each of them, wherever several pass.
OF_ALGORITHMS: Mapping[str, Forge] = {
    # The algorithm.
    **{name: forge for alg in ("none", "None", "nOnE", "", None) for name, forge in _none(alg).items()},
    **{
        f"{alg} under public form {form}": _confused(alg, form)
        for alg in ("HS256", "HS384", "HS512")
        for form in range(5)
    },
    "the algorithm of another kind of key": _other_alg,
    "alg missing": lambda s: s.token(header={"alg": ...}),
    "alg in small letters": lambda s: s.token(header={"alg": s.alg.lower()}),
    "alg a list": lambda s: s.token(header={"alg": [s.alg]}),
    "alg an object": lambda s: s.token(header={"alg": {s.alg: s.alg}}),
    "alg unknown": lambda s: s.token(header={"alg": "EdDSA"}),
    "alg of 384 bits": lambda s: s.token(header={"alg": s.alg.replace("256", "384")}),
    # The key.
    "a stranger under our kid": _stranger(),
    "a stranger under a kid of its own": _stranger(kid="stranger"),
    "a stranger without kid": _stranger(kid=...),
    "a stranger's jwk": _stranger(jwk=_numbers(_STRANGER)),
    "a stranger's jwk and kid": _stranger(jwk=_numbers(_STRANGER), kid="stranger"),
    "a stranger's jku": _stranger(jku=_URL),
    "a stranger's x5u": _stranger(x5u=_URL),
    "a stranger's x5c": _stranger(x5c=["AAAA"]),
    "kid a path": lambda s: s.token(header={"kid": "../../../dev/null"}, sign=_hmac(b"", "HS256")),
    "kid unknown": lambda s: s.token(header={"kid": "unknown"}),
    "kid empty": lambda s: s.token(header={"kid": ""}),
    "kid a number": lambda s: s.token(header={"kid": 1}),
    "kid a list": lambda s: s.token(header={"kid": [s.kid]}),
    "kid with a letter of no width": lambda s: s.token(header={"kid": s.kid + "\u200b"}),
    "kid with half a character": lambda s: s.token(header={"kid": "\ud800"}),
    # The signature.
    "no signature": _spoiled(lambda token: token.rpartition(".")[0] + "."),
    "no third part": _spoiled(lambda token: token.rpartition(".")[0]),
    "a fourth part": _spoiled(lambda token: token + ".AAAA"),
    "the signature of another payload": lambda s: (
        s.honest().rpartition(".")[0] + "." + s.token(claims={"x": 1}).rpartition(".")[2]
    ),
    "one letter of the header changed": _spoiled(lambda token: _flipped(token, 0)),
    "one letter of the payload changed": _spoiled(lambda token: _flipped(token, 1)),
    "one letter of the signature changed": _spoiled(lambda token: _flipped(token, 2)),
    "a signature of zeros": lambda s: s.token(sign=lambda _text: b"\x00" * 64),
    "a signature in DER or of another padding": lambda s: s.token(
        sign=lambda text: (
            s.key.sign(text, ec.ECDSA(hashes.SHA256()))
            if isinstance(s.key, ec.EllipticCurvePrivateKey)
            else s.key.sign(text, padding.PKCS1v15(), hashes.SHA512())
        )
    ),
}

#: All of them. The others are wrong in their letters, their JSON, their size, their claims or their time, which are
#: judged by the same lines whatever the algorithm: each door meets them once.
FORGERIES: Mapping[str, Forge] = {
    **OF_ALGORITHMS,
    # What we do not understand.
    "crit of an unknown extension": lambda s: s.token(header={"crit": ["x"], "x": 1}),
    "crit of a known name": lambda s: s.token(header={"crit": ["exp"], "exp": 1}),
    "crit empty": lambda s: s.token(header={"crit": []}),
    "crit no list": lambda s: s.token(header={"crit": "alg"}),
    "crit of alg": lambda s: s.token(header={"crit": ["alg"]}),
    "payload not encoded (RFC 7797)": lambda s: s.token(header={"crit": ["b64"], "b64": False}),
    "typ of a proof of possession": lambda s: s.token(header={"typ": "dpop+jwt"}),
    "typ of a logout token": lambda s: s.token(header={"typ": "logout+jwt"}),
    "typ no text": lambda s: s.token(header={"typ": 7}),
    # The letters.
    "padded": _spoiled(lambda token: token + "="),
    "with bits left over": _spoiled(_with_bits_left_over),
    "a letter too many": _spoiled(lambda token: token + "A" * (-(len(token.rpartition(".")[2]) - 1) % 4)),
    "in the other alphabet": lambda s: s.honest().replace(".", "+.", 1),
    "with a line end": _spoiled(lambda token: token + "\n"),
    "with a blank before": _spoiled(lambda token: " " + token),
    "with a blank within": _spoiled(lambda token: token.replace(".", " .", 1)),
    "with a null within": _spoiled(lambda token: token.replace(".", "\x00.", 1)),
    "with a dot that is none": _spoiled(lambda token: token.replace(".", "\u3002")),
    "in full-width letters": _spoiled(lambda token: chr(ord(token[0]) + 0xFEE0) + token[1:]),
    # The JSON.
    "alg twice, ours last": lambda s: s.token(head=_twice("alg", "none", s.alg, kid=s.kid, **s.header)),
    "alg twice, ours first": lambda s: s.token(head=_twice("alg", s.alg, "none", kid=s.kid, **s.header)),
    "kid twice": lambda s: s.token(head=_twice("kid", "stranger", s.kid, alg=s.alg, **s.header)),
    "header a list": lambda s: s.token(head=b"[]"),
    "header a text": lambda s: s.token(head=b'"RS256"'),
    "header null": lambda s: s.token(head=b"null"),
    "header no JSON": lambda s: s.token(head=b"{alg:none}"),
    "header empty": lambda s: s.token(head=b""),
    "header in UTF-16": lambda s: s.token(
        head=json.dumps({"alg": s.alg, "kid": s.kid, **s.header}).encode("utf-16")
    ),
    "header no UTF-8": lambda s: s.token(head=b'{"alg":"\xff\xfe"}'),
    "header after a mark of order": lambda s: s.token(
        head=b"\xef\xbb\xbf" + json.dumps({"alg": s.alg, "kid": s.kid, **s.header}).encode()
    ),
    "header with something behind": lambda s: s.token(
        head=json.dumps({"alg": s.alg, "kid": s.kid, **s.header}).encode() + b"{}"
    ),
    "payload a list": lambda s: s.token(body=json.dumps([s.claims]).encode()),
    "payload a text": lambda s: s.token(body=b'"x"'),
    "payload null": lambda s: s.token(body=b"null"),
    "payload empty": lambda s: s.token(body=b""),
    "payload no JSON": lambda s: s.token(body=b"\x00\x01"),
    "payload in UTF-16": lambda s: s.token(body=json.dumps(s.claims).encode("utf-16")),
    "payload with NaN": lambda s: s.token(body=json.dumps(s.claims)[:-1].encode() + b',"x":NaN}'),
    "payload compressed": lambda s: s.token(
        header={"zip": "DEF"}, body=zlib.compress(json.dumps(s.claims).encode())
    ),
    "nesting without end in the header": lambda s: s.token(head=b'{"alg":' + b"[" * 3000),
    "nesting without end in the payload": lambda s: s.token(body=b'{"iss":' + b"[" * 3000),
    "nesting that ends in the payload": lambda s: s.token(body=b"[" * 3000 + b"]" * 3000),
    "a number of 5000 digits": lambda s: s.token(body=b'{"iss":1, "exp":' + b"9" * 5000 + b"}"),
    # The size.
    "more than 16 KiB": lambda s: s.token(claims={"x": "x" * 17_000}),
    "more than 16 KiB of header": lambda s: s.token(header={"x": "x" * 17_000}),
    "dots without end": lambda _s: "." * 4000,
    # Encrypted.
    "a JWE": lambda _s: _jwe({"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}, b"x"),
    "a JWE bomb": lambda _s: _jwe({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}, _BOMB),
    "a JWE of a password, a million times hashed": lambda _s: _jwe(
        {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 10**9, "p2s": "AAAA"}, b"x"
    ),
    # Whose it is, and for whom.
    "iss a stranger": lambda s: s.token(claims={"iss": "https://stranger.example"}),
    "iss missing": lambda s: s.token(claims={"iss": ...}),
    "iss a list": lambda s: s.token(claims={"iss": [s.claims["iss"]]}),
    "iss with a letter of no width": lambda s: s.token(claims={"iss": s.claims["iss"] + "\u200b"}),
    "iss with a letter that looks alike": lambda s: s.token(
        claims={"iss": s.claims["iss"].translate({0x65: 0x435, 0x6F: 0x43E})}
    ),
    "iss with half a character": lambda s: s.token(claims={"iss": "\ud800"}),
    "aud a stranger": lambda s: s.token(claims={"aud": "https://stranger.example"}),
    "aud missing": lambda s: s.token(claims={"aud": ...}),
    "aud a list of strangers too": lambda s: s.token(
        claims={"aud": [s.claims["aud"], "https://stranger.example"]}
    ),
    "aud an object": lambda s: s.token(claims={"aud": {s.claims["aud"]: 1}}),
    "aud with a blank": lambda s: s.token(claims={"aud": s.claims["aud"] + " "}),
    # No token at all.
    "nothing but a dot": lambda _s: ".",
    "two dots": lambda _s: "..",
    "letters": lambda _s: "a.b.c",
    "a smile": lambda _s: "\U0001f600.\U0001f600.\U0001f600",
    "markup": lambda _s: "<script>alert(1)</script>",
}

UNTIMELY: Mapping[str, Forge] = {
    "expired": lambda s: s.token(claims={"exp": int(time.time()) - 3600}),
    "expired at once": lambda s: s.token(claims={"exp": 0}),
    "without end": lambda s: s.token(claims={"exp": ...}),
    "for years": lambda s: s.token(claims={"exp": int(time.time()) + 10**8}),
    "not yet": lambda s: s.token(claims={"nbf": int(time.time()) + 3600}),
    "of the future": lambda s: s.token(claims={"iat": int(time.time()) + 3600}),
    "an end in words": lambda s: s.token(claims={"exp": "tomorrow"}),
    "an end that is true": lambda s: s.token(claims={"exp": True}),
    "an end beyond all floats": lambda s: s.token(claims={"exp": 10**400}),
    "a beginning that is nothing": lambda s: s.token(claims={"nbf": None}),
    "a beginning in a list": lambda s: s.token(claims={"nbf": [0]}),
}


def _twice(name: str, first: str, second: str, **others: str) -> bytes:
    rest = "".join(f",{json.dumps(key)}:{json.dumps(value)}" for key, value in others.items())
    return f'{{"{name}":{json.dumps(first)},"{name}":{json.dumps(second)}{rest}}}'.encode()
