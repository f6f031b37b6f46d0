"""The dependency rules: which room may know which. Read from the source, so that no import can hide in a function."""

import ast
import re

import pytest

from tests.house.reading import Module, imports_of, modules

IDP = modules("idp")
REASONING = ("interaction", "accounts", "cards", "signing")
#: Which rooms each reasoning room may import besides itself.
MAY_KNOW = {
    "interaction": {"interaction", "accounts", "cards"},
    "accounts": {"accounts", "cards"},
    "cards": {"cards"},
    "signing": {"signing"},
}
#: Modules at the top that reasoning rooms may use: values and ports without technology.
PLAIN_COMMON = {"idp.clock", "idp.ephemeral", "idp.errors", "idp.audit", "idp.mailer"}
#: Where the house is put together; they may import adapters.
COMPOSITION = {"idp.app", "idp.card_services", "idp.client_services", "idp.house", "idp.services"}
TECHNOLOGY = (
    "flask", "werkzeug", "jinja2", "redis", "sqlalchemy", "alembic", "pyop", "oic", "jwkest", "socket", "ssl",
    "requests", "smtplib", "http", "granian", "h11",
)  # fmt: skip
#: What several flows do alike: the desk, the mails, what a proof does to an account.
SHARED_BY_FLOWS = {
    "idp.flows.desk", "idp.flows.code_mail", "idp.flows.notice_mail", "idp.flows.proved",
    "idp.flows.conflict",
    "idp.flows.psc_freshness", "idp.flows.shared_stations", "idp.flows.signed_in",
}  # fmt: skip


def of_room(room: str) -> list[Module]:
    return [module for module in IDP if module.room == room]


def rooms_of(names: set[str]) -> set[str]:
    known = {module.room for module in IDP if module.room}
    return {name.split(".")[1] for name in names if len(name.split(".")) > 1 and name.split(".")[1] in known}


def named(found: list[Module]) -> list[str]:
    return [module.name for module in found]


def test_the_rules_read_the_tree_that_exists() -> None:
    assert {module.room for module in IDP} == {
        "", "interaction", "accounts", "cards", "signing", "flows", "protocol", "adapters", "cli",
    }  # fmt: skip
    assert {module.name for module in IDP} >= SHARED_BY_FLOWS | COMPOSITION | PLAIN_COMMON


@pytest.mark.parametrize("room", REASONING)
def test_reasoning_rooms_point_one_way(room: str) -> None:
    for module in of_room(room):
        assert rooms_of(imports_of(module, "idp")) <= MAY_KNOW[room], module.name


@pytest.mark.parametrize("room", REASONING)
def test_reasoning_rooms_use_only_the_plain_common_modules(room: str) -> None:
    tops = {module.name for module in IDP if not module.room and module.name != "idp.__init__"}
    for module in of_room(room):
        assert module.imports & tops <= PLAIN_COMMON, module.name


@pytest.mark.parametrize("room", REASONING)
def test_reasoning_rooms_know_no_technology(room: str) -> None:
    for module in of_room(room):
        assert not imports_of(module, *TECHNOLOGY), module.name


def test_only_cards_and_signing_may_use_cryptography() -> None:
    for module in (*of_room("interaction"), *of_room("accounts")):
        assert not imports_of(module, "cryptography", "joserfc"), module.name


def test_ports_and_values_of_the_top_know_no_technology() -> None:
    for module in IDP:
        if module.name in PLAIN_COMMON:
            assert not imports_of(module, *TECHNOLOGY, "cryptography"), module.name


def test_flows_know_neither_endpoints_nor_adapters_nor_each_other() -> None:
    for module in of_room("flows"):
        assert not imports_of(module, "idp.protocol", "idp.adapters", "idp.cli", *COMPOSITION), module.name
        others = {
            name for name in imports_of(module, "idp.flows") if name in {m.name for m in of_room("flows")}
        }
        assert others <= SHARED_BY_FLOWS, module.name


def test_what_flows_share_is_no_flow() -> None:
    for module in IDP:
        if module.name in SHARED_BY_FLOWS:
            assert "flask.Blueprint" not in module.imports, module.name


