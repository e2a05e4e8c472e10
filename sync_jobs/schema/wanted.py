"""What the database should look like, as data: tables and indexes from the models, the rest from `sql/`. Opens nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Dialect, Index, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from sync_jobs.models import Base, provider_tables

MAKES = re.compile(r"^(CREATE (?:OR REPLACE )?(VIEW|TRIGGER|FUNCTION) (\w+))", re.MULTILINE)
SQL = Path(__file__).resolve().parents[2] / "sql"
DIALECTS: dict[str, Dialect] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]  # SQLAlchemy's own
ADDED = frozenset(provider_tables.ADDED)
"""The added provider tables, whose form is ours: a wrongly shaped one is rebuilt with its rows."""


@dataclass(frozen=True, slots=True)
class WantedColumn:
    """A column: `ddl` is what follows ADD COLUMN; `affinity` is how SQLite treats what is put in."""

    name: str
    ddl: str
    affinity: str


@dataclass(frozen=True, slots=True)
class WantedIndex:
    """An index and the statement that makes it; `key` and `unique` decide whether duplicates must go first."""

    name: str
    ddl: str
    unique: bool
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedTable:
    """A table, its columns in order, its key and its indexes."""

    name: str
    ddl: str
    columns: tuple[WantedColumn, ...]
    key: tuple[str, ...]
    indexes: tuple[WantedIndex, ...]


@dataclass(frozen=True, slots=True)
class WantedView:
    """A view and the statement that makes it."""

    name: str
    ddl: str


@dataclass(frozen=True, slots=True)
class WantedTrigger:
    """A trigger (or, on PostgreSQL, a function that triggers run) and the statement that makes it."""

    name: str
    ddl: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that the database should have."""

    tables: tuple[WantedTable, ...]
    views: tuple[WantedView, ...]
    triggers: tuple[WantedTrigger, ...] = ()


def affinity(type_words: str) -> str:
    """SQLite's rule for a declared type (https://sqlite.org/datatype3.html, section 3.1)."""
    words = type_words.upper()
    if "INT" in words:
        return "INTEGER"
    if any(part in words for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if not words or "BLOB" in words:
        return "BLOB"
    return "REAL" if any(part in words for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _index(index: Index) -> WantedIndex:
    ddl = _one_line(str(CreateIndex(index).compile(dialect=DIALECTS["sqlite"])))
    return WantedIndex(str(index.name), ddl, bool(index.unique), tuple(column.name for column in index.columns))


def _table(table: Table) -> WantedTable:
    dialect = DIALECTS["sqlite"]
    columns = tuple(
        WantedColumn(
            column.name,
            _one_line(str(CreateColumn(column).compile(dialect=dialect))),
            affinity(column.type.compile(dialect=dialect)),
        )
        for column in table.columns
    )
    indexes = tuple(_index(index) for index in sorted(table.indexes, key=lambda index: str(index.name)))
    ddl = _one_line(str(CreateTable(table).compile(dialect=dialect)))
    return WantedTable(table.name, ddl, columns, tuple(c.name for c in table.primary_key.columns), indexes)


def views(dialect: str) -> tuple[WantedView, ...]:
    """The views of `sql/` in the order of their numbers, for `sqlite` or `postgresql`."""
    return tuple(WantedView(name, ddl) for kind, name, ddl in _statements(dialect) if kind == "VIEW")


def triggers(dialect: str) -> tuple[WantedTrigger, ...]:
    """The triggers of `sql/`, and before them what they run."""
    return tuple(WantedTrigger(name, ddl) for kind, name, ddl in _statements(dialect) if kind != "VIEW")


def _statements(dialect: str) -> Iterator[tuple[str, str, str]]:
    """Kind, name and text of everything that `sql/` makes; a statement begins at the start of a line."""
    for file in sorted(SQL.glob(f"*.{dialect}.sql")):
        parts = MAKES.split(file.read_text(encoding="utf-8"))[1:]
        if not parts:
            raise ValueError(f"{file.name} makes nothing that is known")
        yield from (
            (kind, name, f"{head}{rest}".strip().rstrip(";")) for head, kind, name, rest in zip(*[iter(parts)] * 4, strict=True)
        )


@cache
def wanted() -> Wanted:
    """The wanted schema, for SQLite."""
    return Wanted(tuple(_table(table) for table in Base.metadata.sorted_tables), views("sqlite"), triggers("sqlite"))


def digest(of: tuple[WantedView, ...]) -> str:
    """A short fingerprint of the views, kept among the facts of a database."""
    return hashlib.sha256("\n".join(view.ddl for view in of).encode()).hexdigest()[:16]
