"""No text, whoever chose it, is obeyed by the terminal of an operator, or read in another direction than it has."""

import ast
import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.main import main
from idp.cli.visible import in_a_line, json_text, visible
from idp.core.announcement import Announced, announce
from idp.core.audit import AuditEvent
from idp.wiring.resources import open_resources
from tests.commands import set_environment
from tests.house.reading import modules
from tests.provider import RPPS, Provider

#: A control sequence of eight bits (CSI: clear the screen), one of seven, an override and an isolate of direction.
HOSTILE = "É\x9b2J\x1b[2J\u202egnp.exe\u2066\u200f\x7f\u2028"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Terminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def said(self) -> str:
        self.seek(0)
        return self.read()


def test_json_is_the_same_to_a_program_and_has_no_such_sign() -> None:
    for indent in (None, 1):
        text = json_text({HOSTILE: [HOSTILE, "É œ \U0001d54f\n"]}, indent=indent)
        assert json.loads(text) == {HOSTILE: [HOSTILE, "É œ \U0001d54f\n"]}
        assert not OBEYED.search(text)
        assert "É œ \U0001d54f" in text


def test_every_such_sign_of_unicode_is_written_out() -> None:
    everything = [chr(number) for number in range(0x110000)]
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    signs = {one for one in everything if unicodedata.category(one) in ("Cc", "Zl", "Zp")} - {"\t", "\n"}
    signs |= {one for one in everything if unicodedata.bidirectional(one) in turning} | set(
        "\u061c\u200e\u200f"
    )
    assert signs == {one for one in everything if OBEYED.match(one)}
    for sign in signs:
        assert visible(f"a{sign}b") == f"a\\u{ord(sign):04x}b"
    assert visible("Œuvre\u00a0: 1\t2\n") == "Œuvre\u00a0: 1\t2\n"
    assert in_a_line("a\nb\x9b") == "'a\\nb\\x9b'"


def test_a_name_that_a_sentence_sets_apart_stays_set_apart_and_nothing_half_open_does() -> None:
    assert visible("de \u2068שרה כהן\u2069 hier") == "de \u2068שרה כהן\u2069 hier"
    assert visible("\u2068a\u202eb\u2069") == "\u2068a\\u202eb\u2069"
    for open_ended in ("\u2068שרה", "שרה\u2069", "\u2068a\nb\u2069", "\u2068\u2068a"):
        assert not OBEYED.search(visible(open_ended).replace("\n", "")), open_ended


def test_all_json_of_a_command_is_made_so() -> None:
    """`core` writes the lines of the audit trail, which are kept as they are; what is compared is no output."""
    makers = {
        module.name
        for module in modules("idp")
        if module.room == "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dumps", "json.dump")
    }
    inner = {"idp.cli.audit.trail", "idp.cli.explain.claims", "idp.cli.explain.pasted"}
    assert makers == {"idp.cli.visible"} | inner


@pytest.fixture
def house(app_factory: Callable[..., Provider], monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = app_factory()
    set_environment(monkeypatch, DATABASE=made.settings.where.database)
    return made


def fill(house: Provider) -> None:
    """With a person, a charter, a notice, a refused application whose names are such texts."""
    alice = house.accounts.get(house.account.id)
    house.accounts.save(replace(alice, identity=replace(alice.identity, family_name=HOSTILE)))
    hostile = CharterRevision(revision=HOSTILE, published_at=datetime.now(UTC), texts={"fr": f"# {HOSTILE}"})
    SqlCharters(house.database).publish(hostile)
    resources, now = open_resources(house.settings), datetime.now(UTC)
    with SqlUnitOfWork(house.database).together():
        resources.audit.record(AuditEvent.CLIENT_REFUSED, client_id=HOSTILE)
        announce(
            resources.durable,
            Announced(fr=HOSTILE, en="", level="info", since=None, until=now + timedelta(days=1)),
            now,
        )


#: Listings that have texts of others in them.
LISTINGS = (
    f"accounts find {RPPS}",
    f"accounts show {RPPS}",
    "audit tail",
    "charter list",
    "charter show",
    "charter status",
    "notice show",
    f"why {RPPS}",
)


def test_every_listing_is_visible_on_a_terminal_and_its_json_everywhere(
    house: Provider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(house)
    for command in LISTINGS:
        for more in ([], ["--json"]):
            arguments = [*command.split(), *more]
            terminal = Terminal()
            with monkeypatch.context() as patch:
                patch.setattr("sys.stdout", terminal)
                main(arguments)
            assert not OBEYED.search(terminal.said), arguments
            assert re.search(r"\\(u00|x)9b", terminal.said), arguments
            if more:
                main(arguments)
                assert not OBEYED.search(capsys.readouterr().out), arguments
