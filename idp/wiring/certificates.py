"""Contains the certificates of ours that stand in files, by what they are for. Not here: those of relying parties, of
cards."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509

from idp.settings import Settings
from idp.settings.files import read_octets


def certificate_files(settings: Settings) -> Mapping[str, tuple[Path, ...]]:
    """Returns the files by use."""
    where, psc, host = settings.where, settings.psc, settings.card_host
    return {
        "issuer": (where.tls_certificate_file,) if where.tls_certificate_file else (),
        "psc_client": (Path(psc.certificate[0]),) if psc.certificate else (),
        "card_host": () if host.socket else (host.certificate_file,),
        "relying_party_authorities": settings.proxy.mtls_authority_files,
    }


def ends_in(path: Path) -> list[datetime]:
    """Returns the end of each certificate in a file. Raises OSError, ValueError."""
    return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(read_octets(path))]
