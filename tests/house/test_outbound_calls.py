"""Every URL the provider fetches or calls, and who chose it: the operator or a relying party (facts/security CF5, T41).

The tables are decisions. Each is compared with the source: a new call, a new HTTP client, a new URL in clients.yaml
fails here until an engineer has decided which of the two it is: of the operator's configuration (`SafeHttp`), or of
a relying party's registration (`OutboundHttp`, which reaches no machine inside).
"""

import ast
from collections.abc import Iterator

import pytest

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.http.outbound import OutboundHttp
from idp.clients.members import MEMBERS
from tests.house.reading import Module, imports_of, modules

IDP = modules("idp")

#: What opens a connection to elsewhere: the library, and the modules that may import it.
CONNECTING = {
    "requests": {"idp.adapters.http.bounded", "idp.adapters.http.deadline", "idp.adapters.http.outbound"},
    "urllib3": {"idp.adapters.http.bounded", "idp.adapters.http.deadline", "idp.adapters.http.outbound"},
    "http.client": {"idp.adapters.http.bounded"},
    "smtplib": {"idp.adapters.mail.smtp", "idp.adapters.mail.remedies"},
    "redis": {
        "idp.adapters.redis_connections",
        "idp.adapters.redis_cluster",
        "idp.adapters.redis_eviction",
        "idp.adapters.redis_persistence",
        "idp.adapters.redis_urls",
    },
    "hiredis": {"idp.adapters.redis_connections"},
    # The card host listens; `adapters/http/deadline` and `adapters/http/outbound` bound and pin what requests opens.
    # `adapters/http/presented` looks at the certificate of an address of Pro Santé Connect, and sends nothing.
    "socket": {
        "idp.adapters.card_host.tls_listener",
        # What `idp doctor` meets at our own card host.
        "idp.adapters.card_host.from_outside",
        "idp.adapters.card_host.proxy_listener",
        "idp.adapters.card_host.tls",
        "idp.adapters.http.outbound",
        "idp.adapters.http.deadline",
        "idp.adapters.http.presented",
        "idp.adapters.card_host.socket_listener",
        # Whether the port is free.
        "idp.adapters.granian.worker",
        # The syslog server that the operator names.
        "idp.adapters.audit_lines.syslog",
        # It listens.
        "idp.adapters.operations.greetings",
        "idp.adapters.operations.listener",
        # What this machine is called.
        "idp.cli.worker.pulse",
        # What listens is told to let nobody in.
        "idp.adapters.farewell",
    },
    "urllib.request": set(),
    "httpx": set(),
    "aiohttp": set(),
    "ftplib": set(),
    # The loop in which granian calls us, and nothing else.
    "asyncio": {"idp.adapters.granian.loop", "idp.adapters.granian.worker"},
}

RELYING_PARTY = "registered by a relying party"
OPERATOR = "of Pro Santé Connect: configured by the operator, or published by what the operator configured"

#: Where an HTTP client is made: module and class → who chose the addresses it is made for.
MADE = {
    ("idp.wiring.relying_parties", "OutboundHttp"): RELYING_PARTY,
    ("idp.wiring.psc", "SafeHttp"): OPERATOR,
    # OCSP and revocation lists: addresses of the settings, never of a certificate (facts/security T41).
    ("idp.wiring.cards", "SafeHttp"): OPERATOR,
    ("idp.wiring.worker", "SafeHttp"): OPERATOR,
    ("idp.adapters.psc.provider", "SafeHttp"): OPERATOR,
    # Our own issuer.
    ("idp.wiring.doctor.outside", "SafeHttp"): OPERATOR,
}

#: Every call: module and the address as the source says it → who chose it.
CALLED = {
    ("idp.adapters.igc.ocsp", "self.url"): OPERATOR,
    ("idp.adapters.igc.crl_refresh", "url"): OPERATOR,
    ("idp.adapters.http.jwks_uri", "self._jwks_uri"): RELYING_PARTY,
    ("idp.adapters.http.logout_post", "url"): RELYING_PARTY,
    ("idp.adapters.psc.backchannel", "token_endpoint"): OPERATOR,
    ("idp.adapters.psc.backchannel", "userinfo_endpoint"): OPERATOR,
    ("idp.adapters.psc.backchannel", "push_endpoint"): OPERATOR,
    # Ours with a query, at the authorization endpoint; or the endpoint alone.
    ("idp.adapters.psc.questions", "address"): OPERATOR,
    ("idp.adapters.psc.questions", "endpoint"): OPERATOR,
    ("idp.adapters.psc.discovery", "self._settings.discovery_address"): OPERATOR,
    ("idp.adapters.psc.published", "url"): OPERATOR,
    ("idp.adapters.psc.watch", "url"): OPERATOR,
    ("idp.adapters.psc.way_out", "url"): OPERATOR,
    # The circuit passes on what it is given by the five above.
    ("idp.adapters.psc.circuit", "url"): OPERATOR,
    ("idp.wiring.doctor.outside", "f'{settings.where.issuer}{path}'"): OPERATOR,
}

