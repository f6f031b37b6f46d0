"""Contains the certificates of ours that stand in files, by what they are for. Not here: those of relying parties, of
cards."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography import x509

from idp.settings import Settings
from idp.settings.files import read_octets
from idp.wiring.parts import Parts


def certificate_files(settings: Settings) -> Mapping[str, tuple[Path, ...]]:
    """Returns the files by use."""
    where, psc, host, page = settings.where, settings.psc, settings.card_host, settings.operations_page
    return {
        "issuer": (where.tls_certificate_file,) if where.tls_certificate_file else (),
        "psc_client": (Path(psc.certificate[0]),) if psc.certificate else (),
        "card_host": () if host.socket else (host.certificate_file,),
        "relying_party_authorities": settings.proxy.mtls_authority_files,
        "operations_page": tuple(
            path for path in (page.certificate_file, page.authorities_file) if path is not None
        ),
    }


def ends_in(path: Path) -> list[datetime]:
    """Returns the end of each certificate in a file. Raises OSError, ValueError."""
    return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(read_octets(path))]


def certificate_ends(parts: Parts) -> dict[str, datetime]:
    """Returns the end of the first certificate of each use that ends."""
    ends = dict(_ends_of_files(parts.settings))
    if parts.policy is not None:
        anchors = parts.policy.anchors
        ends["card_authorities"] = min(one.not_after for one in anchors.all)
    return ends


def _ends_of_files(settings: Settings) -> Iterator[tuple[str, datetime]]:
    """Yields the end of each certificate that stands in a file and can be read."""
    for use, paths in certificate_files(settings).items():
        ends = list[datetime]()
        for path in paths:
            with suppress(OSError, ValueError):  # Who needs it says so.
                ends += ends_in(path)
        if ends:
            yield use, min(ends)
