"""Modules that note which of their lines and branches are reached.

Contains the marks that a module gets when it is imported, and the file of them that each process leaves. Not here: what
they are compared with (`__main__`).
"""

import ast
import atexit
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

#: The directory into which processes write what they reached; without it nothing is measured.
WRITTEN_TO = "TESTS_REACHED"
#: The packages that are measured, with spaces between.
MEASURED = "TESTS_MEASURED"
#: What ends in two ways.
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While)
#: The list of a module's marks, as the module knows it.
_NAME = "__reached__"


class Place(NamedTuple):
    """A line, or one end of the branch that begins at it: whether its body was entered."""

    line: int
    entered: bool | None = None


def watch_if_asked() -> None:
    if WRITTEN_TO in os.environ:
        finder = _Finder(tuple(os.environ[MEASURED].split()))
        sys.meta_path.insert(0, finder)
        # A forked process ends without: what it reached is not counted, as its own process did not reach it.
        atexit.register(finder.write, Path(os.environ[WRITTEN_TO]), os.getpid())


def mark(source: bytes, file: str) -> tuple[CodeType, list[Place]]:
    """Returns the module's code, and its places: at place n it sets member n of its list `__reached__`."""
    marker = _Marker()
    tree = ast.parse(source, file)
    tree.body = marker.block(tree.body)
    return compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True), marker.places


class _Marker:
    def __init__(self) -> None:
        self.places: list[Place] = []

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        marked: list[ast.stmt] = []
        for rank, statement in enumerate(statements):
            self._within(statement)
            match statement:
                case ast.Expr(ast.Constant(str())) if (
                    rank == 0
                ):  # a docstring, before which nothing may stand
                    marked += [statement]
                case ast.ImportFrom(module="__future__"):
                    marked += [statement, self._at(Place(statement.lineno), statement)]
                case _:
                    lines = [it.lineno for it in (*getattr(statement, "decorator_list", ()), statement)]
                    marked += [*(self._at(Place(line), statement) for line in lines), statement]
        return marked

    def _within(self, statement: ast.stmt) -> None:
        line = statement.lineno
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(statement, name, None):
                setattr(statement, name, self.block(inner))
        for handler in getattr(statement, "handlers", ()):
            handler.body = [self._at(Place(handler.lineno), handler), *self.block(handler.body)]
        for case in getattr(statement, "cases", ()):
            case.body = [self._at(Place(case.pattern.lineno), case.pattern), *self.block(case.body)]
        if isinstance(statement, BRANCHES):
            statement.body.insert(0, self._at(Place(line, True), statement))
            statement.orelse.insert(0, self._at(Place(line, False), statement))

    def _at(self, place: Place, node: ast.AST) -> ast.stmt:
        self.places.append(place)
        listed = ast.Subscript(ast.Name(_NAME, ast.Load()), ast.Constant(len(self.places) - 1), ast.Store())
        return ast.copy_location(ast.Assign([listed], ast.Constant(1)), node)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, file: str) -> None:
        super().__init__(name, file)
        self.places: list[Place] = []
        self.marks: list[int] = []

    def path_stats(self, path: str) -> dict[str, float]:
        """Without a date the compiled file beside it is neither read nor written."""
        raise OSError

    def source_to_code(self, data: bytes, path: str, *, _optimize: int = -1) -> CodeType:
        code, self.places = mark(data, path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        self.marks = module.__dict__[_NAME] = [0] * len(self.places)
        exec(code, module.__dict__)  # noqa: S102 the import system's own way


class _Finder(MetaPathFinder):
    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages
        self._loaders: list[_Loader] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not any(name == package or name.startswith(f"{package}.") for package in self._packages):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
            self._loaders.append(spec.loader)
        return spec

    def write(self, directory: Path, process: int) -> None:
        if os.getpid() == process:
            found = {loader.path: list(_reached(loader)) for loader in self._loaders}
            (directory / f"{process}.json").write_text(json.dumps(found))


def _reached(loader: _Loader) -> Iterator[Place]:
    return (place for place, mark in zip(loader.places, loader.marks, strict=True) if mark)
