"""Contains how relying parties are known and proved, built from the settings. Not here: their endpoints."""

from functools import partial
from pathlib import Path

from cryptography import x509
from sqlalchemy import Engine

from idp.accounts.charter import NoCharterPublished
from idp.adapters.http.jwks_uri import FetchedKeySets
from idp.adapters.http.outbound import OutboundHttp
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.unit import remember, remembered
from idp.clients.client_file import ClientFile
from idp.clients.credential_uses import CredentialUses
from idp.clients.key_sets import ClientKeys
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import Reading, demanded_charters
from idp.core.clock import Clock
from idp.core.refusal_trail import RefusalTrail
from idp.core.sealing import derive_key
from idp.protocol.client_auth.client_assertion import AssertionAuthentication
from idp.protocol.client_auth.client_authentication import Verify
from idp.protocol.client_auth.client_certificate import ClientCertificates
from idp.protocol.client_auth.dpop import DpopProofs, Nonces
from idp.protocol.client_auth.possession import Possession
from idp.protocol.client_auth.tls_client import TlsClientAuthentication, read_authorities
from idp.protocol.jose.client_jwt import ClientJwts
from idp.settings import Settings, bad_setting
from idp.settings.files import read_octets
from idp.web.network import CallerNetworks
from idp.wiring.operator_files import unreadable
from idp.wiring.resources import Resources


def build_clients(settings: Settings, clock: Clock) -> ClientFile:
    """Returns the registry. Raises BadYaml, BadSetting."""
    look = object()
    try:
        return ClientFile(
            settings.where.clients_file,
            operator_rules(settings),
            clock=clock,
            directory=settings.where.clients_directory,
            has_looked=partial(remembered, look),
            looked=partial(remember, look, look),
        )
    except OSError as error:
        directory = settings.where.clients_directory
        if directory is not None and directory in (at := Path(str(error.filename)), at.parent):
            expected = "a directory of readable files of clients"
            raise unreadable("CLIENTS_DIRECTORY", expected, error) from error
        raise unreadable("CLIENTS_FILE", "a readable file of clients, YAML", error) from error


def build_outbound_http(settings: Settings) -> OutboundHttp:
    return OutboundHttp(settings.outbound.networks, authority_files=settings.outbound.authority_files)


def build_client_keys(resources: Resources) -> ClientKeys:
    settings, clock = resources.settings, resources.clock
    uses = CredentialUses(clock, settings.operations.client_credentials)
    return ClientKeys(FetchedKeySets(build_outbound_http(settings), clock), uses, clock)


def build_assertions(resources: Resources, client_keys: ClientKeys) -> AssertionAuthentication:
    s = resources.settings
    return AssertionAuthentication(
        jwts=ClientJwts(client_keys),
        store=resources.store,
        clock=resources.clock,
        issuer=s.where.issuer,
        life=s.lives.assertion_life,
        ahead=s.clock.ahead,
        skew=s.clock.skew,
    )


def build_possession(resources: Resources, trail: RefusalTrail, networks: CallerNetworks) -> Possession:
    s = resources.settings
    proofs = DpopProofs(
        origins=tuple(origin for origin in (s.where.issuer, s.proxy.mtls_origin) if origin),
        nonces=Nonces(derive_key(s.keys.application, "dpop_nonce"), s.lives.dpop_nonce_life, s.clock.skew),
        store=resources.store,
        life=s.lives.dpop_proof_life,
        ahead=s.clock.ahead,
        clock=resources.clock,
    )
    return Possession(proofs, ClientCertificates(s.proxy.secret, trail, networks))


def build_tls_methods(resources: Resources, possession: Possession, keys: ClientKeys) -> dict[str, Verify]:
    """Returns client authentication by certificate; none where no proxy asks for one. Raises BadSetting."""
    settings = resources.settings
    authorities = _mtls_authorities(resources.settings)
    tls = TlsClientAuthentication(
        certificates=possession.certificates,
        authorities=authorities,
        keys=keys,
        uses=keys.uses,
        clock=resources.clock,
    )
    served: dict[str, Verify] = {"self_signed_tls_client_auth": tls.by_registered_certificate}
    if authorities:
        served["tls_client_auth"] = tls.by_authority
    return served if settings.proxy.mtls_origin else {}


def _mtls_authorities(settings: Settings) -> list[x509.Certificate]:
    try:
        texts = [read_octets(path) for path in settings.proxy.mtls_authority_files]
        return [found for text in texts for found in read_authorities(text)]
    except (OSError, ValueError) as error:
        expected = "readable files of PEM certificates with basicConstraints CA:TRUE and keyUsage keyCertSign"
        raise bad_setting("MTLS_AUTHORITY_FILES", expected) from error


def unpublished_charters(database: Engine, reading: Reading) -> list[BadYaml]:
    """Returns a fault for each charter that a client demands and that was never published. Raises StoreUnavailable."""
    charters = SqlCharters(database)
    return [
        charter.fault(f"expected a published charter: `idp charter publish --charter {charter.at.text()}`")
        for charter in demanded_charters(reading)
        if not _is_published(charters, charter.at.text())
    ]


def _is_published(charters: SqlCharters, name: str) -> bool:
    try:
        charters.current(name)
    except NoCharterPublished:
        return False
    return True
