"""Asking back is one thing for every command that does it: what counts as yes, and that a script is not asked."""

import ast

import pytest

from idp.cli.asking import NotWanted, require_wish
from idp.cli.main import build_parser
from idp.cli.told import tell
from tests.cli.terminal import sit_at
from tests.house.reading import modules

#: Each is asked without a terminal in the tests of its room.
ASKING = {"accounts activate", "accounts erase", "charter publish", "charter withdraw", "incident end"}


def test_the_commands_that_ask_are_these() -> None:
    commands = build_parser().commands
    assert {path for path, parser in commands.items() if "--yes" in parser.format_usage()} == ASKING


def test_nothing_else_asks() -> None:
    asking = {
        module.name
        for module in modules("idp")
        if module.room == "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "input"
    }
    assert asking == {"idp.cli.asking"}


@pytest.mark.parametrize("answer", ["y\n", "YES\n", " yes \n", "y"])
def test_yes_is_yes(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    sit_at(monkeypatch, answer)
    require_wish("Do it?", "not done", is_said=False)


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yes please\n", "o\n"])
def test_all_else_is_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    sit_at(monkeypatch, answer)
    with pytest.raises(NotWanted) as refused:
        require_wish("Do it?", "not done", is_said=False)
    assert tell(refused.value) == 1
    said = capsys.readouterr()
    assert (said.out.strip(), said.err) == ("Do it? [y/N]", "idp: not done\n")


def test_without_a_terminal_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sit_at(monkeypatch, None)
    with pytest.raises(NotWanted) as refused:
        require_wish("Do it?", "not done", is_said=False)
    assert tell(refused.value) == 2
    said = capsys.readouterr()
    assert (said.out, "say --yes" in said.err) == ("", True)
    require_wish("Do it?", "not done", is_said=True)
