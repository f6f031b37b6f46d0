"""Which authorities may be pinned, and how an operator is told that theirs may not."""

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from idp.cards.anchors import AnchorsRefused, load_anchors
from sandbox.igc.authorities import make_intermediate, make_root
from sandbox.igc.issuing import Igc, Slot, new_key
from tests.cards.factory import NOW, pem, reissued


def test_intermediate_is_pinned_and_the_root_is_not(igc: Igc) -> None:
    anchors = load_anchors([pem(igc.root.certificate), pem(igc.issuing.certificate)])
    (pinned,) = anchors.issuing
    assert pinned.public_key.public_numbers() == igc.issuing.key.public_key().public_numbers()
    assert anchors.claimed_issuers(igc.issuing.subject_key_id.digest) == (pinned,)
    assert anchors.claimed_issuers(igc.root.subject_key_id.digest) == ()


def test_order_and_grouping_of_files_do_not_matter(igc: Igc) -> None:
    one_file = pem(igc.issuing.certificate) + pem(igc.root.certificate)
    assert len(load_anchors([one_file]).issuing) == 1


def test_intermediate_without_its_root_is_refused_by_name(igc: Igc) -> None:
    with pytest.raises(AnchorsRefused, match="STANDARD PERSONNES: signed by none of the roots"):
        load_anchors([pem(igc.root.certificate), pem(igc.sibling.certificate)])


def test_intermediate_that_only_bears_the_roots_name_is_refused(igc: Igc) -> None:
    impostor = make_root(igc.root.name, new_key(), NOW)
    with pytest.raises(AnchorsRefused, match="signed by none"):
        load_anchors([pem(impostor.certificate), pem(igc.issuing.certificate)])


@pytest.mark.parametrize("pems", [[], [b""], [b"not a certificate"]])
def test_nothing_to_pin_is_an_error(pems: list[bytes]) -> None:
    with pytest.raises(AnchorsRefused):
        load_anchors(pems)


def test_roots_alone_pin_nothing(igc: Igc) -> None:
    with pytest.raises(AnchorsRefused, match="no issuing authority"):
        load_anchors([pem(igc.root.certificate)])


def test_card_is_not_an_authority(igc: Igc) -> None:
    leaf = igc.cards[0].login.certificate
    with pytest.raises(AnchorsRefused, match="not an authority|not the extensions"):
        load_anchors([pem(igc.root.certificate), pem(leaf)])


def test_short_keys_are_refused(igc: Igc) -> None:
    weak: RSAPrivateKey = new_key(1024)
    intermediate = make_intermediate("SHORT", weak, igc.root, NOW)
    with pytest.raises(AnchorsRefused, match="SHORT: its key is not RSA of 2048 bits or more"):
        load_anchors([pem(igc.root.certificate), pem(intermediate.certificate)])


@pytest.mark.parametrize(
    "missing",
    [ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.SUBJECT_KEY_IDENTIFIER],
    ids=lambda oid: oid._name,
)
def test_certificate_without_the_extensions_of_an_authority_is_none(
    igc: Igc, missing: x509.ObjectIdentifier
) -> None:
    issuing = Slot(igc.issuing.certificate, igc.issuing.key)
    lacking = reissued(issuing, igc.root.key, without={missing})
    with pytest.raises(AnchorsRefused, match="PERSONNES: not the extensions of an authority"):
        load_anchors([pem(igc.root.certificate), pem(lacking)])


def test_root_that_another_key_signed_is_refused_though_it_bears_its_own_name_twice(igc: Igc) -> None:
    signed_by_another = reissued(Slot(igc.root.certificate, igc.root.key), new_key())
    with pytest.raises(AnchorsRefused, match="FORT: a root must be signed by itself"):
        load_anchors([pem(signed_by_another), pem(igc.issuing.certificate)])


def test_signature_over_sha_1_counts_for_nothing(igc: Igc) -> None:
    """No builder writes one any more: the algorithm is named anew, and the whole signed anew."""
    old = igc.issuing.certificate
    sha256_with_rsa, sha1_with_rsa = (bytes.fromhex(f"2a864886f70d0101{end}") for end in ("0b", "05"))
    tbs = old.tbs_certificate_bytes.replace(sha256_with_rsa, sha1_with_rsa)
    signature = igc.root.key.sign(tbs, PKCS1v15(), hashes.SHA1())  # noqa: S303 - must be refused
    der = old.public_bytes(Encoding.DER).replace(sha256_with_rsa, sha1_with_rsa)
    weak = x509.load_der_x509_certificate(der.replace(old.signature, signature))
    igc.root.key.public_key().verify(weak.signature, weak.tbs_certificate_bytes, PKCS1v15(), hashes.SHA1())  # noqa: S303
    with pytest.raises(AnchorsRefused, match="signed by none of the roots"):
        load_anchors([pem(igc.root.certificate), pem(weak)])


def test_root_of_two_authorities_is_counted_once_among_those_that_sign_lists(igc: Igc) -> None:
    second = make_intermediate("SECOND", new_key(), igc.root, NOW)
    anchors = load_anchors([pem(one.certificate) for one in (igc.root, igc.issuing, second)])
    assert [one.name for one in anchors.all] == [igc.issuing.name, "SECOND", igc.root.name]


def test_production_authorities_load(igc: Igc) -> None:
    if "CADUCEE_IGC_SAMPLES" not in os.environ:
        pytest.skip("CADUCEE_IGC_SAMPLES is not set")
    samples = Path(os.environ["CADUCEE_IGC_SAMPLES"])
    files = [samples / "ACR_FORT.pem", samples / "AC_FORT_PERSONNES.pem"]
    (pinned,) = load_anchors([file.read_bytes() for file in files]).issuing
    assert pinned.name == "AC IGC-SANTE FORT PERSONNES"
    assert pinned.key_id.hex() == "800f918821797d5555c65d6dd5938d6ade5c2aa6"
    assert isinstance(x509.load_der_x509_certificate(pinned.der), x509.Certificate)
