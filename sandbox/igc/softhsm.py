"""`python -m sandbox.igc.softhsm DIR [--card NAME]`: test cards as PKCS#11 tokens of SoftHSM2, PIN included.

Contains tokens with the labels and identifiers that the CPS module shows. SoftHSM2 never locks a PIN; a real card does
after three wrong ones. Not here: how cards are made.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sandbox.igc.profile import GIP_CARD_ID

_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/*/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
_SECURITY_OFFICER_PIN = "12345678"  # the length of a real « code de déblocage »

#: (member of cards.json for the certificate, for the key, their labels, last byte of CKA_ID), as on a CPS3.
_SLOTS = (
    ("certificate", "key", "Certificat d'Authentification CPS", "CPS_PRIV_AUT", b"\x20"),
    ("signature_certificate", "signature_key", "Certificat de Signature CPS", "CPS_PRIV_SIG", b"\x10"),
)

Card = Mapping[str, Any]


class SoftHsmMissing(Exception):
    """SoftHSM2 is not installed. The message says what to install."""


def find_module() -> Path:
    """Returns the path of the PKCS#11 module. Raises SoftHsmMissing."""
    found = [path for pattern in _MODULES for path in sorted(Path("/").glob(pattern.lstrip("/")))]
    if not found or shutil.which("softhsm2-util") is None:
        raise SoftHsmMissing("SoftHSM2 is not installed: apt-get install softhsm2 (or your system's package)")
    return found[0]


def token_label(card: Card) -> str:
    """Returns `CPS3v3-` and the card number, which is the second half of gipCardID."""
    certificate = x509.load_pem_x509_certificate(Path(card["certificate"]).read_bytes())
    extension = certificate.extensions.get_extension_for_oid(GIP_CARD_ID).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    return f"CPS3v3-{extension.value.decode('ascii').rpartition('/')[2]}"


def make_tokens(cards: Sequence[Card], store: Path, module: Path) -> Path:
    """Make a store with one token per card. Returns the configuration file that SOFTHSM2_CONF must name."""
    shutil.rmtree(store, ignore_errors=True)
    (store / "tokens").mkdir(parents=True, mode=0o700)
    configuration = store / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {store / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)  # read by the module when it is loaded
    for card in cards:
        _initialise(token_label(card), card["pin"])
    for card in cards:
        _fill(module, card)
    return configuration


def _initialise(label: str, pin: str) -> None:
    subprocess.run(  # noqa: S603 our own command, no shell
        (
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--so-pin", _SECURITY_OFFICER_PIN, "--pin", pin),
        ),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _fill(module: Path, card: Card) -> None:
    import pkcs11  # imported late: without SoftHSM2, the message of find_module must come first
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    token = pkcs11.lib(str(module)).get_token(token_label=token_label(card))
    with token.open(rw=True, user_pin=card["pin"]) as session:
        for certificate, key, certificate_label, key_label, identifier in _SLOTS:
            marks = {pkcs11.Attribute.ID: identifier, pkcs11.Attribute.TOKEN: True}
            session.create_object(
                decode_x509_certificate(_certificate_der(card[certificate]))
                | marks
                | {pkcs11.Attribute.LABEL: certificate_label, pkcs11.Attribute.PRIVATE: False}
            )
            session.create_object(
                decode_rsa_private_key(_key_der(card[key]))
                | marks
                | {
                    pkcs11.Attribute.LABEL: key_label,
                    pkcs11.Attribute.PRIVATE: True,
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.SIGN: True,
                }
            )


def _certificate_der(path: str) -> bytes:
    return x509.load_pem_x509_certificate(Path(path).read_bytes()).public_bytes(Encoding.DER)


def _key_der(path: str) -> bytes:
    """Returns PKCS#1, as `decode_rsa_private_key` reads it."""
    key = load_pem_private_key(Path(path).read_bytes(), None)
    return key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _say(cards: Sequence[Card], configuration: Path, module: Path) -> None:
    for card in cards:
        print(f"{token_label(card)}  {card['holder']}, code porteur {card['pin']}")
    print(f"""
Module   {module}
Setting  SOFTHSM2_CONF={configuration}

Firefox   SOFTHSM2_CONF={configuration} firefox
          Settings > Privacy & Security > Security Devices > Load: the module above
Chromium  modutil -dbdir sql:$HOME/.pki/nssdb -add CPS -libfile {module}      (once, browser closed)
          SOFTHSM2_CONF={configuration} chromium""")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.igc.softhsm", description="Test cards as PKCS#11 tokens of SoftHSM2."
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the test IGC: where cards.json is")
    parser.add_argument("--card", action="append", metavar="NAME", help="default: lefebvre; may be repeated")
    parser.add_argument("--store", type=Path, help="where tokens are kept (default: DIR/softhsm), made anew")
    chosen = parser.parse_args(arguments)
    try:
        known = {card["name"]: card for card in json.loads((chosen.directory / "cards.json").read_text())}
        cards = [known[name] for name in chosen.card or ["lefebvre"]]
        module = find_module()
        configuration = make_tokens(cards, (chosen.store or chosen.directory / "softhsm").resolve(), module)
    except KeyError as unknown:
        parser.error(f"no card {unknown} in {chosen.directory}")
    except (OSError, SoftHsmMissing, subprocess.CalledProcessError) as refusal:
        print(f"softhsm: {refusal}", file=sys.stderr)
        return 1
    _say(cards, configuration, module)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