#: What is made where → which callers it is handed to. The first may never be handed to the second.
HANDED = {
    "idp.wiring.relying_parties": ("FetchedKeySets", "build_outbound_http"),
    "idp.wiring.worker": ("HttpLogoutPost", "build_outbound_http"),
}

FETCHED, FRAMED, NEVER = (
    "by OutboundHttp",
    "by the browser, in a frame",
    "never: compared, shown or redirected to",
)
#: Each member of a client that is an address, or that a standard makes one.
ADDRESSES = {
    "jwks_uri": FETCHED,
    "backchannel_logout_uri": FETCHED,
    "frontchannel_logout_uri": FRAMED,
    "redirect_uris": NEVER,
    "post_logout_redirect_uris": NEVER,
    "client_uri": NEVER,
    "tls_client_auth_san_uri": NEVER,
    "sector_identifier": NEVER,
}

#: Who reads the fetched ones: the registry, what hands them to the guarded client, and Pro Santé Connect's own
#: `jwks_uri` in its snapshot.
READERS = {
    "jwks_uri": {
        "idp.clients.key_sets",
        "idp.adapters.psc.questions",
        "idp.adapters.psc.provider",
        "idp.adapters.psc.sign_out",
    },
    "backchannel_logout_uri": {"idp.clients.registry", "idp.protocol.logout.backchannel"},
}


def calls(module: Module) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def is_http(node: ast.expr) -> bool:
    """`http.get`, `self._http.post_form`, … : a method of something named after what it is."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"download", "get", "options", "post", "post_form", "put", "request", "send"}
        and ast.unparse(node.value).rpartition(".")[2].lstrip("_") in {"http", "session", "client"}
    )


def called(module: Module) -> Iterator[str]:
    """The address of each call, also of one prepared by `partial`."""
    for call in calls(module):
        if is_http(call.func):
            yield ast.unparse(call.args[0])
        elif ast.unparse(call.func) == "partial" and is_http(call.args[0]):
            yield ast.unparse(call.args[1])


@pytest.mark.parametrize("library", CONNECTING)
def test_only_these_modules_can_reach_another_machine(library: str) -> None:
    assert {module.name for module in IDP if imports_of(module, library)} == CONNECTING[library]


def test_each_http_client_is_made_where_it_was_decided() -> None:
    made = {
        (module.name, name)
        for module in IDP
        for call in calls(module)
        if (name := ast.unparse(call.func).rpartition(".")[2]) in {"SafeHttp", "OutboundHttp"}
    }
    assert made == MADE.keys()
    for (_module, name), who in MADE.items():
        assert (name == "OutboundHttp") == (who == RELYING_PARTY)


def test_each_call_goes_where_it_was_decided() -> None:
    seen = {(module.name, url) for module in IDP for url in called(module)}
    assert seen == CALLED.keys()


def test_what_a_relying_party_registered_is_called_by_the_guarded_client_only() -> None:
    callers = {module for (module, _url), who in CALLED.items() if who == RELYING_PARTY}
    assert callers == {"idp.adapters.http.jwks_uri", "idp.adapters.http.logout_post"}
    handed = set()
    for module in IDP:
        for call in calls(module):
            if (name := ast.unparse(call.func)) in {"FetchedKeySets", "HttpLogoutPost"}:
                first = call.args[0]
                assert isinstance(first, ast.Call), f"{module.name}: {ast.unparse(call)}"
                handed.add((module.name, (name, ast.unparse(first.func))))
    assert handed == set(HANDED.items())


def test_the_guarded_client_overrides_the_way_out_of_the_other() -> None:
    assert issubclass(OutboundHttp, SafeHttp)
    assert "_adapter_for" in vars(OutboundHttp)
    assert OutboundHttp.get is SafeHttp.get
    assert OutboundHttp.post_form is SafeHttp.post_form


def test_every_address_of_a_client_has_its_decision() -> None:
    named = {name for name in MEMBERS if name.endswith(("_uri", "_uris", "_url")) or "sector" in name}
    assert named == ADDRESSES.keys()


def test_no_other_module_reads_an_address_that_is_fetched() -> None:
    """From the registry to the guarded client, through known modules."""
    readers = {
        name: {module.name for module in IDP if any(chain.endswith(f".{name}") for chain in module.chains)}
        for name, how in ADDRESSES.items()
        if how == FETCHED
    }
    assert readers == READERS
