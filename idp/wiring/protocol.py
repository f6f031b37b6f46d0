"""Contains what the endpoints of relying parties share: engine, grants, client authentication. Not here: an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from idp.protocol.authorization.authorization_request import RequestVerification
from idp.protocol.authorization.pushed_requests import PushedRequests
from idp.protocol.authorization.request_object import RequestObjects
from idp.protocol.authorization.request_reader import RequestReader
from idp.protocol.claims.subject import Subjects
from idp.protocol.client_auth.client_authentication import ClientAuthentication, Verify, is_public
from idp.protocol.client_auth.client_door import ClientDoor
from idp.protocol.client_auth.guesses import Guesses
from idp.protocol.client_auth.possession import Possession
from idp.protocol.client_auth.secret_client import SecretAuthentication
from idp.protocol.engine.engine import Engine
from idp.protocol.engine.grants import GrantStore
from idp.protocol.jose.client_jwt import ClientJwts
from idp.protocol.jose.client_tokens import ClientTokens
from idp.protocol.jose.id_token_hint import read_hint
from idp.protocol.tokens.grant_gate import GrantGate
from idp.wiring.parts import Parts
from idp.wiring.relying_parties import (
    build_assertions,
    build_possession,
    build_tls_methods,
)
from idp.wiring.resources import open_subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolParts:
    engine: Engine
    client_tokens: ClientTokens
    grant_store: GrantStore
    gate: GrantGate
    subjects: Subjects
    reader: RequestReader
    possession: Possession
    door: ClientDoor
    #: The methods of client authentication by certificate that are served.
    tls_methods: tuple[str, ...]


def build_protocol(parts: Parts) -> ProtocolParts:
    """Raises BadSetting."""
    settings, clients = parts.settings, parts.clients
    grant_store = GrantStore(
        store=parts.store,
        grants=parts.grants,
        standings=parts.standings,
        code_life=settings.lives.code_life,
        access_token_life=settings.lives.access_token_life,
        clients=clients,
        clock=parts.clock,
    )
    client_tokens = ClientTokens(parts.keys, parts.client_keys, settings.where.issuer)
    engine = Engine(
        issuer=settings.where.issuer,
        clients=clients,
        grants=grant_store,
        client_tokens=client_tokens,
        id_token_life=settings.lives.id_token_life,
        clock=parts.clock,
    )
    possession = build_possession(parts.resources, parts.trail, parts.web.networks)
    tls_methods = build_tls_methods(parts.resources, possession, parts.client_keys)
    return ProtocolParts(
        engine=engine,
        client_tokens=client_tokens,
        grant_store=grant_store,
        gate=GrantGate(parts.standings, parts.gate),
        subjects=open_subjects(settings),
        reader=_request_reader(parts, engine),
        possession=possession,
        door=_client_door(parts, tls_methods),
        tls_methods=tuple(tls_methods),
    )


def _client_door(parts: Parts, tls_methods: Mapping[str, Verify]) -> ClientDoor:
    settings = parts.settings
    secrets = SecretAuthentication(parts.client_keys.uses, parts.clock)
    methods = {
        "client_secret_basic": secrets.has_secret,
        "client_secret_post": secrets.has_secret,
        "private_key_jwt": build_assertions(parts.resources, parts.client_keys).is_signed,
        "none": is_public,
        **tls_methods,
    }
    return ClientDoor(
        authentication=ClientAuthentication(parts.clients, methods, _guesses(parts)),
        trail=parts.trail,
        parameter_bytes=settings.bounds.parameter_bytes,
        networks=parts.web.networks,
        refusals=parts.refusals,
    )


def _guesses(parts: Parts) -> Guesses:
    return Guesses(
        store=parts.store,
        audit=parts.audit,
        networks=parts.web.networks,
        limits=parts.settings.client_guesses,
    )


def _request_reader(parts: Parts, engine: Engine) -> RequestReader:
    s = parts.settings
    objects = RequestObjects(
        jwts=ClientJwts(parts.client_keys),
        issuer=s.where.issuer,
        clock=parts.clock,
        life=s.lives.request_object_life,
        clock_ahead=s.clock.ahead,
    )
    return RequestReader(
        clients=parts.clients,
        verification=RequestVerification(
            engine=engine,
            read_hint=partial(read_hint, keys=parts.keys, issuer=s.where.issuer),
            doors_of=lambda client: parts.itinerary.doors_open_to(client.client_id, client.minimum_acr),
            parameter_bytes=s.bounds.parameter_bytes,
            kept_bytes=s.bounds.request_bytes,
        ),
        objects=objects,
        pushed=PushedRequests(parts.store, s.lives.pushed_request_life, s.lives.interaction_life),
    )
