"""What the card host answers before it hands anything over: only a person's browser, only to its own name."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from idp.adapters.card_host.application import CardHost
from idp.adapters.card_host.http import CardRequest, CardResponse
from idp.core.audit import AuditEvent
from idp.core.ephemeral import Kind
from idp.core.refusal_trail import RefusalTrail
from idp.interaction.handover import attempt_address, begin_attempt
from tests.fakes import MemoryStore, RecordingAudit
from tests.people import an_interaction

ISSUER, LIFE = "https://id.example", timedelta(minutes=1)


@dataclass
class Scene:
    card_host: str = "https://carte.example"
    store: MemoryStore = field(default_factory=MemoryStore)
    audit: RecordingAudit = field(default_factory=RecordingAudit)

    def get(self, path: str | None = None, **headers: str) -> CardResponse:
        host = CardHost(
            store=self.store,
            trail=RefusalTrail(self.audit, self.store),
            issuer=ISSUER,
            card_host=self.card_host,
            presentation_life=LIFE,
        )
        given = {"host": "carte.example"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if path is None:
            path = f"/card/{begin_attempt(self.store, an_interaction(), LIFE)}"
        return host(
            CardRequest(path=path, query="", headers=given, certificate_der=b"card", peer="192.0.2.1")
        )

    def presented(self) -> int:
        return sum(1 for kind, _key in self.store.records if kind is Kind.CARD_PRESENTATION)


@pytest.mark.parametrize("host", ["carte.example", "CARTE.example", "carte.example:443"])
def test_own_name_is_served(host: str) -> None:
    scene = Scene()
    assert scene.get(host=host).status == 303
    assert scene.presented() == 1


@pytest.mark.parametrize(
    "host",
    ["", "id.example", "carte.example.evil.example", "xcarte.example", "carte.example:8443", "127.0.0.1"],
)
def test_any_other_name_is_misdirected_and_ends_no_attempt(host: str) -> None:
    scene = Scene()
    assert scene.get(host=host).status == 421
    assert scene.presented() == 0


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("0123456789abcdef.carte.example", 303),
        ("a.b.carte.example", 421),
        ("carte.example", 421),
        (".carte.example", 421),
        ("a.carte.example.evil", 421),
        ("a_b.carte.example", 421),
    ],
)
def test_under_a_wildcard_each_attempt_has_one_label_of_its_own(host: str, status: int) -> None:
    assert Scene("https://*.carte.example").get(host=host).status == status


def test_attempts_under_a_wildcard_never_share_a_name() -> None:
    addresses = {attempt_address("https://*.carte.example:8443", "A") for _ in range(20)}
    assert len(addresses) == 20
    assert all(one.endswith(".carte.example:8443/card/A") for one in addresses)
    assert attempt_address("https://carte.example", "A") == "https://carte.example/card/A"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},  # a redirect from a form of the issuer
        {"origin": ISSUER},
        {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document", "sec_fetch_site": "cross-site"},
    ],
)
def test_browser_that_follows_our_redirect_is_served(headers: dict[str, str]) -> None:
    assert Scene().get(**headers).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://carte.example"},
        {"origin": f"{ISSUER}, null"},
        {"sec_fetch_mode": "cors"},
        {"sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
        {"sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
        {"sec_fetch_mode": "websocket"},
    ],
)
def test_script_frame_or_image_of_any_page_is_refused_and_ends_no_attempt(headers: dict[str, str]) -> None:
    scene = Scene()
    assert scene.get(**headers).status == 403
    assert scene.presented() == 0


@pytest.mark.parametrize("name", ["client_cert", "client_cert_chain"])
def test_certificate_header_is_refused_and_audited(name: str) -> None:
    scene = Scene()
    assert scene.get(**{name: ":YQ==:"}).status == 400
    assert scene.presented() == 0
    assert scene.audit.names() == [AuditEvent.CARD_HEADER_REFUSED]


def test_flood_of_certificate_headers_does_not_fill_the_audit_trail() -> None:
    scene = Scene()
    for _ in range(50):
        assert scene.get(client_cert=":YQ==:").status == 400
    assert len(scene.audit.names()) == 5


def test_certificate_header_is_refused_also_while_the_store_is_down() -> None:
    scene = Scene()
    scene.store.is_down = True
    assert scene.get("/card/" + "A" * 43, client_cert=":YQ==:").status == 400


def test_health_needs_no_name_and_says_nothing() -> None:
    answer = Scene().get("/health", host="10.0.0.1")
    assert (answer.status, answer.body) == (200, b"ok")


@pytest.mark.parametrize("path", ["/", "/card/", f"/card/{'A' * 42}", f"/card/{'A' * 43}/", "/cps"])
def test_nothing_else_is_there(path: str) -> None:
    assert Scene().get(path).status == 404


def test_unknown_attempt_goes_back_with_a_reason_and_without_a_card() -> None:
    answer = Scene().get(f"/card/{'A' * 43}")
    assert dict(answer.headers)["Location"] == f"{ISSUER}/cps/stale"


def test_store_that_is_down_sends_back_with_a_reason() -> None:
    scene = Scene()
    scene.store.is_down = True
    assert dict(scene.get(f"/card/{'A' * 43}").headers)["Location"] == f"{ISSUER}/cps/unavailable"
