"""Nothing reaches through one object into another: what is needed is given, or asked of the object at hand."""

import ast
from pathlib import Path

from tests.house.reading import Module, modules, names_of_imports, reach, root

IDP = modules("idp")

#: Objects that a package holds for each request, imported by name: no names of the package.
_REQUEST_OBJECTS = frozenset({"request", "g", "session", "current_app"})
#: Where SQLAlchemy keeps the columns of a table: `table.c.id` is one name.
_COLUMNS = ".c."


def _reaches(module: Module) -> list[str]:
    """Returns chains of three dots or more that begin at an object, or at what a call returns.

    The path of a package names one thing, however long: `ocsp.OCSPCertStatus.REVOKED`, `datetime.datetime.max`.
    """
    names = names_of_imports(module) - _REQUEST_OBJECTS
    return [
        f"{module.name}:{node.lineno} {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and reach(node) - ast.unparse(node).count(_COLUMNS) > 2
        and not (isinstance(start := root(node), ast.Name) and start.id in names)
    ]


def test_nothing_reaches_through_one_object_into_another() -> None:
    """`self.cookies`, never `self.desk.web.cookies`."""
    assert [found for module in IDP for found in _reaches(module)] == []


def test_a_reach_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "one.py"
    source.write_text(
        "from a import b\n"
        "b.c.d.e\n"
        "self.desk.web.redirect('/')\n"
        "self.f().g.h.i\n"
        "self.rows[0].g.h.i\n"
        "self.table.c.id\n"
        "self.desk.back(self.desk.open(id))\n"
        "request.x.y.z\n"
    )
    seen = {found.rpartition(" ")[2] for found in _reaches(Module("idp.one", source))}
    assert seen == {"self.desk.web.redirect", "self.f().g.h.i", "self.rows[0].g.h.i", "request.x.y.z"}
