"""Contains how these tests read the source: modules, their imports, their attribute chains. Not here: a rule."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """`name` is dotted; `room` is the package below `idp`, "" at its top."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        return _tree(self.path)

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 2 else ""

    @property
    def imports(self) -> frozenset[str]:
        """Returns every module named by an import at any depth; of `from a import b` both `a` and `a.b`."""
        return _imports(self.path)

    @property
    def chains(self) -> frozenset[str]:
        """Returns dotted attribute chains: of `os.environ.get` also `os.environ`."""
        return _chains(self.path)


@cache
def _tree(path: Path) -> ast.Module:
    """Parsed when a test looks at it: every worker collects the names of all modules."""
    return ast.parse(path.read_text("utf-8"))


@cache
def _chains(path: Path) -> frozenset[str]:
    return frozenset(ast.unparse(node) for node in ast.walk(_tree(path)) if isinstance(node, ast.Attribute))


@cache
def _imports(path: Path) -> frozenset[str]:
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Relative imports are not used here; one would hide its target from these rules.
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reach(node: ast.Attribute) -> int:
    """Returns the number of dots since a name, a call or an item: two in `self.desk.back(…)`."""
    dots, inner = 1, node.value
    while isinstance(inner, ast.Attribute):
        dots, inner = dots + 1, inner.value
    return dots


def root(node: ast.Attribute) -> ast.expr:
    """Returns what the chain begins at."""
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    return inner


def names_of_imports(module: Module) -> frozenset[str]:
    """Returns the names that imports bind, at any depth."""
    found = (node for node in ast.walk(module.tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return frozenset(alias.asname or alias.name.split(".")[0] for node in found for alias in node.names)


@cache
def modules(package: str) -> tuple[Module, ...]:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if path.name == "__init__.py":
            name += ".__init__"
        found.append(Module(name, path))
    return tuple(found)


def imports_of(module: Module, *packages: str) -> set[str]:
    """Returns what it imports from these packages."""
    return {
        name
        for name in module.imports
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }
