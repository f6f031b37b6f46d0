"""What the registration of a client demands of this deployment's settings.

Contains rules as in `clients/rules`, reported at the client: at the start, at each reload of clients.yaml, and by `idp
clients check`; the registry under them. Not here: reading settings.
"""

from datetime import timedelta

from idp.clients.members import TLS_METHODS
from idp.clients.registry import ClientRegistry, read_clients
from idp.clients.rules import ClientRule, Values
from idp.settings import Settings

#: FAPI 2.0 Security Profile §5.3.2.1. `Settings` bounds the life of pushed requests for every client.
_FAPI_CODE_LIFE = timedelta(seconds=60)
_FAPI_AHEAD = timedelta(seconds=10), timedelta(seconds=60)


def _is_fapi(values: Values) -> bool:
    return bool(values["profile"] == "fapi2")


def _needs_certificates(values: Values) -> bool:
    return values["token_endpoint_auth_method"] in TLS_METHODS or bool(
        values["tls_client_certificate_bound_access_tokens"]
    )


def registered(settings: Settings) -> ClientRegistry:
    """Returns the relying parties that the settings name. Raises BadYaml, OSError."""
    where = settings.where
    return read_clients(where.clients_file, operator_rules(settings), directory=where.clients_directory)


def operator_rules(settings: Settings) -> tuple[ClientRule, ...]:
    least, most = _FAPI_AHEAD
    return (
        ClientRule(
            "profile",
            "expected CADUCEE_CODE_LIFE of 60 seconds or less (profile fapi2)",
            lambda v: _is_fapi(v) and settings.lives.code_life > _FAPI_CODE_LIFE,
        ),
        ClientRule(
            "profile",
            "expected CADUCEE_CLOCK_AHEAD of 10 to 60 seconds (profile fapi2)",
            lambda v: _is_fapi(v) and not least <= settings.clock.ahead <= most,
        ),
        ClientRule(
            "token_endpoint_auth_method",
            "expected CADUCEE_MTLS_ORIGIN to be set: nobody asks for TLS client certificates",
            lambda v: _needs_certificates(v) and not settings.proxy.mtls_origin,
        ),
        ClientRule(
            "token_endpoint_auth_method",
            "expected CADUCEE_MTLS_AUTHORITY_FILES to be set for tls_client_auth",
            lambda v: (
                v["token_endpoint_auth_method"] == "tls_client_auth"
                and not settings.proxy.mtls_authority_files
            ),
        ),
    )
