"""What import contracts cannot say: which module redirects or reads the clock, comparing secrets, what is private.

Which room may import which is in `pyproject.toml`, held by `test_layers.py`. Read from the source, so that no import
can hide in a function.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache

from idp.core.logs import RESERVED
from tests.house.reading import Module, imports_of, modules

IDP = modules("idp")


def of_room(room: str) -> list[Module]:
    return [module for module in IDP if module.room == room]


def test_the_rules_read_the_tree_that_exists() -> None:
    assert {module.room for module in IDP} == {
        "", "accounts", "adapters", "cards", "cli", "clients", "conformity", "core", "flows", "interaction",
        "pages", "protocol", "settings", "signing", "web", "wiring",
    }  # fmt: skip
    assert all(of_room(room) for room in ("protocol", "interaction", "accounts", "flows", "signing"))


def test_what_flows_share_is_no_flow() -> None:
    shared = [module for module in IDP if module.name.startswith("idp.flows.shared.")]
    assert shared
    for module in shared:
        assert "idp.web.page_routes.PageRoute" not in module.imports, module.name


def test_the_endpoints_do_not_even_name_what_the_engine_is_made_of() -> None:
    """Which module may import it is the contract `engine`."""
    named = re.compile(r"\b(pyop|oic|jwkest|pyjwkest)\b", re.IGNORECASE)
    for module in of_room("protocol"):
        is_engine = module.name.startswith("idp.protocol.engine.")
        assert is_engine or not named.search(module.path.read_text("utf-8")), module.name


#: SQLAlchemy and argparse document these under names of this form.
NOT_PRIVATE = {"_mapping", "_SubParsersAction"}


def test_nobody_reaches_into_another_object() -> None:
    for module in IDP:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and re.match(r"_(?!_)", node.attr):
                is_own = ast.unparse(node.value) in ("self", "cls", "super()")
                assert is_own or node.attr in NOT_PRIVATE, f"{module.name}:{node.lineno} {ast.unparse(node)}"


def test_only_the_rooms_of_keys_and_certificates_use_cryptography() -> None:
    """Values and ports know none; `core.sealing` seals records."""
    for module in of_room("core"):
        assert module.name == "idp.core.sealing" or not imports_of(module, "cryptography"), module.name


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        module.name
        for module in IDP
        if {"os.environ", "os.getenv", "os.environb"} & (module.chains | module.imports)
    }
    assert readers == {"idp.settings.environment"}


def test_the_present_time_is_asked_in_one_place() -> None:
    clocks = {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
        "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    }  # fmt: skip
    askers = {module.name for module in IDP if clocks & (module.chains | module.imports)}
    assert askers == {"idp.core.clock"}


def test_only_adapters_and_lanes_measure_deadlines() -> None:
    monotonic = {"time.monotonic", "time.perf_counter", "time.sleep"}
    users = [module for module in IDP if monotonic & (module.chains | module.imports)]
    # A turn of a lane has its time, as has the end of all, and a batch is rested from.
    lanes = {"idp.cli.worker.lanes", "idp.cli.worker.work", "idp.cli.worker.purging"}
    assert {module.room for module in users if module.name not in lanes} <= {"adapters"}


def test_in_the_flows_only_the_desk_and_the_doors_that_lead_away_redirect() -> None:
    redirecting = {
        module.name
        for module in of_room("flows")
        if any(
            isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "redirect"
            for node in ast.walk(module.tree)
        )
    }
    # cps leads to the card host, the psc ones to Pro Santé Connect, the others into « Mon compte ».
    of_account = {
        "idp.flows.account.home",
        "idp.flows.account.email_undo",
        "idp.flows.account.password",
        "idp.flows.account.sign_in",
        "idp.flows.shared.account_desk",
    }
    assert redirecting == {
        "idp.flows.shared.desk",
        "idp.flows.psc",
        "idp.flows.psc_leave",
        "idp.flows.cps",
        "idp.flows.shared.psc_departure",
        "idp.flows.shared.psc_repeated",
        *of_account,
    }


def test_base64_is_decoded_in_one_place() -> None:
    """Every other decoder has spellings of its own, and errors that its caller does not expect (`core/octets`)."""
    decoding = re.compile(r"(\w*b(16|32|64|85)_?decode|a85decode|decodebytes|a2b_\w+|base64_to_int)")
    for tree, place in ((IDP, "idp.core.octets"), (modules("sandbox"), "sandbox.psc.keys")):
        named = {
            module.name
            for module in tree
            for name in {*module.imports, *module.chains}
            if decoding.fullmatch(name.rpartition(".")[2])
        }
        assert named == {place}


#: Their package loads these by itself, and says so.
COME_ALONG = {
    *("structlog.contextvars", "structlog.processors", "structlog.tracebacks", "structlog.types"),
    *("psycopg.errors", "urllib3.exceptions"),
}


def test_whoever_names_a_module_of_others_imports_it() -> None:
    """`a.b.c` works without `import a.b` where another has imported it: in a process that loaded all (tests/afresh.py),
    and not at the start of a command."""
    found = {
        (module.name, named)
        for module in IDP
        for chain in module.chains
        for named in _modules_named(chain, _bound(module))
        if named not in module.imports | COME_ALONG
    }
    assert not found


@cache
def _bound(module: Module) -> dict[str, str]:
    """Returns what its imports of others bind, by name."""
    nodes = [node for node in ast.walk(module.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    found: dict[str, str] = {}
    for node in nodes:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            else:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or name] = name
    return {name: whole for name, whole in found.items() if not whole.startswith("idp.")}


def _modules_named(chain: str, bound: dict[str, str]) -> Iterator[str]:
    first, *rest = chain.split(".")
    at = bound.get(first, "")
    for part in rest:
        if not (at and _is_module(at)):
            return
        at = f"{at}.{part}"
        if _is_module(at):
            yield at


@cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False


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


def test_the_sandbox_never_imports_the_provider_but_for_its_style_guide() -> None:
    """docs/adr/0067; what of the provider it may know is a contract, and who may know it another."""
    for module in modules("sandbox"):
        assert module.name.startswith("sandbox.style_guide.") or not imports_of(module, "idp"), module.name


def test_secrets_are_compared_in_constant_time() -> None:
    """facts/security TK7, L13. Digests of 256-bit secrets may be compared as they are: no caller can steer them."""
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


def _fields(node: ast.ClassDef) -> list[str]:
    """Returns the fields that are given to its constructor."""
    declared = [one for one in node.body if isinstance(one, ast.AnnAssign)]
    return [
        ast.unparse(one.target)
        for one in declared
        if "ClassVar" not in ast.unparse(one.annotation) and "init=False" not in ast.unparse(one)
    ]


def test_what_has_more_than_three_fields_is_made_by_their_names() -> None:
    for module in IDP:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and len(_fields(node)) > 3:
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                for mark in marks:
                    assert not mark.startswith("dataclass") or "kw_only=True" in mark, (
                        f"{module.name}.{node.name}"
                    )


def test_what_an_authenticator_asserts_is_written_in_its_row_only() -> None:
    amr = {"pwd", "otp", "sc", "pin", "hwk", "mfa"}
    writers = {
        module.name
        for module in IDP
        if module.room != "cli"  # `idp card` asks for a PIN.
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in amr
    }
    assert writers == {"idp.interaction.authenticator"}


def test_whether_an_account_may_sign_in_is_decided_in_one_place() -> None:
    """All others ask `Account.may_sign_in`; storage writes the column, reads it back and searches by it."""
    readers = {
        module.name
        for module in IDP
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "enabled"
    }
    assert readers == {
        "idp.accounts.account",
        "idp.adapters.sql.account_rows",
        "idp.adapters.sql.erasure",
    }


def test_rooms_that_reason_raise_reasons_and_never_pages() -> None:
    """What a person is shown is a matter of `web`, `flows` and `protocol`."""
    pages = {"idp.core.errors.PageError", "idp.core.errors.Problem"}
    for room in ("accounts", "cards", "clients", "interaction", "signing"):
        for module in of_room(room):
            assert not pages & module.imports, module.name


def test_no_event_of_the_log_has_a_fact_that_is_named_as_the_lines_own_members() -> None:
    """`psc_check` had a fact `level`, « FAULT »: the log said « warning », and the alarm never rang."""
    for module in IDP:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and RESERVED & {one.arg for one in node.keywords}:
                # Also `(log.error if … else log.info)(…)`.
                assert not re.search(r"\b_?log\.", ast.unparse(node.func)), f"{module.name}:{node.lineno}"


def test_events_are_bound_under_the_key_of_this_installation_everywhere() -> None:
    """docs/adr/0048: made elsewhere, an audit trail would have no key, and its rows would be found changed."""
    makers = {
        module.name
        for module in IDP
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "SqlAudit"
    }
    assert makers == {"idp.wiring.audit"}
