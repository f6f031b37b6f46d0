"""Migrations expand; one that contracts says which code may still work on the schema (docs/upgrade.md)."""

import ast
import re
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.database import MIGRATIONS, open_database, reading
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.upkeep_schema import schema_support
from tests.made_once import place_database

FORMER = Path(__file__).parent / "former.tar.xz"
_EXPANDING = {
    "create_table",
    "create_index",
    "drop_index",
    "add_column",
    "execute",
    "get_bind",
    "bulk_insert",
}
_WRITES_ROWS = re.compile(r"(INSERT|UPDATE)\s", re.IGNORECASE)
SINCE = "0018"

FILES = [file for file in sorted((MIGRATIONS / "versions").glob("*.py")) if file.name[:4] > SINCE]


def contracts_in(source: str) -> list[str]:
    """What code of the release before would stumble over."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]
    return [ast.unparse(call) for call in calls if _is_of_op(call) and not _is_expanding(call)]


def _is_of_op(call: ast.Call) -> bool:
    return ast.unparse(call.func).startswith("op.")


def _is_expanding(call: ast.Call) -> bool:
    name, given = ast.unparse(call.func).removeprefix("op."), ast.unparse(call)
    if name == "add_column":
        return "nullable=False" not in given or "server_default" in given
    if name == "create_index":
        return "unique=True" not in given
    if name == "execute":
        texts = [
            one.value
            for one in ast.walk(call)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        return bool(texts) and _WRITES_ROWS.match(texts[0].lstrip()) is not None
    return name in _EXPANDING


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_migration_expands_or_says_the_oldest_code_that_it_leaves(file: Path) -> None:
    source = file.read_text()
    raised = f"SET oldest_code = '{file.name[:4]}'" in source
    assert raised or contracts_in(source) == []


@pytest.mark.parametrize(
    "line",
    [
        "op.drop_column('accounts', 'locale')",
        "op.drop_table('outbox')",
        "op.alter_column('accounts', 'locale', nullable=False)",
        "op.add_column('accounts', sa.Column('x', sa.Text, nullable=False))",
        "op.create_index('ix', 'accounts', ['x'], unique=True)",
        "op.execute('DROP TABLE outbox')",
        "op.execute(sa.text('ALTER TABLE accounts RENAME TO people'))",
    ],
)
def test_what_contracts_is_seen(line: str) -> None:
    assert len(contracts_in(line)) == 1


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    return open_database(place_database(tmp_path / "db.sqlite"))


def test_the_former_release_is_one_that_the_schema_says_it_serves(database: Engine) -> None:
    with tarfile.open(FORMER) as archive:
        member = archive.extractfile("idp/adapters/sql/schema.py")
        assert member is not None
        found = re.search(r'^SCHEMA_REVISION = "(\d{4})"$', member.read().decode(), re.MULTILINE)
    assert found is not None
    with reading(database) as connection:
        oldest = connection.execute(sa.select(schema_support.c.oldest_code)).scalar_one()
    database.dispose()
    assert oldest <= found[1] < SCHEMA_REVISION


def test_the_archive_is_small() -> None:
    assert FORMER.stat().st_size <= 600 * 1024
