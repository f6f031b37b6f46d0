"""Contains when the certificates end that this service uses, by their use. Not here: who is told (`readings`)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from idp.settings import Settings
from idp.settings.files import read_octets
from idp.wiring.parts import Parts


def certificate_ends(parts: Parts) -> dict[str, datetime]:
    """Returns the end of the first certificate of each use that ends."""
    ends = dict(_ends_of_files(parts.settings))
    if parts.policy is not None:
        anchors = parts.policy.anchors
        ends["card_authorities"] = min(one.not_after for one in anchors.all)
    return ends


def _ends_of_files(settings: Settings) -> Iterator[tuple[str, datetime]]:
    """Yields the end of each certificate that stands in a file and can be read."""
    where, psc, host, page = settings.where, settings.psc, settings.card_host, settings.operations_page
    files: dict[str, tuple[Path | None, ...]] = {
        "issuer": (where.tls_certificate_file,),
        "psc_client": (Path(psc.certificate[0]),) if psc.certificate else (),
        "card_host": () if host.socket else (host.certificate_file,),
        "relying_party_authorities": settings.proxy.mtls_authority_files,
        "operations_page": (page.certificate_file, page.authorities_file),
    }
    for use, paths in files.items():
        ends = [end for path in paths if path is not None for end in _ends(path)]
        if ends:
            yield use, min(ends)


def _ends(path: Path) -> list[datetime]:
    try:
        return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(read_octets(path))]
    except (OSError, ValueError):  # Who needs it says so.
        return []