def test_endpoints_know_neither_flows_nor_adapters() -> None:
    for module in of_room("protocol"):
        assert not imports_of(module, "idp.flows", "idp.adapters", "idp.cli", *COMPOSITION), module.name


def test_pyop_is_known_in_the_protocol_room_only() -> None:
    users = [module for module in IDP if imports_of(module, "pyop", "jwkest")]
    assert users
    assert {module.room for module in users} == {"protocol"}


def test_oic_is_known_to_the_endpoints_and_to_the_upstream_client_only() -> None:
    users = [module for module in IDP if imports_of(module, "oic")]
    assert all(
        module.room == "protocol" or module.name.startswith("idp.adapters.psc_") for module in users
    ), named(users)


def test_adapters_know_no_flow_and_no_endpoint() -> None:
    for module in of_room("adapters"):
        assert not imports_of(module, "idp.flows", "idp.protocol", "idp.cli", "idp.web", *COMPOSITION), (
            module.name
        )
        assert not imports_of(module, "flask", "werkzeug"), module.name


def test_only_the_composition_and_the_commands_import_adapters() -> None:
    users = [module for module in IDP if imports_of(module, "idp.adapters") and module.room != "adapters"]
    assert {module.name for module in users if module.room != "cli"} <= COMPOSITION


def test_nobody_but_the_commands_imports_the_composition_root() -> None:
    users = [module for module in IDP if imports_of(module, "idp.app")]
    assert {module.room for module in users} <= {"cli"}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        module.name
        for module in IDP
        if {"os.environ", "os.getenv", "os.environb"} & (module.chains | module.imports)
    }
    assert readers == {"idp.settings"}


def test_the_present_time_is_asked_in_one_place() -> None:
    clocks = {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
        "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    }  # fmt: skip
    askers = {module.name for module in IDP if clocks & (module.chains | module.imports)}
    assert askers == {"idp.clock"}


def test_only_adapters_measure_deadlines() -> None:
    monotonic = {"time.monotonic", "time.perf_counter", "time.sleep"}
    users = [module for module in IDP if monotonic & (module.chains | module.imports)]
    assert {module.room for module in users} <= {"adapters"}


def test_in_the_flows_only_the_desk_and_the_doors_that_lead_away_redirect() -> None:
    redirecting = {
        module.name
        for module in of_room("flows")
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "redirect"
            for node in ast.walk(module.tree)
        )
    }
    # cps leads to the card host, psc to Pro Santé Connect, the others to the root page.
    at_root = {"idp.flows.account", "idp.flows.new_password"}
    assert redirecting == {"idp.flows.desk", "idp.flows.psc", "idp.flows.cps", *at_root}


def test_pickle_is_nowhere() -> None:
    for module in IDP:
        assert not imports_of(module, "pickle", "marshal", "shelve", "dill"), module.name


def test_templates_are_never_made_of_strings() -> None:
    for module in IDP:
        assert not any(chain.endswith(("from_string", "render_template_string")) for chain in module.chains)
        assert "flask.render_template_string" not in module.imports


def test_the_provider_never_imports_the_sandbox_nor_the_tests() -> None:
    for module in IDP:
        assert not imports_of(module, "sandbox", "tests"), module.name


def test_the_sandbox_never_imports_the_provider() -> None:
    for module in modules("sandbox"):
        assert not imports_of(module, "idp"), module.name


def test_secrets_are_compared_in_constant_time() -> None:
    """facts/security TK7, L13. Digests of 256-bit secrets may be compared as they are: nobody can steer them."""
    secret = re.compile(r"(secret|password|mac|csrf|nonce|verifier|challenge|signature|code)")
    for module in IDP:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                is_constant = any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
                last = {re.split(r"[._]", side)[-1].rstrip("()") for side in sides}
                assert is_constant or not any(secret.fullmatch(word) for word in last), (
                    f"{module.name}:{node.lineno} {ast.unparse(node)}"
                )


def test_what_is_drawn_is_drawn_by_the_system() -> None:
    """facts/security TK11: `random` can be predicted, a UUID has 122 bits."""
    for room in ("protocol", "interaction", "accounts", "flows", "signing"):
        for module in of_room(room):
            assert not imports_of(module, "random", "uuid"), module.name
